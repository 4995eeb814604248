"""A thousand models on hourly checks: one hour of their time, in the true daemon on a clock that runs fast.

Each model has one complete window of 1,000 rows × 10 columns in that hour. What the machine spends on it (CPU time of
the daemon and its workers) is held against what two cores have in an hour; the hour's own slowness, looks at the clock
and at the store, is measured apart and counted for the full 3,600 s, of which the rehearsal skips most.
"""

from __future__ import annotations

import sqlite3
import struct
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.daemon import (
    BenchmarkError,
    Daemon,
    cpu_seconds,
    free_port,
    model_section,
    peak_megabytes,
    write_config,
    write_data,
)
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.fleet import give_first_versions

HOUR = 3600.0
CORES = 2
WINDOW = 1000
#: slots of the hour come due within its first half; the other one is for catching up and for measuring idleness
JITTER = "30m"
#: the slot that every model has first
FIRST = "SELECT min(slot) FROM slots"
#: the hour that is rehearsed
SLOT = datetime(2026, 1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Size:
    """How much is rehearsed, and how fast."""

    models: int
    #: of them, those whose champion was trained here and is loaded by the workers; the others are only watched
    trained: int
    #: real seconds that the hour lasts
    hour: float
    #: real seconds from writing the config to the hour's beginning, for the daemon to start in
    lead: float
    #: real seconds of idleness after the hour's work
    idle: float


FULL = Size(models=1000, trained=20, hour=120.0, lead=20.0, idle=15.0)
QUICK = Size(models=50, trained=2, hour=10.0, lead=6.0, idle=2.0)


@dataclass(frozen=True)
class Meter:
    """Readings of everything that an hour of checks uses up."""

    cpu: float
    commits: int
    written: int

    @classmethod
    def read(cls, daemon: Daemon, store: Path) -> Meter:
        """The meters as they stand."""
        return cls(cpu_seconds(daemon.family()), commits(store), daemon.process.io_counters().write_bytes)


def run(quick: bool) -> list[Figure]:
    """Rehearse an hour with 1,000 models in two minutes (quick: 50 models in ten seconds)."""
    size = QUICK if quick else FULL
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        config = _prepare(folder, size, port)
        with Daemon(config, port) as daemon:
            daemon.wait_ready(seconds=120)
            figures = _rehearse(daemon, folder / "state" / "duetmind.db", size)
            daemon.drain()
        return figures


def _prepare(folder: Path, size: Size, port: int) -> Path:
    write_data(folder, reference=5000, production=WINDOW)
    models = {
        f"model-{i:04}": model_section(trained=i < size.trained, window=WINDOW, jitter=JITTER)
        for i in range(size.models)
    }
    config = write_config(folder, models, port=port)
    give_first_versions(config, SLOT - timedelta(days=1))
    return write_config(folder, models, port=port, clock=_clock(size))


def _clock(size: Size) -> dict[str, Any]:
    anchor = datetime.now(UTC) + timedelta(seconds=size.lead)
    return {"speed": HOUR / size.hour, "start": SLOT.isoformat(), "anchor": anchor.isoformat()}


def _rehearse(daemon: Daemon, store: Path, size: Size) -> list[Figure]:
    before, uptime = Meter.read(daemon, store), daemon.age()
    limit = size.lead + 10 * size.hour
    daemon.wait(lambda: _settled(store) >= size.models, seconds=limit, what="through with the hour", look=0.5)
    daemon.wait(lambda: not daemon.status()["bus"]["pending"], seconds=60, what="through with its deliveries")
    after, began = Meter.read(daemon, store), time.perf_counter()
    worked = daemon.age() - uptime
    time.sleep(size.idle)
    idling = (cpu_seconds(daemon.family()) - after.cpu) / (time.perf_counter() - began)
    _each_once(store, size)
    checks = max(0.0, after.cpu - before.cpu - idling * worked)
    return [
        *_figures(size, checks, idling, before, after),
        Figure(name="peak memory of the service", value=peak_megabytes(daemon.process), unit="MB"),
        Figure(name="exec to ready", value=uptime, unit="s"),
    ]


def _figures(size: Size, checks: float, idling: float, before: Meter, after: Meter) -> list[Figure]:
    per_check = checks / size.models
    share = (1000 * per_check + idling * HOUR) / (CORES * HOUR)
    return [
        Figure(
            name="slots that ran exactly once",
            value=size.models,
            unit=f"of {size.models}",
            target=at_least(size.models),
            exact=True,
        ),
        Figure(name="core-seconds per check", value=per_check, unit="s"),
        Figure(name="share of a core while idle", value=idling * 100, unit="%"),
        Figure(name="share of two cores for 1,000 checks an hour", value=share * 100, unit="%", target=at_most(100)),
        Figure(name="margin: what there is over what is used", value=1 / share, unit="×", target=at_least(1)),
        Figure(name="commits per check", value=(after.commits - before.commits) / size.models, unit=""),
        Figure(name="written per check", value=(after.written - before.written) / size.models / 1024, unit="KiB"),
    ]


def commits(store: Path) -> int:
    """Transactions that changed the store since it was opened: the counter in the WAL index's header.

    Source: https://www.sqlite.org/walformat.html#the_wal_index_header (`iChange`)
    """
    with store.with_name(store.name + "-shm").open("rb") as index:
        (count,) = struct.unpack("=8xI", index.read(12))
    return count


def _rows(store: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def _settled(store: Path) -> int:
    """Models whose first slot is no longer due.

    A later one settles earlier where the hour is over before its check: it is coalesced, and says nothing of the first.
    """
    return _rows(store, f"SELECT count(*) FROM slots WHERE state != 'due' AND slot = ({FIRST})")[0][0]


def _each_once(store: Path, size: Size) -> None:
    """Raise BenchmarkError unless each model's first slot ran, and its window was checked and told of once."""
    fates = dict(_rows(store, f"SELECT state, count(*) FROM slots WHERE slot = ({FIRST}) GROUP BY state"))
    checked = _rows(store, "SELECT count(*), count(DISTINCT model) FROM checks")[0]
    told = _rows(store, "SELECT count(*) FROM events WHERE type = 'duetmind.check.completed'")[0][0]
    ran = fates.pop("ran", 0) + fates.pop("late", 0)
    if fates or {ran, *checked, told} != {size.models}:
        raise BenchmarkError(
            f"of {size.models} models' slots {ran} ran (others: {fates}); {checked[0]} windows of {checked[1]} models "
            f"were checked, {told} events tell of it"
        )
