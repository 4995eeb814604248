"""Where the program's own log lines go: to the daemon's set-up where there is one, else to standard logging.

In a daemon `service.logs.configure` has set structlog up, and so may an application that uses it: then that decides. In
any other process each line is a record of the standard logger named after its module, below `duetmind_adaptive`: its
message is the event and its facts, and the facts are also a mapping in `record.facts`. Nothing is printed: without a
handler of the application's there is silence. structlog's own settings are left as they are.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, cast

import structlog
from structlog.stdlib import BoundLogger, filter_by_level
from structlog.types import EventDict, Processor, WrappedLogger

from duetmind_adaptive.redaction import printable, redact

#: frames between the standard logger and whoever logs
_STACK = 4

logging.getLogger("duetmind_adaptive").addHandler(logging.NullHandler())


class LibraryLogger:
    """Finds the logger to use when a line is written, because set-up may come after import."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, method: str) -> Any:
        return getattr(self._current(), method)

    def _current(self) -> Any:
        if structlog.is_configured():
            return structlog.stdlib.get_logger(self._name)
        return structlog.wrap_logger(
            logging.getLogger(self._name), processors=_PROCESSORS, wrapper_class=BoundLogger
        ).bind()


def get_logger(name: str) -> BoundLogger:
    """The logger of a module.

    Parameters
    ----------
    name
        Its `__name__`.

    Examples
    --------
    >>> get_logger("duetmind_adaptive.example").info("example.happened", rows=3)  # nobody listens
    """
    return cast("BoundLogger", LibraryLogger(name))


def _as_record(_logger: WrappedLogger, _method: str, event: EventDict) -> tuple[tuple[str], dict[str, Any]]:
    """What the standard logger's method is called with."""
    passed: dict[str, Any] = {key: event.pop(key) for key in ("exc_info", "stack_info") if event.get(key) is not None}
    said = printable(redact(str(event.pop("event", ""))))
    facts = {printable(str(key)): _clean(value) for key, value in event.items()}
    text = " ".join([said, *(f"{key}={value!r}" for key, value in facts.items())])
    return (text,), {**passed, "extra": {"facts": facts}, "stacklevel": _STACK}


def _clean(value: object) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {printable(str(key)): _clean(each) for key, each in cast("Mapping[object, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_clean(each) for each in cast("list[object]", value)]
    return printable(redact(str(value)))


_PROCESSORS: list[Processor] = [
    filter_by_level,
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.PositionalArgumentsFormatter(),
    _as_record,  # pyright: ignore[reportAssignmentType] - structlog takes arguments of the method as well
]
