"""How fast the bus is, beside raw sqlite3 committing the same rows on the same disk in the same minutes.

`python -m benchmarks` prints what `run` measures. Rates are the median of interleaved rounds, so that a noisy
machine slows both sides alike.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from duetmind_adaptive.bus.bus import DurableBus
from duetmind_adaptive.bus.deliveries import first_in_line, lease, split_due
from duetmind_adaptive.bus.log import prepare
from duetmind_adaptive.contracts import Attempt, Delivered, Outcome, Subscription, Transaction
from duetmind_adaptive.event_data import CheckData, ColumnEffect, WindowData
from duetmind_adaptive.events import CheckCompleted, Event, derive_id, make
from duetmind_adaptive.store.database import Database, open_store
from duetmind_adaptive.store.tables import stamp

HANDLERS = ("alerts", "responses", "audit")
PUBLISHERS = 64
MODELS = 10
#: an event's row, and its deliveries' without the seq
RawRows = tuple[tuple[str, ...], list[tuple[str, ...]]]
START = datetime(2026, 1, 1, tzinfo=UTC)


class MachineClock:
    """The machine's time."""

    def now(self) -> datetime:
        """The present moment."""
        return datetime.now(UTC)

    async def sleep_until(self, when: datetime) -> None:
        """Sleep the difference."""
        await asyncio.sleep(max(0.0, (when - self.now()).total_seconds()))


def event(number: int, *, run: str) -> Event:
    """A check's event, of the size real ones have."""
    window = WindowData(first_row=number * 1000, last_row=number * 1000 + 1000, start=START, end=START, rows=1000)
    top = tuple(ColumnEffect(column=f"column_{i}", kind="numeric", effect=0.1) for i in range(5))
    data = CheckData(
        model=f"model-{number % MODELS}", window=window, drift=False, severity="none", metric=0.9, version=1, top=top
    )
    return make(CheckCompleted, data, id=derive_id(run, number), time=START + timedelta(seconds=number))


async def _never(_: Event, __: Attempt) -> Outcome:
    return Delivered()


def _bus(store: Database) -> DurableBus:
    bus = DurableBus(store, MachineClock(), owner="benchmark")
    for name in HANDLERS:
        bus.subscribe(Subscription(name=name, wants=lambda _: True, effect=_never))
    return bus


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


# ---------------------------------------------------------------- publishing


async def paced(bus: DurableBus, *, seconds: float, per_second: int = 100) -> float:
    """99th percentile of a durable publish at a steady rate, milliseconds."""
    events = [event(i, run="paced") for i in range(int(seconds * per_second))]
    latencies: list[float] = []

    async def one(number: int) -> None:
        began = time.perf_counter()
        await bus.publish(events[number])
        latencies.append(time.perf_counter() - began)

    start = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(len(events)):
            await asyncio.sleep(max(0.0, start + number / per_second - time.perf_counter()))
            group.create_task(one(number))
    return percentile(latencies, 0.99) * 1e3


def raw_paced(path: Path, *, seconds: float, per_second: int = 100) -> float:
    """99th percentile of a plain sqlite3 commit of the same rows at the same rate, milliseconds: the disk's share."""
    rows = raw_rows([event(i, run="paced") for i in range(int(seconds * per_second))])
    latencies: list[float] = []
    start = time.perf_counter()
    with contextlib.closing(raw_connection(path)) as connection:
        for number, row in enumerate(rows):
            time.sleep(max(0.0, start + number / per_second - time.perf_counter()))
            began = time.perf_counter()
            raw_commit(connection, [row])
            latencies.append(time.perf_counter() - began)
    return percentile(latencies, 0.99) * 1e3


async def concurrent(bus: DurableBus, events: Sequence[Event]) -> float:
    """Events a second from 64 publishers, each waiting for its event to be durable before its next."""
    remaining = iter(events)

    async def publisher() -> None:
        for one in remaining:
            await bus.publish(one)

    began = time.perf_counter()
    await asyncio.gather(*(publisher() for _ in range(PUBLISHERS)))
    return len(events) / (time.perf_counter() - began)


def raw_rows(events: Sequence[Event]) -> list[RawRows]:
    """The same rows as the bus inserts, ready made: each event's, and its three deliveries' (without the seq)."""
    created = stamp(START)
    rows: list[RawRows] = []
    for one in events:
        prepared = prepare(one, HANDLERS)
        rows.append(
            (
                tuple(prepared.row.values()),
                [(name, prepared.row["model"], "pending", created, created) for name in HANDLERS],
            )
        )
    return rows


