"""Categories that the reference never held: `unseen_categories`, beyond what its own rarity foretells.

A column of many rare categories always brings new ones; the reference's share of categories seen once tells how many
rows of new ones to expect (Good–Turing).

Reference
---------
I. J. Good, "The population frequencies of species and the estimation of population parameters", Biometrika 40 (1953).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from duetmind_adaptive.drift.quality.pair import EXAMPLES, Pair, exceeds, listed
from duetmind_adaptive.records import Finding


def find(pair: Pair) -> Iterator[Finding]:
    """Tell that more rows hold unseen categories than foretold."""
    before, after, new = pair.reference, pair.current, set(pair.unseen)
    if not new:
        return
    rows = sum(int(count) for name, count in zip(after.categories, after.counts, strict=True) if name in new)
    foretold = np.count_nonzero(before.counts == 1) / max(before.present, 1)
    if exceeds(rows, after.present, float(foretold)):
        categories = "category" if len(new) == 1 else "categories"
        message = f"holds {len(new):,} {categories} that the reference never held: {listed(pair.unseen)}"
        yield pair.finding("unseen_categories", message, count=len(new), examples=pair.unseen[:EXAMPLES])
