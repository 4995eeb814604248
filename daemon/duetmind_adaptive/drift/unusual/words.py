"""An unusual window in one sentence: what it has, and what windows like it had."""

from __future__ import annotations

from datetime import UTC, datetime

from duetmind_adaptive.drift.calm.null import Season

DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def told(subject: str, value: float, low: float, high: float, *, seasons: set[Season], moment: float) -> str:
    """The sentence.

    Examples
    --------
    >>> told("rows", 214, 980, 1_050, seasons={"day of week", "hour of day"}, moment=0.0)
    'this window has 214 rows; Thursdays at this hour had 980 to 1,050'
    >>> told("missing:age", 0.5, 0.01, 0.03, seasons=set(), moment=0.0)
    "50% of 'age' is missing in this window; windows before had 1% to 3%"
    """
    name, _, column = subject.partition(":")
    usual = f"{_number(name, low)} to {_number(name, high)}"
    return f"{_this(name, column, _number(name, value))}; {_like(seasons, moment)} had {usual}"


def _this(name: str, column: str, value: str) -> str:
    sentences = {
        "rows": f"this window has {value} rows",
        "metric": f"the metric of this window is {value}",
        "answers": f"the model's answers are {value} on average in this window",
        "seconds": f"this check took {value} s",
        "missing": f"{value} of '{column}' is missing in this window",
        "effect": f"'{column}' differs from the reference by {value} in this window",
    }
    return sentences[name]


def _like(seasons: set[Season], moment: float) -> str:
    at = datetime.fromtimestamp(moment, UTC) if seasons else None
    if at is None:
        return "windows before"
    days = DAYS[at.weekday()] if "day of week" in seasons else "windows"
    hours = " at this hour" if "hour of day" in seasons else ""
    months = f" in {MONTHS[at.month - 1]}" if "month" in seasons else ""
    return f"{days}{hours}{months}"


def _number(name: str, value: float) -> str:
    if name == "missing":
        return f"{100 * value:.2g}%"
    return f"{value:,.0f}" if name == "rows" else f"{value:.3g}"
