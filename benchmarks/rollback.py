"""How long a rollback takes: from the request to the moment that a server would load the earlier version."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.daemon import BenchmarkError, Daemon, free_port, model_section, write_config, write_data
from benchmarks.figures import Figure, at_most
from benchmarks.fleet import give_first_versions

MODEL = "model"
ROUNDS, ROUNDS_QUICK = 30, 3


def run(quick: bool) -> list[Figure]:
    """Promote a second version and roll it back, again and again."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        write_data(folder)
        config = write_config(folder, {MODEL: model_section(trained=True, window=1000)}, port=port)
        give_first_versions(config, datetime.now(UTC))
        link = folder / "state" / "models" / MODEL / "champion"
        with Daemon(config, port) as daemon:
            daemon.wait_ready()
            _make_second_version(daemon)
            seconds = [_round(daemon, link) for _ in range(ROUNDS_QUICK if quick else ROUNDS)]
            daemon.drain()
    return [
        Figure(name="rollback, request to link, median", value=median(seconds), unit="s", target=at_most(5.0)),
        Figure(name="rollback, request to link, longest", value=max(seconds), unit="s", target=at_most(5.0)),
    ]


def _make_second_version(daemon: Daemon) -> None:
    daemon.post(f"/api/v1/models/{MODEL}/check")
    daemon.wait(lambda: daemon.status()["models"][MODEL]["last_check"], seconds=60, what="done with a check")
    daemon.post(f"/api/v1/models/{MODEL}/retrain")
    daemon.wait(lambda: _versions(daemon) > 1, seconds=120, what="done with a second version")


def _versions(daemon: Daemon) -> int:
    return 1 + sum(
        event["type"] == "duetmind.retrain.succeeded" for event in daemon.get("/api/v1/events?limit=100")["items"]
    )


def _round(daemon: Daemon, link: Path) -> float:
    if daemon.get(f"/api/v1/models/{MODEL}/champion")["version"] == 1:
        daemon.post(f"/api/v1/models/{MODEL}/promote", {"version": 2})
    second = link.resolve()
    began = time.perf_counter()
    daemon.post(f"/api/v1/models/{MODEL}/rollback")
    if link.resolve() == second:
        raise BenchmarkError("the rollback was answered before the link was switched")
    return time.perf_counter() - began
