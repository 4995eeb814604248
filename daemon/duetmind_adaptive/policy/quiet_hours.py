"""Hours in which people sleep: what is not grave enough waits for their end. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """Every day from one time to another, in a time zone; over midnight where it begins later than it ends."""

    begin: time
    end: time
    timezone: str = "UTC"
    #: severities that are told all the same
    unless: tuple[str, ...] = ("critical",)

    def until(self, now: datetime, severity: str | None) -> datetime | None:
        """The end of the quiet hours that `now` lies in; None outside them and for what cannot wait.

        Examples
        --------
        >>> from datetime import UTC
        >>> night = QuietHours(begin=time(22), end=time(7), timezone="Europe/Berlin")
        >>> night.until(datetime(2026, 1, 5, 23, tzinfo=UTC), "high")
        datetime.datetime(2026, 1, 6, 6, 0, tzinfo=datetime.timezone.utc)
        >>> night.until(datetime(2026, 1, 5, 12, tzinfo=UTC), "high") is None
        True
        >>> night.until(datetime(2026, 1, 5, 23, tzinfo=UTC), "critical") is None
        True
        """
        if severity in self.unless:
            return None
        here = now.astimezone(ZoneInfo(self.timezone))
        for day in (here.date() - timedelta(days=1), here.date()):
            last = day if self.begin < self.end else day + timedelta(days=1)
            begin = datetime.combine(day, self.begin, here.tzinfo)
            end = datetime.combine(last, self.end, here.tzinfo)
            if begin <= here < end:
                return end.astimezone(now.tzinfo)
        return None
