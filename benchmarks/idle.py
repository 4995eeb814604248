"""What a daemon with ten models costs while it has nothing to do, and what its process has loaded by then.

First versions are trained, every model is checked once, and the workers that did it have left: they end by
themselves after a minute. `quick` begins with the versions given and sends the workers away.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from benchmarks.daemon import (
    MB,
    BenchmarkError,
    Daemon,
    cpu_seconds,
    free_port,
    model_section,
    write_config,
    write_data,
)
from benchmarks.figures import Figure, at_most
from benchmarks.fleet import give_first_versions

MODELS = 10
#: of the ten, those trained here; the others are only watched
TRAINED = 5
#: seconds of idleness that are measured
SPAN, SPAN_QUICK = 30.0, 5.0
#: longer than a warm worker's idle limit and grace
RETIREMENT = 90.0

#: what only worker processes may load
HEAVY = ("numpy", "pandas", "scipy", "sklearn", "pyarrow", "skops", "optuna")

#: `duetmind`, which at its end writes down what it has imported
WITNESS = """\
import atexit, pathlib, sys
from duetmind_adaptive.cli import main
atexit.register(lambda: pathlib.Path({file!r}).write_text("\\n".join(sys.modules)))
main()
"""


def run(quick: bool) -> list[Figure]:
    """Measure 30 s of idleness (quick: 5 s)."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        write_data(folder)
        models = {f"model-{i}": model_section(trained=i < TRAINED, window=1000) for i in range(MODELS)}
        witness = folder / "modules"
        command = [sys.executable, "-c", WITNESS.format(file=str(witness))]
        config = write_config(folder, models, port=port)
        if quick:
            give_first_versions(config, datetime.now(UTC))
        with Daemon(config, port, command=command) as daemon:
            daemon.wait_ready()
            _work_once(daemon, models)
            _retire(daemon, quick=quick)
            figures = _measure(daemon, SPAN_QUICK if quick else SPAN)
            daemon.drain()
        return [*figures, _heavy(witness.read_text().split())]


def _work_once(daemon: Daemon, models: dict[str, Any]) -> None:
    """First versions, then a check of each model."""
    daemon.wait(lambda: _all(daemon, "champion"), seconds=300, what="done with the first versions")
    for model in models:
        daemon.post(f"/api/v1/models/{model}/check")
    daemon.wait(lambda: _all(daemon, "last_check"), seconds=120, what="done with the first checks")


def _all(daemon: Daemon, key: str) -> bool:
    return all(model[key] for model in daemon.status()["models"].values())


def _retire(daemon: Daemon, *, quick: bool) -> None:
    """Return once the workers are gone."""
    if quick:
        for worker in _workers(daemon):
            worker.send_signal(signal.SIGTERM)
    daemon.wait(lambda: not _workers(daemon), seconds=RETIREMENT, what="rid of idle workers")


def _workers(daemon: Daemon) -> list[psutil.Process]:
    """Those that the fork server made: the service's grandchildren."""
    children = set(daemon.process.children())
    return [member for member in daemon.family()[1:] if member not in children]


def _measure(daemon: Daemon, span: float) -> list[Figure]:
    family = daemon.family()
    before, began = cpu_seconds(family), time.perf_counter()
    time.sleep(span)
    share = (cpu_seconds(daemon.family()) - before) / (time.perf_counter() - began)
    memory = [member.memory_full_info() for member in family]
    return [
        Figure(name="resident memory of the service", value=memory[0].rss * MB, unit="MB", target=at_most(150)),
        Figure(name="its own part of that (USS)", value=memory[0].uss * MB, unit="MB"),
        Figure(
            name=f"memory of all {len(family)} processes (PSS)",
            value=sum(one.pss for one in memory) * MB,
            unit="MB",
            target=at_most(150),
        ),
        Figure(name=f"CPU over {span:g} s", value=max(0.0, share) * 100, unit="% of a core", target=at_most(1)),
    ]


def _heavy(modules: list[str]) -> Figure:
    if "duetmind_adaptive.service.app" not in modules:
        raise BenchmarkError("the service's list of modules does not hold the service")
    found = sorted({module.partition(".")[0] for module in modules}.intersection(HEAVY))
    name = f"heavy libraries in the service: {', '.join(found) or 'none'}"
    return Figure(name=name, value=len(found), unit="", target=at_most(0), exact=True)
