"""The log channel writes each alert as one event with its facts, and cannot fail."""

from __future__ import annotations

from dataclasses import replace

from structlog.testing import capture_logs

from duetmind_adaptive.contracts import Delivered
from duetmind_adaptive.events import DriftDetected, DriftResolved
from duetmind_handlers.alerts.log import create


async def test_an_opening_is_a_warning_and_an_end_is_not(make_alert, attempt):
    channel = create("log", {})
    with capture_logs() as logs:
        outcomes = [await channel.send(make_alert(kind), attempt) for kind in (DriftDetected, DriftResolved)]
    assert all(isinstance(each, Delivered) for each in outcomes)
    assert [(each["event"], each["log_level"]) for each in logs] == [
        ("alert.opened", "warning"),
        ("alert.resolved", "info"),
    ]
    assert logs[0]["alert"] == make_alert().id
    assert logs[0]["model"] == "loans"
    assert logs[0]["severity"] == "high"
    assert logs[0]["lines"] == make_alert().lines
    await channel.close()


async def test_no_name_breaks_the_line(make_alert, attempt, hostile_names):
    for name in hostile_names:
        with capture_logs() as logs:
            await create("log", {}).send(replace(make_alert(), title=name, model=name, lines=(name,)), attempt)
        written = logs[0]
        assert all(text.isprintable() for text in (written["title"], written["model"], *written["lines"]))
