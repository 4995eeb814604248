"""A policy that a test kills: `python doomed_policy.py STORE EVENTS SECONDS` publishes falls, its clock SECONDS off."""

import asyncio
import os
import sys
from datetime import timedelta

from decisions import check
from sqlalchemy import func, select

from duetmind_adaptive.bus.bus import DurableBus
from duetmind_adaptive.contracts import Subscription
from duetmind_adaptive.event_data import VersionData
from duetmind_adaptive.events import ModelRejected, RetrainRequested, derive_id, make
from duetmind_adaptive.policy.rules import Rules
from duetmind_adaptive.service import logs
from duetmind_adaptive.service.clock import SystemClock
from duetmind_adaptive.service.decisions import Decisions
from duetmind_adaptive.store.database import open_store
from duetmind_adaptive.store.tables import events

RULES = Rules(retrain=True, max_retrains_per_day=1)


class OffClock(SystemClock):
    """The machine's clock, off by so much."""

    def __init__(self, off: timedelta) -> None:
        self.off = off

    def now(self):
        return super().now() + self.off


async def main(path: str, number: int, off: float) -> None:
    """Publish what is left of so many checks that found a fall; each retrain ends at once, in vain."""
    logs.configure("error")
    store, clock = await open_store(f"sqlite:///{path}"), OffClock(timedelta(seconds=off))
    bus = DurableBus(store, SystemClock(), owner=str(os.getpid()))

    def end(tx, event):
        data = VersionData(model=event.model, version=2, reason="gate_failed")
        bus.publish_in(tx, make(ModelRejected, data, id=derive_id(event.id, "end"), time=clock.now()))

    decisions = Decisions(bus, clock, lambda _name: RULES, lambda: False, lambda *_: None)
    bus.subscribe(decisions.subscription())
    bus.subscribe(Subscription(name="ends", wants=lambda event: isinstance(event, RetrainRequested), apply=end))
    await bus.start()
    first = await store.read(
        lambda conn: conn.execute(select(func.count()).where(events.c.type == "duetmind.check.completed")).scalar_one()
    )
    print("ready", flush=True)
    for index in range(first, number):
        await bus.publish(check(index, degraded=True))
        await asyncio.sleep(0.01)
    await bus.drain(60)
    print("done", flush=True)
    await bus.stop()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
