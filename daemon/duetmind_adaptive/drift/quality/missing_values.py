"""Values are missing that used to be there: `null_flood`, which breaks, and `nulls_up`, which does not."""

from __future__ import annotations

from collections.abc import Iterator

from duetmind_adaptive.drift.quality.pair import Pair, exceeds
from duetmind_adaptive.records import Finding

#: a window with this share of missing values is flooded …
FLOOD_SHARE = 0.5
#: … when it is this much above the reference's share
FLOOD_RISE = 0.4
#: rise of the missing share that is worth telling
NULLS_RISE = 0.1


def find(pair: Pair) -> Iterator[Finding]:
    """Tell that more values are missing than in the reference, beyond chance."""
    before, after = pair.reference, pair.current
    rise = after.missing_share - before.missing_share
    if rise < NULLS_RISE or not exceeds(after.missing, after.rows, before.missing_share):
        return
    flood = after.missing_share >= FLOOD_SHARE and rise >= FLOOD_RISE
    shares = f"{after.missing_share:.0%} of the current data, {before.missing_share:.0%} of the reference"
    code = "null_flood" if flood else "nulls_up"
    yield pair.finding(code, f"is missing in {shares}", count=after.missing, breaks=flood)
