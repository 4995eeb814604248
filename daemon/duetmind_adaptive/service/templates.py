"""Messages in the operator's own words: a Jinja file for each turn of an incident, in a folder of theirs.

`opened.j2`, `updated.j2`, `resolved.j2`, `review.j2` and `rolled_back.j2` are looked for; each line that one renders is
a line of the message, and a turn that has none keeps the built-in words. A template that cannot be read or rendered
never costs the message: people get the built-in words, the log says why. It reaches nothing but what it is given.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from duetmind_adaptive.contracts import Alert
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.policy.alerts import inert

log = get_logger(__name__)

SUFFIX = ".j2"
#: turns that may have a template
TURNS = ("opened", "updated", "resolved", "review", "rolled_back")
#: lines that a message keeps
MOST_LINES = 60


class Templates:
    """The templates of one folder; read anew for each message, so that a change needs no reload."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def word(self, alert: Alert) -> Alert:
        """The alert in the operator's words, where there are any for its turn."""
        worded, problem = self.try_to_word(alert)
        if problem:
            log.warning("alert.template_failed", template=f"{alert.status}{SUFFIX}", reason=problem)
        return worded

    def try_to_word(self, alert: Alert) -> tuple[Alert, str]:
        """As `word`, and why the built-in words were kept; an empty reason where nothing went wrong."""
        path = self._folder / f"{alert.status}{SUFFIX}"
        if alert.status not in TURNS or not path.is_file():
            return alert, ""
        try:
            text = _render(path.read_text(encoding="utf-8"), alert)
        except Exception as error:  # noqa: BLE001 - a template is a program of the operator's; it may fail in any way
            return alert, f"{path}: {type(error).__name__}: {' '.join(str(error).split())}"
        lines = tuple(line.strip() for line in text.splitlines() if line.strip())[:MOST_LINES]
        return (inert(replace(alert, lines=lines)), "") if lines else (alert, f"{path} rendered nothing")


def _render(source: str, alert: Alert) -> str:
    from jinja2 import StrictUndefined  # noqa: PLC0415 - loaded only where there are templates
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415 - the same

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    facts: dict[str, Any] = {
        "model": alert.model,
        "incident": alert.incident,
        "status": alert.status,
        "severity": alert.severity,
        "title": alert.title,
        "lines": list(alert.lines),
        "data": alert.event.data.model_dump(mode="json"),
    }
    return environment.from_string(source).render(facts)
