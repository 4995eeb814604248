"""How soon the daemon is ready and `--help` is there, beside bare interpreters that import the same libraries.

Runs take turns with their peer, so that a busy machine weighs on both.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.daemon import Daemon, environment, free_port, model_section, write_config, write_data
from benchmarks.figures import Figure, at_most, median_ratio
from benchmarks.fleet import give_first_versions

MODELS = 10
#: what a daemon of this kind cannot do without
DAEMON_PEER = "import aiohttp.web, sqlalchemy.ext.asyncio, pydantic, structlog"
HELP_PEER = "import typer, rich.console"


def run(quick: bool) -> list[Figure]:
    """Measure 15 pairs of runs each (quick: 2)."""
    pairs = 2 if quick else 15
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        write_data(data)
        first, peer = _take_turns(lambda: ready(data, state=None), lambda: interpreter(DAEMON_PEER), pairs)
        lived = data / "lived"
        give_first_versions(_config(data, lived, port=free_port()), datetime.now(UTC))
        again, peer_again = _take_turns(lambda: ready(data, state=lived), lambda: interpreter(DAEMON_PEER), pairs)
    help_, help_peer = _take_turns(show_help, lambda: interpreter(HELP_PEER), pairs)
    return [
        _figure("exec to ready, 10 models, nothing stored yet", first, peer, limit=1.5),
        _figure("exec to ready, 10 models that have served", again, peer_again, limit=1.5),
        _figure("duetmind --help", help_, help_peer, limit=3),
    ]


def ready(data: Path, *, state: Path | None) -> float:
    """Seconds from exec to the first 200 of `/readyz`, with ten models and their state, or none yet."""
    port = free_port()
    with (
        tempfile.TemporaryDirectory(dir=data) as fresh,
        Daemon(_config(data, state or Path(fresh), port=port), port) as daemon,
    ):
        daemon.wait_ready()
        return daemon.age()


def _config(data: Path, state: Path, *, port: int) -> Path:
    models = {f"model-{i}": model_section(trained=False, window=1000) for i in range(MODELS)}
    return write_config(data, models, port=port, store={"url": f"sqlite:///{state}/duetmind.db"})


def interpreter(statement: str) -> float:
    """Seconds that a bare interpreter takes for one statement."""
    return _seconds([sys.executable, "-c", statement])


def show_help() -> float:
    """Seconds that `duetmind --help` takes."""
    return _seconds([str(Path(sys.executable).with_name("duetmind")), "--help"])


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, env=environment(), stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def _take_turns(ours: Callable[[], float], peer: Callable[[], float], pairs: int) -> tuple[list[float], list[float]]:
    """Measure both once unrecorded, which fills the caches, then in turns."""
    ours()
    peer()
    measured = [(ours(), peer()) for _ in range(pairs)]
    return [mine for mine, _ in measured], [theirs for _, theirs in measured]


def _figure(name: str, ours: list[float], peer: list[float], *, limit: float) -> Figure:
    return Figure(
        name=name,
        value=statistics.median(ours),
        unit="s",
        ratio=median_ratio(ours, peer),
        peer=f"bare imports ({statistics.median(peer):.2f} s)",
        ratio_target=at_most(limit),
    )
