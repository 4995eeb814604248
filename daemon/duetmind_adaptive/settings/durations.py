"""Durations as people write them (`90s`, `15m`, `24h`, `7d`) to `timedelta` and back.

Plain numbers are seconds, because the guide's `system_config.yaml` writes its intervals that way.
"""

from __future__ import annotations

import math
import re
from datetime import timedelta

#: seconds per unit, largest first, so that formatting takes the largest unit that divides
_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PATTERN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([smhd]?)\s*", re.ASCII)
_ALLOWED = "a duration such as 90s, 15m, 24h or 7d (a plain number is seconds)"


def parse_duration(value: object) -> timedelta:
    """Read a duration of zero or more seconds.

    Parameters
    ----------
    value
        A `timedelta` (passed through), a number of seconds, or text such as `15m`.

    Raises
    ------
    ValueError
        With what is allowed, if `value` is negative, not finite, or anything else.

    Examples
    --------
    >>> parse_duration("15m"), parse_duration(3600), parse_duration("1.5h")
    (datetime.timedelta(seconds=900), datetime.timedelta(seconds=3600), datetime.timedelta(seconds=5400))
    >>> parse_duration("a while")
    Traceback (most recent call last):
        ...
    ValueError: a duration such as 90s, 15m, 24h or 7d (a plain number is seconds)
    """
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
    elif isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    else:
        match = _PATTERN.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise ValueError(_ALLOWED)
        seconds = float(match[1]) * _UNITS[match[2] or "s"]
    if not math.isfinite(seconds) or not 0 <= seconds <= timedelta.max.total_seconds() / 2:
        raise ValueError(_ALLOWED)
    return timedelta(seconds=seconds)


def format_duration(value: timedelta) -> str:
    """Write a duration in the largest unit that divides it; `parse_duration` reads it back unchanged.

    Examples
    --------
    >>> format_duration(timedelta(hours=36)), format_duration(timedelta(days=7)), format_duration(timedelta(0))
    ('36h', '7d', '0s')
    >>> format_duration(timedelta(milliseconds=1500))
    '1.5s'
    """
    seconds, fraction = divmod(value, timedelta(seconds=1))
    if fraction:
        return f"{seconds}.{fraction.microseconds:06d}".rstrip("0") + "s"
    unit = next((unit for unit, size in _UNITS.items() if seconds and seconds % size == 0), "s")
    return f"{seconds // _UNITS[unit]}{unit}"
