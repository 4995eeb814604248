"""Logs tell facts, one line each, and never a secret (R38)."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from duetmind_adaptive import redaction
from duetmind_adaptive.service import logs

CANARY = 'canary"/secret\\0815'


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, spellings = root.handlers[:], root.level, redaction._spellings[:]
    yield
    root.handlers[:], redaction._spellings[:] = handlers, spellings
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_away_from_a_terminal_each_line_is_json_with_time_level_and_facts() -> None:
    stream = io.StringIO()
    logs.configure("DEBUG", stream)
    with logs.work_context(model="loans", attempt=2):
        structlog.stdlib.get_logger("duetmind").info("bus.delivered", handler="ops", rows=3)
    (line,) = lines(stream)
    assert list(line)[:3] == ["timestamp", "level", "event"]
    assert line.pop("timestamp")
    assert line == {
        "event": "bus.delivered",
        "handler": "ops",
        "rows": 3,
        "model": "loans",
        "attempt": 2,
        "level": "info",
        "logger": "duetmind",
    }


@pytest.mark.parametrize("human", [True, False])
def test_a_secret_is_in_no_line_whatever_way_it_came(human: bool) -> None:
    stream = io.StringIO()
    redaction.register_secret(CANARY)
    logs.configure("DEBUG", stream, human=human)
    log = structlog.stdlib.get_logger("duetmind")
    log.info("sent", url=f"https://x/{CANARY}", nested={"headers": [CANARY]}, raw=CANARY.encode())
    log.debug(f"said {CANARY}")
    logging.getLogger("library").warning("url %s", CANARY, extra={"token": CANARY})
    try:
        int(CANARY)
    except ValueError:
        log.exception("failed", error=ValueError(CANARY))
    text = stream.getvalue()
    assert "ValueError" in text
    assert redaction.MASK in text
    for part in ("secret\\0815", "secret\\\\0815", "canary"):
        assert part not in text


@pytest.mark.parametrize("human", [True, False])
def test_hostile_names_cannot_write_lines_of_their_own(human: bool) -> None:
    stream = io.StringIO()
    logs.configure("INFO", stream, human=human)
    structlog.stdlib.get_logger().warning("check.failed", column="a\n\x1b[2J{}\u202e\x9b", columns=["b\r\nc"])
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert not {"\x1b", "\r", "\u202e", "\x9b"} & set(text)


def test_libraries_that_say_too_much_are_tamed_even_at_debug() -> None:
    stream = io.StringIO()
    logs.configure("DEBUG", stream)
    logging.getLogger("slack_sdk.webhook.async_client").debug("Sending a request - url: https://hooks/T/B/x")
    logging.getLogger("aiohttp.access").info("GET /healthz")
    logging.getLogger("apscheduler.scheduler").info("Added job")
    assert stream.getvalue() == ""


def test_levels_filter() -> None:
    stream = io.StringIO()
    logs.configure("WARNING", stream)
    structlog.stdlib.get_logger().info("quiet")
    structlog.stdlib.get_logger().error("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_a_value_too_short_to_be_a_secret_masks_nothing() -> None:
    redaction.register_secret("a")
    assert redaction.redact("a cat") == "a cat"
