"""Numbers far beyond what the reference ever held: `out_of_range`.

A new maximum is no news: of n values drawn alike, the next one lies beyond the n before it with probability
1 / (n + 1) at either end. So the share beyond must exceed 2 / (n + 1) beyond chance, and each value counted lies
outside by `MARGIN` of the reference's range, so that a slow rise is told as drift and not as this.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from duetmind_adaptive.drift.quality.pair import EXAMPLES, Pair, exceeds
from duetmind_adaptive.records import Finding

#: how far outside a value must lie, as a share of the reference's range: a tenth is beyond noise at the edges
MARGIN = 0.1


def find(pair: Pair) -> Iterator[Finding]:
    """Tell how many numbers lie outside, and the most extreme ones."""
    before, after = pair.reference.values, pair.current.values
    if pair.reference.kind != "numeric" or not before.size or not after.size:
        return
    low, high = float(before[0]), float(before[-1])
    margin = MARGIN * (high - low)
    if after[0] >= low - margin and after[-1] <= high + margin:
        return
    below, above = np.searchsorted(after, low - margin), after.size - np.searchsorted(after, high + margin, "right")
    if not exceeds(int(below + above), after.size, 2 / (pair.reference.present + 1)):
        return
    count = round((below + above) / after.size * (pair.current.present - pair.current.infinite))
    extremes = [*after[:below][:EXAMPLES], *after[after.size - above :][::-1][:EXAMPLES]]
    examples = tuple(f"{value:g}" for value in dict.fromkeys(extremes))[:EXAMPLES]
    message = f"holds {count:,} values far outside the reference's {low:g} to {high:g}: {', '.join(examples)}"
    yield pair.finding("out_of_range", message, count=count, examples=examples)