def raw_connection(path: Path) -> sqlite3.Connection:
    """Plain sqlite3, as durable as the store: WAL and FULL."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def raw_commit(connection: sqlite3.Connection, group: Sequence[RawRows]) -> None:
    """Insert ready-made rows in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    seqs = connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0]
    connection.executemany("INSERT INTO events(id, type, model, time, body) VALUES (?,?,?,?,?)", [e for e, _ in group])
    connection.executemany(
        "INSERT INTO deliveries(event_seq, handler, model, state, not_before, created) VALUES (?,?,?,?,?,?)",
        [(seqs + offset, *row) for offset, (_, several) in enumerate(group, start=1) for row in several],
    )
    connection.execute("COMMIT")


def raw(path: Path, rows: Sequence[RawRows]) -> float:
    """Events a second of plain sqlite3 in groups of 64: prepared rows, one thread and nothing else."""
    with contextlib.closing(raw_connection(path)) as connection:
        began = time.perf_counter()
        for start in range(0, len(rows), PUBLISHERS):
            raw_commit(connection, rows[start : start + PUBLISHERS])
        return len(rows) / (time.perf_counter() - began)


async def rates(folder: Path, *, events: int, rounds: int) -> tuple[float, float, float]:
    """Median rates of the bus and of raw sqlite3, and the median of their ratios; rounds alternate."""
    measured: list[tuple[float, float]] = []
    for number in range(rounds):
        load = [event(i, run=f"round-{number}") for i in range(events)]
        store = await open_store(f"sqlite:///{folder}/bus-{number}.db")
        ours = await concurrent(_bus(store), load)
        await store.close()
        twin = await open_store(f"sqlite:///{folder}/raw-{number}.db")
        await twin.close()
        measured.append((ours, await asyncio.to_thread(raw, folder / f"raw-{number}.db", raw_rows(load))))
    ratio = statistics.median(ours / theirs for ours, theirs in measured)
    return statistics.median(m[0] for m in measured), statistics.median(m[1] for m in measured), ratio


# ---------------------------------------------------------------- claiming


async def claim(store: Database) -> float:
    """Seconds that one claim takes, commit included: the oldest due delivery of up to four models."""

    def change(tx: Transaction) -> None:
        line = first_in_line(tx.connection, HANDLERS[0], ordered=True, limit=8)
        due, _ = split_due(line, now="9", limit=4)
        lease(tx.connection, due, owner="benchmark", until="0")

    began = time.perf_counter()
    await store.write(change)
    return time.perf_counter() - began


async def claims(folder: Path, *, tries: int, backlog: int) -> tuple[float, float]:
    """99th percentiles of a claim with ten models' deliveries open and with `backlog`, taken in turns, milliseconds."""
    small, large = [await open_store(f"sqlite:///{folder}/{name}.db") for name in ("small", "large")]
    await fill(small, MODELS)
    await fill(large, backlog // len(HANDLERS))
    taken: list[tuple[float, float]] = [(await claim(small), await claim(large)) for _ in range(tries)]
    await small.close()
    await large.close()
    return percentile([t[0] for t in taken], 0.99) * 1e3, percentile([t[1] for t in taken], 0.99) * 1e3


async def fill(store: Database, events: int) -> None:
    """Leave a backlog of three open deliveries an event."""
    bus = _bus(store)
    for start in range(0, events, 5000):
        await bus.publish(*(event(i, run="fill") for i in range(start, min(events, start + 5000))))


def run(quick: bool) -> dict[str, float]:
    """Measure everything.

    Parameters
    ----------
    quick
        A backlog of 100,000 deliveries instead of 1,000,000, and shorter rounds.

    Returns
    -------
    dict
        `publish_p99_ms` at 100 events/s and `raw_p99_ms` of plain commits at that rate; `publish_per_second` of
        64 publishers, `raw_per_second` and `ratio`; `claim_p99_ms_small`, `claim_p99_ms_backlog`, `backlog` and
        `claim_ratio`.
    """
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        return asyncio.run(_measure(Path(folder), quick=quick))


async def _measure(folder: Path, *, quick: bool) -> dict[str, float]:
    store = await open_store(f"sqlite:///{folder}/paced.db")
    seconds = 5 if quick else 30
    publish_p99 = await paced(_bus(store), seconds=seconds)
    await store.close()
    twin = await open_store(f"sqlite:///{folder}/paced-raw.db")
    await twin.close()
    raw_p99 = await asyncio.to_thread(raw_paced, folder / "paced-raw.db", seconds=seconds)
    ours, theirs, ratio = await rates(folder, events=6_400 if quick else 32_000, rounds=3 if quick else 5)

    backlog = 100_000 if quick else 1_000_000
    small, large = await claims(folder, tries=400 if quick else 2_000, backlog=backlog)
    return {
        "publish_p99_ms": publish_p99,
        "raw_p99_ms": raw_p99,
        "publish_per_second": ours,
        "raw_per_second": theirs,
        "ratio": ratio,
        "backlog": backlog,
        "claim_p99_ms_small": small,
        "claim_p99_ms_backlog": large,
        "claim_ratio": large / small,
    }
