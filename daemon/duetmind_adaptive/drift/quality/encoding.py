"""Text that was decoded wrongly somewhere on its way: `encoding_broken`.

`mojibake` knows the marks. Languages write none of them, but a reference that always held some is not broken by
holding them still: only a share above the reference's counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from duetmind_adaptive.drift.quality.pair import Pair, exceeds, listed
from duetmind_adaptive.records import Finding

#: share of garbled rows above the reference's that is worth telling: one row in a hundred is no typing mistake
RISE = 0.01


def find(pair: Pair) -> Iterator[Finding]:
    """Tell that texts are garbled now; nothing when the reference's share is not known."""
    before, after = pair.reference, pair.current
    if after.garbled is None or before.garbled is None or not before.present:
        return
    usual = before.garbled / before.present
    if exceeds(after.garbled, after.present, usual + RISE):
        message = f"holds {after.garbled:,} texts in a broken encoding: {listed(after.garbled_examples)}"
        yield pair.finding("encoding_broken", message, count=after.garbled, examples=after.garbled_examples)
