"""A column froze: `constant_column`.

A month's batch that holds one month only is not frozen: the reference had such stretches too, and `longest_run`
remembers how long they were.
"""

from __future__ import annotations

from collections.abc import Iterator

from duetmind_adaptive.drift.quality.pair import Pair
from duetmind_adaptive.records import Finding

#: fewest rows in which a constant column means anything
CONSTANT_ROWS = 30
#: how many times the reference's longest run of one value a constant window must last
CONSTANT_RUNS = 2


def find(pair: Pair) -> Iterator[Finding]:
    """Tell that a column holds one value for longer than it ever did."""
    before, after = pair.reference, pair.current
    rows = max(CONSTANT_ROWS, CONSTANT_RUNS * before.longest_run)
    if after.distinct != 1 or before.distinct <= 1 or after.present < rows:
        return
    value = after.categories[0] if after.categories else f"{after.values[0]:g}" if after.values.size else ""
    runs = f"never for more than {before.longest_run:,} rows in the reference"
    message = f"holds one value for all {after.present:,} rows of the current data, {runs}"
    yield pair.finding("constant_column", message, count=after.present, examples=(value,) * bool(value), breaks=True)
