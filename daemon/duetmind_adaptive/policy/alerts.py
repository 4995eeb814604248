"""What people are told of an incident: one event in, one alert in plain sentences out.

Names in the data are written by strangers. Every text that leaves here is one printable line of bounded
length, so that no column name can break a log line, a terminal, a mail header or a chat message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from duetmind_adaptive.contracts import Alert
from duetmind_adaptive.event_data import ColumnEffect, DriftData, WindowData
from duetmind_adaptive.events import (
    AlertFailed,
    DriftDetected,
    DriftResolved,
    DriftUpdated,
    Event,
    ModelRolledBack,
    ReviewRequested,
    make,
)
from duetmind_adaptive.policy.explained import estimated, told_insights
from duetmind_adaptive.policy.rules import REVIEW_LIFE
from duetmind_adaptive.policy.texts import printable

#: the model that a test alert names
TEST_MODEL = "duetmind-test"

#: columns and findings an alert names; the rest is counted
NAMED_COLUMNS = 5
#: columns told in a line of their own
TOLD_COLUMNS = 3
NAMED_FINDINGS = 3

#: characters of a model's name, of a column's (so that a line holds NAMED_COLUMNS of them), and of one whole line
NAME_LIMIT = 80
COLUMN_LIMIT = 40
LINE_LIMIT = 400

#: effects below each bound, in [0, 1], are said with its word
EFFECT_WORDS = ((0.1, "slightly"), (0.25, "moderately"), (0.5, "strongly"))
LARGEST_EFFECT = "very strongly"

#: how an incident is titled, by its cause
TITLES = {"data": "Drift", "performance": "Model drift", "quality": "Broken data"}

#: what the daemon makes of an incident, by its cause
CONSEQUENCES = {
    "data": "Nothing is retrained for moved inputs alone; a metric that falls is told apart.",
    "performance": "Configured responses follow within their budget; `duetmind jobs` shows them.",
    "quality": "No retrain learns from broken data; mend the source and the next checks resolve this.",
}


def alert_from(event: Event) -> Alert | None:
    """The alert that tells people of `event`; None when the event is not about an incident.

    The title is the same for all alerts of one incident, so that mail and chat keep them together; the
    status says which of its turns this is.
    """
    match event:
        case DriftDetected():
            status, lines = "opened", _standing(event.data)
        case DriftUpdated():
            status, lines = "updated", _standing(event.data)
        case DriftResolved():
            status, lines = "resolved", _over(event.data, event.time)
        case ReviewRequested():
            return _question(event)
        case ModelRolledBack():
            return _taken_back(event)
        case _:
            return None
    data = event.data
    alert = Alert(
        id=event.id,
        event=event,
        model=data.model,
        incident=data.incident,
        status=status,
        severity=data.severity,
        title=_title(data),
        lines=tuple(line for line in lines if line),
    )
    return inert(alert)


#: what a review's subject would do to the model
_ASKED = {
    "retrain_model": "{model} be retrained",
    "rollback": "{model} be rolled back to version {version}",
    "promote_version": "version {version} of {model} serve",
}


def _question(event: ReviewRequested) -> Alert:
    """A review: what is asked, why, how to answer, and what no answer means."""
    data, model = event.data, printable(event.data.model, NAME_LIMIT)
    lines = (
        f"May {_ASKED.get(data.subject, data.subject).format(model=model, version=data.version)}? {data.reason}.",
        f"Yes: duetmind review approve {data.review}",
        f"No: duetmind review reject {data.review}",
        f"Without an answer by {_moment(data.until or event.time + REVIEW_LIFE)} nothing is done.",
    )
    alert = Alert(
        id=event.id, event=event, model=data.model, incident=data.review, status="review", severity="medium",
        title=f"{'Not answered yet' if data.reminder else 'Review asked for'}: {data.subject} of {model}", lines=lines,
    )  # fmt: skip
    return inert(alert)


def _taken_back(event: ModelRolledBack) -> Alert:
    """A promotion that did not hold: which version serves now, and why."""
    data, model = event.data, printable(event.data.model, NAME_LIMIT)
    lines = (
        f"Version {data.version} of {model} serves again: version {data.previous} did worse on the rows since.",
        f"Version {data.previous} does not come back by itself; duetmind promote would bring it back.",
        "Nothing is retrained for some windows. Look closer with: duetmind events",
    )
    alert = Alert(
        id=event.id, event=event, model=data.model, incident=event.id, status="rolled_back", severity="high",
        title=f"Promotion taken back: {model}", lines=lines,
    )  # fmt: skip
    return inert(alert)


def told_along(alert: Alert, others: Sequence[DriftData]) -> Alert:
    """The alert with a line for each other incident of the model that is told by it."""
    lines = (f"Open as well: {_title(each)}, severity {each.severity} ({each.incident})." for each in others)
    return inert(replace(alert, lines=(*alert.lines, *lines)))


def told_instead(alert: Alert, failed: AlertFailed) -> Alert:
    """The alert as another channel tells it: first that, and why, the channel that should have could not."""
    data = failed.data
    trying = "is still tried" if not data.final else "was given up"
    first = f"The channel {data.channel} could not tell this, so it is told here: {data.reason}; it {trying} there."
    return inert(replace(alert, id=failed.id, lines=(first, *alert.lines)))


def trial_alert(channel: str, *, id: str, now: datetime) -> Alert:
    """A message that tells of nothing: its status is `test`, its event's reason too, and it names no model of yours."""
    data = DriftData(
        model=TEST_MODEL, incident=id, cause="data", window=WindowData(first_row=0, last_row=0, rows=0), drift=False,
        severity="low", reason="test", opened=now,
    )  # fmt: skip
    lines = (
        "This is a test: nothing has drifted, and nothing is to be done.",
        f"Alerts that are routed to the channel {channel} arrive here.",
        "Sent by: duetmind alerts test",
    )
    event = make(DriftDetected, data, id=id, time=now)
    alert = Alert(
        id=id, event=event, model=TEST_MODEL, incident=id, status="test", severity="low",
        title="Test alert from DuetMind", lines=lines,
    )  # fmt: skip
    return inert(alert)


