"""`duetmind demo`, as a program that has no terminal runs it: the whole loop, on its own, with a story to show.

One test, because one demo: it takes most of a minute, and two processes that test would play it twice.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import psutil
import pytest

from duetmind_adaptive.cli.demo.stage import WINDOWS

#: the promise is 60 s on two cores that are free; a test machine is not, and this bound notices a demo that hangs
SECONDS = 400.0


@pytest.mark.timeout(SECONDS + 60)
def test_the_demo_ends_by_itself_and_tells_of_drift_alert_retrain_promotion_and_rollback(tmp_path: Path) -> None:
    demo = play(tmp_path / "stage")
    assert_the_contracts_keys(demo)
    assert_drift_was_found_and_the_alert_delivered(demo)
    assert_a_challenger_served_and_was_rolled_back_once(demo)
    assert_the_loop_is_worth_having(demo)
    assert_the_report_is_one_page_that_loads_nothing(Path(demo["report"]).read_text())


def play(folder: Path) -> dict[str, Any]:
    """The one document of a demo that ended by itself."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("DUETMIND_")}
    command = [sys.executable, "-m", "duetmind_adaptive", "demo", "--headless", "--json", "--folder", str(folder)]
    before = set(psutil.pids())
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=environ, check=False)
    assert done.returncode == 0, done.stderr
    assert [pid for pid in set(psutil.pids()) - before if serves(pid, folder)] == [], "its daemon still runs"
    return json.loads(done.stdout)


def serves(pid: int, folder: Path) -> bool:
    """Whether a process is a daemon of this folder."""
    try:
        return str(folder) in " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return False


def assert_the_contracts_keys(demo: dict[str, Any]) -> None:
    assert {"model", "metric", "windows", "summary", "delivered", "rolled_back", "report"} <= demo.keys()
    window = {"start", "end", "rows", "metric", "metric_static", "drift", "kinds", "alerts", "actions", "version"}
    assert all(window <= each.keys() for each in demo["windows"])
    summary = {"metric", "metric_static", "alerts", "retrains", "promotions", "rollbacks", "seconds"}
    assert summary <= demo["summary"].keys()
    assert len(demo["windows"]) == WINDOWS


def assert_drift_was_found_and_the_alert_delivered(demo: dict[str, Any]) -> None:
    assert any(window["drift"] for window in demo["windows"])
    assert demo["summary"]["alerts"] >= 1
    assert demo["delivered"] == demo["summary"]["alerts"]


def assert_a_challenger_served_and_was_rolled_back_once(demo: dict[str, Any]) -> None:
    assert demo["summary"]["retrains"] >= 1
    assert demo["summary"]["promotions"] >= 1
    assert len({window["version"] for window in demo["windows"]}) >= 2
    assert demo["rolled_back"] is True
    assert demo["summary"]["rollbacks"] == 1
    assert sum("rolled_back" in window["actions"] for window in demo["windows"]) == 1


def assert_the_loop_is_worth_having(demo: dict[str, Any]) -> None:
    """Its metric beats the first model's, never retrained, on the same rows; until the first switch they are one."""
    assert demo["summary"]["metric"] > demo["summary"]["metric_static"]
    first = [window for window in demo["windows"] if window["version"] == 1]
    assert all(window["metric"] == pytest.approx(window["metric_static"]) for window in first)


class Loads(HTMLParser):
    """Collects what a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {"src", "srcset", "data", "poster", "background"} | ({"href"} if tag != "a" else set())
        self.found += [f"{tag} {value}" for name, value in attrs if name in names and not (value or "").startswith("#")]


def assert_the_report_is_one_page_that_loads_nothing(text: str) -> None:
    page = Loads()
    page.feed(text)
    assert [load for load in page.found if not load.split()[1].startswith("data:")] == []
    assert re.findall(r"url\(|@import|fetch\(|import\(|XMLHttpRequest|sendBeacon", text) == []
    assert "<svg" in text
    assert "CC BY 4.0" in text
