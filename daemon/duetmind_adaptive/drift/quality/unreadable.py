"""A column that nothing can be said about, though the reference could be read: `unreadable_column`."""

from __future__ import annotations

from collections.abc import Iterator

from duetmind_adaptive.drift.quality.pair import Pair
from duetmind_adaptive.records import Finding


def find(pair: Pair) -> Iterator[Finding]:
    """Tell why a column cannot be read any more."""
    if pair.current.untested and not pair.reference.untested:
        yield pair.finding("unreadable_column", f"cannot be compared: {pair.current.untested}", breaks=True)
