"""Kills the bus over and over, at random moments and at every failpoint, then counts what was lost or doubled.

`python -m benchmarks.chaos_bus --kills 1000` prints one JSON document and exits 1 if an invariant is broken:

- what `publish` or `write` acknowledged is there, and a state change is there exactly when its event is
- a handler that works inside the store ran exactly once for each event
- a handler that reaches outside ran at least once for each event, in order for each model
- nothing is left open, nothing is dead, and each final outcome was reported exactly once

Every round forks a fresh process from one that has imported everything but started nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, text

import duetmind_adaptive
from benchmarks.bus import MachineClock
from duetmind_adaptive import failpoints
from duetmind_adaptive.bus.bus import DurableBus
from duetmind_adaptive.contracts import Attempt, Delivered, Outcome, Retry, RetryPolicy, Subscription, Transaction
from duetmind_adaptive.event_data import AlertData, JobData
from duetmind_adaptive.events import AlertDelivered, Event, JobStarted, derive_id, make
from duetmind_adaptive.store.database import open_store

MODELS = 3
EVENTS_PER_ROUND = 12
RETRY = RetryPolicy(tries=10, first=timedelta(milliseconds=2), cap=timedelta(milliseconds=10))


def failpoint_names() -> list[str]:
    """Every point named in the store and the bus, read from their sources so that none is forgotten."""
    root = Path(duetmind_adaptive.__file__).parent
    sources = [*sorted((root / "store").glob("*.py")), *sorted((root / "bus").glob("*.py"))]
    return [name for file in sources for name in re.findall(r'failpoint\("([^"]+)"\)', file.read_text("utf-8"))]


# ---------------------------------------------------------------- the process that is killed


@dataclass(frozen=True)
class Child:
    """One life of the process: publishes its own numbers, lets handlers work, and is killed somewhere in between."""

    folder: Path
    number: int

    async def live(self, events: int) -> None:
        """Recover, publish `events` events in two ways, and work until nothing is open."""
        store = await open_store(f"sqlite:///{self.folder}/bus.db")
        await store.write(_tables)
        clock = MachineClock()
        bus = DurableBus(store, clock, owner=f"life-{self.number}")
        for subscription in self._subscriptions():
            bus.subscribe(subscription)
        await bus.start()

        async def publish(offset: int) -> None:
            number = self.number * 1000 + offset
            if offset % 2:
                await bus.publish(_event(number))
            else:
                await store.write(lambda tx: _change(tx, bus, number))
            _append(self.folder / "acknowledged", number)

        await asyncio.gather(*(publish(offset) for offset in range(events)))
        await bus.drain(60)
        while due := bus.next_due():  # retries included
            await clock.sleep_until(due)
            await bus.drain(60)
        await bus.stop()
        await store.close()

    def _subscriptions(self) -> Sequence[Subscription]:
        def first(event: Event) -> bool:
            return event.type == "duetmind.job.started"

        async def outside(event: Event, _: Attempt) -> Outcome:
            _append(self.folder / "effects", event.id, sync=True)
            return Delivered()

        async def flaky(event: Event, attempt: Attempt) -> Outcome:
            if random.random() < 0.3 and attempt.number < 5:
                return Retry("not now")
            _append(self.folder / "flaky", event.id, sync=True)
            return Delivered()

        return (
            Subscription(name="inside", wants=first, apply=_count, retry=RETRY),
            Subscription(name="outside", wants=first, effect=outside, retry=RETRY, report=_report),
            Subscription(name="flaky", wants=first, effect=flaky, retry=RETRY, ordered=False, concurrency=8),
        )


def _tables(tx: Transaction) -> None:
    tx.connection.execute(text("CREATE TABLE IF NOT EXISTS chaos_state(number INTEGER PRIMARY KEY)"))
    tx.connection.execute(text("CREATE TABLE IF NOT EXISTS chaos_count(event TEXT PRIMARY KEY, times INTEGER)"))


def _event(number: int) -> Event:
    data = JobData(model=f"model-{number % MODELS}", job=str(number), kind="chaos")
    return make(JobStarted, data, id=f"event-{number}", time=datetime.now(UTC))


def _change(tx: Transaction, bus: DurableBus, number: int) -> None:
    tx.connection.execute(text("INSERT INTO chaos_state VALUES (:number)"), {"number": number})
    bus.publish_in(tx, _event(number))


def _count(tx: Transaction, event: Event) -> None:
    statement = "INSERT INTO chaos_count VALUES (:event, 1) ON CONFLICT(event) DO UPDATE SET times = times + 1"
    tx.connection.execute(text(statement), {"event": event.id})


def _report(event: Event, outcome: Outcome, _: Attempt, now: datetime) -> Sequence[Event]:
    data = AlertData(model=event.data.model, channel="outside", alert=event.id, status=type(outcome).__name__)
    return [make(AlertDelivered, data, id=derive_id(event.id, "outside"), time=now)]


def _append(path: Path, line: object, *, sync: bool = False) -> None:
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, f"{line}\n".encode())
    if sync:
        os.fsync(file)
    os.close(file)


def _fork(live: Callable[[], None], *, failpoint: str | None) -> int:
    if pid := os.fork():
        return pid
    status = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        random.seed()
        failpoints.arm(failpoint)
        live()
        status = 0
    finally:
        os._exit(status)


# ---------------------------------------------------------------- the rounds


@dataclass
class Tally:
    """What was done to the process and where it died."""

    kills: int = 0
    at_failpoints: Counter[str] = field(default_factory=Counter[str])
    clean: int = 0


def rounds(folder: Path, kills: int, *, seed: int) -> Tally:
    """Kill `kills` lives, half of them at failpoints in turn and half at random moments; then live once unharmed."""
    chance, names, tally = random.Random(seed), failpoint_names(), Tally()
    life = 0
    while tally.kills < kills:
        at_point = life % 2 == 0
        # those reached least so far come first; a point reached once a life has to be hit at its first time
        name = min(names, key=lambda name: tally.at_failpoints[name]) if at_point else None
        nth = 1 if tally.at_failpoints[name or ""] == 0 else chance.randint(1, 6)
        _live(folder, life, failpoint=name and f"{name}:{nth}", chance=chance, tally=tally)
        life += 1
    if _wait(_fork(lambda: asyncio.run(Child(folder, life).live(EVENTS_PER_ROUND)), failpoint=None)):
        raise SystemExit("the last life, which nobody killed, failed")
    return tally


def _live(folder: Path, life: int, *, failpoint: str | None, chance: random.Random, tally: Tally) -> None:
    pid = _fork(lambda: asyncio.run(Child(folder, life).live(EVENTS_PER_ROUND)), failpoint=failpoint)
    if failpoint is None:
        time.sleep(chance.uniform(0.0, 0.12))
        os.kill(pid, signal.SIGKILL)
    status = _wait(pid)
    if status == -signal.SIGKILL:
        tally.kills += 1
        if failpoint:
            tally.at_failpoints[failpoint.partition(":")[0]] += 1
    elif status == 0:
        tally.clean += 1
    else:
        raise SystemExit(f"life {life} ended with status {status}")


def _wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


# ---------------------------------------------------------------- the verdict


def broken(folder: Path) -> list[str]:
    """Every invariant that does not hold, in one sentence each."""

    async def look() -> list[str]:
        store = await open_store(f"sqlite:///{folder}/bus.db")
        try:
            return await store.read(lambda conn: _verdict(conn, folder))
        finally:
            await store.close()

    return asyncio.run(look())


def _verdict(conn: Connection, folder: Path) -> list[str]:
    log = conn.execute(text("SELECT id, model FROM events WHERE type = 'duetmind.job.started' ORDER BY seq")).all()
    published = [row.id for row in log]
    numbers = {int(name.removeprefix("event-")) for name in published}
    acknowledged = {int(line) for line in _lines(folder / "acknowledged")}
    states = set(conn.execute(text("SELECT number FROM chaos_state")).scalars())
    counts = {row.event: row.times for row in conn.execute(text("SELECT event, times FROM chaos_count"))}
    reports = set(conn.execute(text("SELECT id FROM events WHERE type = 'duetmind.alert.delivered'")).scalars())
    open_or_dead = conn.execute(text("SELECT count(*) FROM deliveries WHERE state <> 'delivered'")).scalar_one()
    effects = _lines(folder / "effects")
    to_report = {derive_id(name, "outside") for name in published}
    checks = {
        "an acknowledged event was lost": acknowledged - numbers,
        "a state change stands without its event, or the reverse": states ^ {n for n in numbers if n % 1000 % 2 == 0},
        "a local effect did not happen exactly once": {name for name in published if counts.get(name) != 1},
        "a local effect happened without its event": counts.keys() - set(published),
        "an outside effect never happened": set(published) - set(effects),
        "an outside effect never happened in spite of retries": set(published) - set(_lines(folder / "flaky")),
        "a final outcome was not reported exactly once": to_report ^ reports,
        "a delivery is open or dead": {open_or_dead} - {0},
        "events reached a handler out of order": _disordered([(row.id, row.model) for row in log], effects),
    }
    return [f"{sentence}: {sorted(found)[:5]}" for sentence, found in checks.items() if found]


def _disordered(log: Sequence[tuple[str, str]], effects: Sequence[str]) -> set[str]:
    models, reached, expected = dict(log), defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for name in dict.fromkeys(effects):  # a repeat may come late, the first time must come in order
        reached[models[name]].append(name)
    for name, model in log:
        expected[model].append(name)
    return {model for model in expected if expected[model] != reached[model]}


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").split() if path.exists() else []


def main() -> int:
    """Run the rounds and print what they showed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the store lies; default: a temporary folder here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder or Path.cwd()) as folder:
        began = time.perf_counter()
        tally = rounds(Path(folder), arguments.kills, seed=arguments.seed)
        found = broken(Path(folder))
        acknowledged = len(_lines(Path(folder) / "acknowledged"))
    document = {
        "kills": tally.kills,
        "failpoints": dict(sorted(tally.at_failpoints.items())),
        "failpoints_missed": sorted(set(failpoint_names()) - set(tally.at_failpoints)),
        "acknowledged": acknowledged,
        "seconds": round(time.perf_counter() - began, 1),
        "broken": found,
    }
    print(json.dumps(document))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
