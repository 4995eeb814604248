"""Logs: structlog through standard logging, for people on a terminal and as JSON lines elsewhere.

Every line, our own and any library's, passes one formatter whose last step takes registered secrets out of
the finished text, tracebacks included. Control characters in facts (a column may be named with a newline or
a terminal escape) become visible escapes, so that nobody can write lines that were not logged.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, TextIO

import structlog
from structlog.contextvars import bound_contextvars
from structlog.types import EventDict, Processor, WrappedLogger

from duetmind_adaptive.redaction import printable, redact

#: the keys a JSON line begins with
FIRST = ("timestamp", "level", "event")
#: libraries that say too much: slack_sdk logs the webhook URL, a secret, at DEBUG
TAMED = ("slack_sdk", "aiohttp.access", "apscheduler", "asyncio", "aiosqlite", "aiosmtplib", "mail.log", "urllib3")


def work_context(
    *, model: str | None = None, job: str | None = None, attempt: int | None = None
) -> AbstractContextManager[None]:
    """Bind what the work is about to every line logged inside, in this task and those it starts."""
    facts = {"model": model, "job": job, "attempt": attempt}
    return bound_contextvars(**{name: fact for name, fact in facts.items() if fact is not None})


def configure(level: str = "INFO", stream: TextIO | None = None, *, human: bool | None = None) -> None:
    """Send all logging to `stream` (standard error), coloured for a terminal, as JSON lines otherwise.

    May be called again; the last call counts. `human` overrides the look at the terminal.
    """
    output = sys.stderr if stream is None else stream
    people = output.isatty() if human is None else human
    handler = logging.StreamHandler(output)
    handler.setFormatter(_formatter(people, colours=output.isatty()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in TAMED:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _shared() -> Iterable[Processor]:
    return (
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    )


def _formatter(people: bool, *, colours: bool) -> logging.Formatter:
    plain = structlog.dev.plain_traceback
    render: Processor = (
        structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain)
        if people
        else structlog.processors.JSONRenderer(default=str)
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_shared(), structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            _neutralise,
            render,
            _redact_line,
        ],
    )


def _neutralise(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Escape what could forge a line, and put first what a reader looks for first."""
    ordered = [key for key in FIRST if key in event] + [key for key in event if key not in FIRST]
    return {printable(key): _clean(event[key], lines=key in {"exception", "stack"}) for key in ordered}


def _clean(value: Any, *, lines: bool) -> Any:
    """Clean text, containers of text, and whatever would be shown by its str, before a renderer quotes it."""
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {printable(redact(str(key))): _clean(item, lines=lines) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item, lines=lines) for item in value]
    return printable(redact(str(value)), lines=lines)


def _redact_line(_logger: WrappedLogger, _method: str, line: str | Any) -> Any:
    return redact(line)
