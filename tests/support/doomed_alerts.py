"""Alerts of a service that a test kills: `python doomed_alerts.py FOLDER NUMBER` tells of incidents into a file."""

import asyncio
import os
import sys
from pathlib import Path

from decisions import NOW
from sqlalchemy import func, select

from duetmind_adaptive.bus.bus import DurableBus
from duetmind_adaptive.contracts import Delivered
from duetmind_adaptive.event_data import DriftData, WindowData
from duetmind_adaptive.events import DriftDetected, DriftResolved, make
from duetmind_adaptive.service import logs
from duetmind_adaptive.service.alerting import Teller
from duetmind_adaptive.service.clock import SystemClock
from duetmind_adaptive.settings.load import load_config
from duetmind_adaptive.store import incidents
from duetmind_adaptive.store.database import open_store
from duetmind_adaptive.store.tables import events

CONFIG = "alerts: {group_wait: 0s, group_interval: 0s, channels: {sink: {type: log}}}"


class Sink:
    """A receiver whose memory is a file."""

    name = "sink"

    def __init__(self, path: Path) -> None:
        self.file = path.open("a")

    async def send(self, alert, attempt):
        print(alert.incident, alert.status, file=self.file, flush=True)
        await asyncio.sleep(0.001)
        return Delivered()

    async def close(self) -> None:
        self.file.close()


def turn(kind, index):
    window = WindowData(first_row=0, last_row=9, rows=9)
    data = DriftData(
        model=f"model-{index}", incident=f"incident-{index}", cause="data", window=window, drift=True, severity="high",
        reason="first_drift", opened=NOW,
    )  # fmt: skip
    return make(kind, data, id=f"{kind.__name__}-{index}", time=NOW)


async def main(folder: Path, number: int) -> None:
    """Open what is left of so many incidents; every second one is over at once."""
    logs.configure("error")
    (folder / "c.yaml").write_text(CONFIG)
    loaded, clock = load_config(folder / "c.yaml", {}), SystemClock()
    store = await open_store(f"sqlite:///{folder / 'duetmind.db'}")
    bus, sink = DurableBus(store, clock, owner=str(os.getpid())), Sink(folder / "sink")
    bus.subscribe(Teller(sink, lambda: loaded, store, clock).subscription())
    await bus.start()
    opened = select(func.count()).where(events.c.type == "duetmind.drift.detected")
    first = await store.read(lambda conn: conn.execute(opened).scalar_one())
    print("ready", flush=True)
    for index in range(first, number):
        await _open(store, bus, index)
        await asyncio.sleep(0.004)
        if index % 2:
            await _close(store, bus, index)
    for index in range(1, number, 2):  # a kill may have come between the two
        await _close(store, bus, index)
    await bus.drain(120)
    print("done", flush=True)
    await bus.stop()
    await store.close()


async def _open(store, bus, index):
    await _say(store, bus, turn(DriftDetected, index))
    await bus.drain(60)


async def _close(store, bus, index):
    await _say(store, bus, turn(DriftResolved, index))


async def _say(store, bus, event):
    def change(tx):
        incidents.follow(tx, event)
        bus.publish_in(tx, event)

    await store.write(change)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
