"""The clock of the data stands still: `stale_partition`, which breaks.

Either a window ends no later than the one before it ended, though both have a length; or all of its rows bear one
time, for twice as many rows as the reference ever had in a row.
"""

from __future__ import annotations

from collections.abc import Iterator

from duetmind_adaptive.drift.quality.constant import CONSTANT_ROWS, CONSTANT_RUNS
from duetmind_adaptive.records import Finding, Window


def find(window: Window, earlier: Window | None = None, longest_moment: int | None = None) -> Iterator[Finding]:
    """Tell that the times of a window do not go on.

    Parameters
    ----------
    window
        What was checked.
    earlier
        The window before it; None when nobody knows.
    longest_moment
        Most rows in a row that bore one time in the reference; None when nobody knows.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> morning = {"start": datetime(2026, 1, 1, 8, tzinfo=UTC), "end": datetime(2026, 1, 1, 9, tzinfo=UTC)}
    >>> first, again = Window(first_row=0, last_row=9, **morning), Window(first_row=9, last_row=18, **morning)
    >>> [finding.code for finding in find(again, first)], list(find(first))
    (['stale_partition'], [])
    """
    if window.start is None or window.end is None:
        return
    if earlier is not None and earlier.end is not None and _stands(window, earlier):
        until = f"{window.end.isoformat()}, the one before it at {earlier.end.isoformat()}"
        message = f"the window's times do not go on: it ends at {until}"
    elif window.start == window.end and longest_moment is not None and _frozen(window, longest_moment):
        usual = f"the reference had at most {longest_moment:,} rows of one time"
        message = f"all {window.rows:,} rows bear the time {window.start.isoformat()}; {usual}"
    else:
        return
    yield Finding(code="stale_partition", message=message, count=window.rows, breaks=True)


def _frozen(window: Window, longest_moment: int) -> bool:
    return window.rows >= max(CONSTANT_ROWS, CONSTANT_RUNS * longest_moment)


def _stands(window: Window, earlier: Window) -> bool:
    """Times may repeat at the border, and a long stretch of one time may fill whole windows."""
    if window.end is None or earlier.end is None or window.start == window.end:
        return False
    return window.end <= earlier.end
