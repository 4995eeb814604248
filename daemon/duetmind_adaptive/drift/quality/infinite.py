"""Infinite values where the reference had none: `infinite_values`."""

from __future__ import annotations

from collections.abc import Iterator

from duetmind_adaptive.drift.quality.pair import Pair
from duetmind_adaptive.records import Finding


def find(pair: Pair) -> Iterator[Finding]:
    """Tell that a column holds infinite values now."""
    held = pair.current.infinite
    if held and not pair.reference.infinite:
        yield pair.finding("infinite_values", f"holds {held:,} infinite values, the reference none", count=held)
