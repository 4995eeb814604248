"""A forecast in one sentence that anybody understands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from duetmind_adaptive.check_report import Forecast

#: intervals shorter than this are told to the minute
SHORT = timedelta(days=2)
COLUMN = "column:"


def sentence(forecast: Forecast, *, falls: bool, now: datetime | None) -> str:
    """What will cross, and between when and when.

    Parameters
    ----------
    forecast
        With its moments where windows have times.
    falls
        Whether the threshold is crossed downwards.
    now
        The end of the newest window.

    Examples
    --------
    >>> now = datetime(2026, 11, 25, tzinfo=UTC)
    >>> days = [now + timedelta(days=after) for after in (8, 10, 14)]
    >>> seen = Forecast(subject="accuracy", value=0.85, threshold=0.82, windows=10, low=8, high=14, horizon=60,
    ...     low_at=days[0], at=days[1], high_at=days[2])
    >>> sentence(seen, falls=True, now=now)
    'At this rate the accuracy falls below 0.82 between 3 and 9 December.'
    """
    what = f"{_subject(forecast.subject)} {'falls below' if falls else 'rises above'} {forecast.threshold:.3g}"
    first = _earliest(forecast, now)
    if forecast.windows is None:
        return f"At this rate {what} {first} at the earliest, and perhaps not within {forecast.horizon} windows."
    if forecast.high is None:
        return f"At this rate {what} {first} at the earliest, or after more than {forecast.horizon} windows."
    return f"At this rate {what} {_between(forecast, now)}."


def _subject(subject: str) -> str:
    return f"the drift of '{subject.removeprefix(COLUMN)}'" if subject.startswith(COLUMN) else f"the {subject}"


def _earliest(forecast: Forecast, now: datetime | None) -> str:
    if forecast.low_at is None or now is None:
        return f"in {forecast.low or 0:.0f} windows"
    return f"on {_told(forecast.low_at, now, brief=forecast.low_at - now < SHORT)}"


def _between(forecast: Forecast, now: datetime | None) -> str:
    if forecast.low_at is None or forecast.high_at is None or now is None:
        return f"within {forecast.low:.0f} to {forecast.high:.0f} windows"
    low, high = forecast.low_at.astimezone(UTC), forecast.high_at.astimezone(UTC)
    brief = high - low < SHORT
    if brief and low.date() == high.date():
        return f"between {low:%H:%M} and {high:%H:%M} on {_told(high, now, brief=False)}"
    if not brief and (low.year, low.month) == (high.year, high.month):
        return f"between {low.day} and {_told(high, now, brief=False)}"
    return f"between {_told(low, now, brief=brief)} and {_told(high, now, brief=brief)}"


def _told(moment: datetime, now: datetime, *, brief: bool) -> str:
    """A day, with its year where that is another one than now, and with its hour where that matters."""
    moment = moment.astimezone(UTC)
    day = f"{moment.day} {moment:%B}" + (f" {moment.year}" if moment.year != now.year else "")
    return f"{day} {moment:%H:%M}" if brief else day
