"""The log channel: an alert as one structured log event, `alert.opened` or `alert.resolved`.

Options: none. It cannot fail, so it is the channel that is always on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from duetmind_adaptive.contracts import Alert, Attempt, Delivered, Outcome
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.policy.alerts import inert
from duetmind_handlers.alerts.options import Options, read_options

_log = get_logger(__name__)

#: statuses that are worth a warning; the others are good news or a test
_WORRYING: Final = frozenset({"opened", "updated"})


class LogChannel:
    """Writes alerts to the daemon's own log."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def send(self, alert: Alert, attempt: Attempt) -> Outcome:
        """Write one log event with the alert's facts; the alert's id tells a repeat."""
        said = inert(alert)
        write = _log.warning if said.status in _WORRYING else _log.info
        write(
            f"alert.{said.status}",
            channel=self.name,
            alert=said.id,
            incident=said.incident,
            model=said.model,
            severity=said.severity,
            title=said.title,
            lines=said.lines,
            attempt=attempt.number,
        )
        return Delivered("written to the log")

    async def close(self) -> None:
        """Nothing to let go of."""


def create(name: str, options: Mapping[str, Any]) -> LogChannel:
    """Make the channel; raises ConfigError when given a setting, for it has none."""
    read_options(Options, name, options)
    return LogChannel(name)