def inert(alert: Alert) -> Alert:
    """The alert with every text a person reads made printable; the event inside stays as it is."""
    return replace(
        alert,
        model=printable(alert.model, NAME_LIMIT),
        status=printable(alert.status, NAME_LIMIT),
        severity=printable(alert.severity, NAME_LIMIT),
        title=printable(alert.title, LINE_LIMIT),
        lines=tuple(printable(line, LINE_LIMIT) for line in alert.lines),
    )


def _title(data: DriftData) -> str:
    return f"{TITLES.get(data.cause, 'Drift')} in {printable(data.model, NAME_LIMIT)} since {_moment(data.opened)}"


def _standing(data: DriftData) -> tuple[str, ...]:
    """An open incident: what, since when, how much, what it does to the metric, what happens, where to look."""
    return (
        _what(data),
        _where(data),
        _columns(data),
        *_in_words(data),
        _metric(data),
        *told_insights(data),
        *_findings(data),
        f"Told because: {_words(data.reason)}. {CONSEQUENCES.get(data.cause, '')}".rstrip(),
        f"Why, and who was told: duetmind incidents explain {data.incident}",
        _commands(data),
    )


def _commands(data: DriftData) -> str:
    """What a person may do at once."""
    quiet = f"duetmind silence {printable(data.model, NAME_LIMIT)} --for 2h"
    return f"Take it on: duetmind incidents ack {data.incident}; be left alone: {quiet}"


def _over(data: DriftData, now: datetime) -> tuple[str, ...]:
    """A resolved incident; its severity and kinds are the worst it had."""
    lasted = timedelta(seconds=round((now - data.opened).total_seconds()))
    return (
        f"This is over: {_words(data.reason)}. It lasted {lasted} and was of {data.severity} severity.",
        _where(data),
        _metric(data),
        f"Look back with: duetmind incidents explain {data.incident}",
    )


def _what(data: DriftData) -> str:
    severity = f"Severity {data.severity}"
    if data.cause == "quality":
        return f"{severity}: the data is broken rather than merely different."
    kinds = " and ".join(data.kinds) or "data"
    return f"{severity}: {kinds} drift; {data.drifted} of {data.columns} columns moved."


def _where(data: DriftData) -> str:
    window = data.window
    seen = f"Seen in {window.rows} rows, from row {window.first_row} up to row {window.last_row}"
    if window.start and window.end:
        seen += f", {_moment(window.start)} to {_moment(window.end)}"
    return f"{seen}."


def _columns(data: DriftData) -> str:
    if not data.top:
        return ""
    named = data.top[:NAMED_COLUMNS]
    more = max(data.drifted, len(data.top)) - len(named)
    return f"Moved most: {', '.join(map(_moved, named))}{f', +{more} more' if more else ''} (from 0 to 1)."


def _in_words(data: DriftData) -> tuple[str, ...]:
    """How the columns moved that moved most, a line for each."""
    told = [each for each in data.top[:NAMED_COLUMNS] if each.words][:TOLD_COLUMNS]
    return tuple(f"'{printable(each.column, COLUMN_LIMIT)}': {printable(each.words, LINE_LIMIT)}." for each in told)


def _moved(column: ColumnEffect) -> str:
    word = next((word for bound, word in EFFECT_WORDS if column.effect < bound), LARGEST_EFFECT)
    return f"'{printable(column.column, COLUMN_LIMIT)}' {word} ({column.effect:.2f})"


def _metric(data: DriftData) -> str:
    name = data.metric_name or "metric"
    if data.metric is None:
        return estimated(name, data.insights.estimate)
    if data.metric_reference is None:
        return f"The {name} of these rows is {data.metric:.4g}."
    change = data.metric - data.metric_reference
    side = f"{abs(change):.4g} {'below' if change < 0 else 'above'}" if change else "the same as"
    return f"The {name} of these rows is {data.metric:.4g}, {side} the reference of {data.metric_reference:.4g}."


def _findings(data: DriftData) -> tuple[str, ...]:
    named = tuple(f"Found: {printable(each.message, LINE_LIMIT)}" for each in data.findings[:NAMED_FINDINGS])
    more = len(data.findings) - len(named) + data.more_findings
    return (*named, f"+{more} more findings.") if more else named


def _words(reason: str) -> str:
    return reason.replace("_", " ")


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M %Z}"
