"""Writes each alert as a line of a file, once: `alerts: {channels: {desk: {type: notebook, path: /tmp/alerts.md}}}`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from duetmind_adaptive.contracts import Alert, Attempt, Delivered, Outcome
from duetmind_adaptive.errors import ConfigError


class Notebook:
    """The alert's id stands in its line, so that a repeat is told."""

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.path = name, path

    async def send(self, alert: Alert, attempt: Attempt) -> Outcome:  # noqa: ARG002 - the contract's
        """Append the line, unless it is there."""
        if not self.path.exists() or alert.id not in self.path.read_text():
            with self.path.open("a") as file:
                file.write(f"- {alert.severity}: {alert.title} ({alert.id})\n")
        return Delivered(str(self.path))

    async def close(self) -> None:
        """Nothing is held open."""


def create(name: str, options: Mapping[str, Any]) -> Notebook:
    """A channel of the type `notebook`."""
    if set(options) != {"path"}:
        raise ConfigError(f"alerts.channels.{name}: give `path`, not {', '.join(options) or 'nothing'}")
    return Notebook(name, Path(options["path"]))
