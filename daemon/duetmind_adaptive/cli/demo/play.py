"""The demo's story: a first model, a stream that drifts, an incident, a retrain, a promotion, and one step back."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import create_engine

from duetmind_adaptive.cli.demo.daemon import DaemonProcess, free_port
from duetmind_adaptive.cli.demo.receiver import Receiver
from duetmind_adaptive.cli.demo.show import Show
from duetmind_adaptive.cli.demo.stage import METRIC, MODEL, WINDOWS, Stage
from duetmind_adaptive.report.loop_page import loop_page
from duetmind_adaptive.service.history import history

#: training the first model takes seconds, its imports included; a loaded machine takes longer
FIRST_MODEL_SECONDS = 90.0
#: a window's check, with a retrain behind it
WINDOW_SECONDS = 60.0

#: what is worth a word, by the event's type
NEWS = {
    "duetmind.retrain.requested": "retrain",
    "duetmind.model.promoted": "version {version} promoted",
    "duetmind.model.rejected": "version {version} rejected",
    "duetmind.model.rolled_back": "version {previous} taken back: version {version} does better",
}

#: an incident's turns: what opens and what ends it are counted
ALERTS = ("duetmind.drift.detected", "duetmind.drift.updated", "duetmind.drift.resolved")

CITATION = (
    "Data: Bank Marketing, S. Moro, P. Cortez and P. Rita (2014), UCI Machine Learning Repository, CC BY 4.0. "
    "Rows are in date order; the time within a month was spread evenly."
)


@dataclass
class Play:
    """One run of the demo on a stage; `pace` is the least time a window stays on screen, in seconds."""

    stage: Stage
    show: Show
    pace: float
    #: ids of the events that were shown
    _seen: set[str] = field(default_factory=set[str])
    #: a promotion did not hold, and the watch went back to the version before
    _taken_back: bool = False

    def run(self) -> dict[str, Any]:
        """Play it; returns the contract's document."""
        started, port = time.monotonic(), free_port()
        with Receiver(self._heard) as receiver:
            self.stage.build(port=port, webhook=receiver.url)
            with DaemonProcess(self.stage.config, port, {"DUETMIND_DEMO_SECRET": receiver.secret}) as daemon:
                self.show.begin(daemon.url, WINDOWS)
                static = self._watch(daemon)
            seconds = time.monotonic() - started
            document = self._document(static, seconds) | {"delivered": _told(receiver.alerts.values())}
        return document | self._report(document)

    def _watch(self, daemon: DaemonProcess) -> list[float]:
        self.show.phase("training the first model on May to October 2008")
        daemon.wait(lambda: champion_of(daemon), seconds=FIRST_MODEL_SECONDS, what="done with the first model")
        first = self.stage.folder / "state" / "models" / MODEL / "champion"
        with ThreadPoolExecutor(1) as thread:
            static = thread.submit(self.stage.static_metric, first.resolve())
            for index in range(WINDOWS):
                self._one_window(daemon, index, static)
        if not self._taken_back:
            self.show.phase("rolling back once, on request")
            daemon.client.post(f"/api/v1/models/{MODEL}/rollback", {})
        return static.result()

    def _one_window(self, daemon: DaemonProcess, index: int, static: Future[list[float]]) -> None:
        began = time.monotonic()
        month = self.stage.window(index)["timestamp"][0].as_py()
        self.show.phase(f"watching {month:%B %Y}")
        self.stage.let_in(index)
        check = daemon.wait(lambda: settled(daemon, index), seconds=WINDOW_SECONDS, what=f"done with window {index}")
        happened = self._news(daemon)
        self.show.window(
            {
                "start": f"{month:%d %b %Y}",
                "metric": check["metric"],
                "static": static.result()[index],
                "drift": check["drift"],
                "kinds": check["kinds"],
                "action": ", ".join(happened) or f"version {check['version']} serves",
            }
        )
        time.sleep(max(0.0, self.pace - (time.monotonic() - began)))

    def _news(self, daemon: DaemonProcess) -> list[str]:
        """What was done since the last look, oldest first; promotions and rejections are told with their reason."""
        happened: list[str] = []
        for event in reversed(daemon.client.get("/api/v1/events", limit=100)["items"]):
            if event["id"] in self._seen:
                continue
            self._seen.add(event["id"])
            self._taken_back |= event["type"] == "duetmind.model.rolled_back"
            if words := NEWS.get(event["type"]):
                happened.append(words.format(**event["data"]))
                if message := event["data"].get("message"):
                    self.show.note(f"{happened[-1]}: {message}")
        return happened

    def _heard(self, event: dict[str, Any]) -> None:
        data, over = event["data"], event["type"].endswith("resolved")
        if event["type"] not in ALERTS:
            self.show.note(f"message at the webhook: {event['type'].removeprefix('duetmind.')} ({data['reason']})")
            return
        what = {"data": "the inputs moved", "performance": "the metric fell", "quality": "the data is broken"}
        columns = ", ".join(column["column"] for column in data["top"][:3])
        state = "over" if over else f"{data['severity']}, {columns}"
        self.show.note(f"alert at the webhook: {what[data['cause']]} ({state})")

    def _document(self, static: list[float], seconds: float) -> dict[str, Any]:
        with create_engine(f"sqlite:///{self.stage.store}").connect() as conn:
            document = history(conn, MODEL, metric=METRIC, static=static, seconds=seconds)
        return document | {"rolled_back": document["summary"]["rollbacks"] > 0}

    def _report(self, document: dict[str, Any]) -> dict[str, Any]:
        path = self.stage.folder / "report.html"
        path.write_text(loop_page(document, title="DuetMind demo: bank marketing", notes=(CITATION,)))
        return {"report": str(path)}


def _told(messages: Iterable[dict[str, Any]]) -> int:
    """How many openings and ends of incidents are among the messages."""
    return sum(message["type"] in {ALERTS[0], ALERTS[-1]} for message in messages)


def champion_of(daemon: DaemonProcess) -> int | None:
    """The version that serves."""
    return daemon.client.get("/status")["models"][MODEL]["champion"]


def settled(daemon: DaemonProcess, index: int) -> dict[str, Any] | None:
    """The check of window `index`, once everything that follows from it is over."""
    items = daemon.client.get("/api/v1/checks?limit=1")["items"]
    if not items or items[0]["window"]["first_row"] < index * items[0]["window"]["rows"]:
        return None
    status = daemon.client.get("/status")
    busy = status["bus"]["pending"] or status["jobs"]["running"] or status["jobs"]["queued"]
    return None if busy else items[0]
