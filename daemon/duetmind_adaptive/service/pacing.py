"""A channel's rate limit: every message has its turn, evenly spaced, and waits for it in the store."""

from __future__ import annotations

from datetime import datetime, timedelta


class Pacer:
    """Gives out turns. What it remembers is lost with the process, which at worst gives one turn too early.

    Examples
    --------
    >>> pacer, now, second = Pacer(), datetime(2026, 1, 1), timedelta(seconds=1)
    >>> [(pacer.turn(delivery, now, second) - now).seconds for delivery in (1, 2, 3, 2)]
    [0, 1, 2, 1]
    """

    def __init__(self) -> None:
        self._turns: dict[int, datetime] = {}
        self._last: datetime | None = None

    def turn(self, delivery: int, now: datetime, interval: timedelta) -> datetime:
        """When it is this delivery's turn: not later than `now` means that it is, and uses it up."""
        if not interval:
            return now
        given = self._turns.pop(delivery, None)
        if given is None:
            given = now if self._last is None else max(now, self._last + interval)
            self._last = given
        if given > now:
            self._turns[delivery] = given
        return given
