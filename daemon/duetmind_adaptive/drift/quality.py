"""Data-quality findings: what is broken or odd in a window, told apart from drift.

| code | when | breaks |
| --- | --- | --- |
| `missing_column` | a feature of the reference is not in the window | yes |
| `retyped` | a feature holds another family of values | yes; no between boolean and number |
| `null_flood` | at least half of the values are missing, 0.4 more than in the reference | yes |
| `nulls_up` | the missing share grew by at least 0.1 | no |
| `constant_column` | one value only, for twice as many rows as it ever lasted in the reference | yes |
| `infinite_values` | infinite values, of which the reference had none | no |
| `unseen_categories` | more rows of categories that the reference never held than its own rarity foretells | no |
| `unreadable_column` | the column's values cannot be read, or its name appears twice | yes |
| `new_column` | a column that the reference did not have | no |

A finding *breaks* when nothing may be learned from such rows. Shares are judged with a 99.9 % Wilson bound, so that
a handful of rows raises no alarm. A month's batch that holds one month only is not broken: the reference had
such stretches too, and `longest_run` remembers how long they were. A column of many rare categories always brings
new ones: the reference's share of categories seen once tells how many to expect.

Reference
---------
I. J. Good, "The population frequencies of species and the estimation of population parameters", Biometrika 40 (1953).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from duetmind_adaptive.drift.columns import ColumnProfile
from duetmind_adaptive.records import Finding
from duetmind_adaptive.stats.intervals import wilson

#: a window with this share of missing values is flooded …
FLOOD_SHARE = 0.5
#: … when it is this much above the reference's share
FLOOD_RISE = 0.4
#: rise of the missing share that is worth telling
NULLS_RISE = 0.1
#: fewest rows in which a constant column means anything
CONSTANT_ROWS = 30
#: how many times the reference's longest run of one value a constant window must last
CONSTANT_RUNS = 2
#: confidence of the bound on a share
CONFIDENCE = 0.999
#: categories, or column names, quoted in a finding
EXAMPLES = 5


def column_findings(reference: ColumnProfile, current: ColumnProfile, unseen: tuple[str, ...]) -> Iterator[Finding]:
    """Tell what is broken or odd in one column that both sides have in a comparable type.

    Parameters
    ----------
    reference, current
        Summaries of the column.
    unseen
        The categories of the window that the reference never held, most frequent first.
    """
    if current.untested:
        if not reference.untested:
            yield _finding(current, "unreadable_column", f"{current.name}: {current.untested}", breaks=True)
        return
    yield from _missing_values(reference, current)
    if _became_constant(reference, current):
        runs = f"never for more than {reference.longest_run:,} rows in the reference"
        message = f"{current.name} holds one value for all {current.present:,} rows of the window, {runs}"
        yield _finding(current, "constant_column", message, count=current.present, breaks=True)
    if current.infinite and not reference.infinite:
        message = f"{current.name} holds {current.infinite:,} infinite values, the reference none"
        yield _finding(current, "infinite_values", message, count=current.infinite)
    if unseen and _more_unseen_than_foretold(reference, current, unseen):
        names = ", ".join(map(repr, unseen[:EXAMPLES])) + (", …" if len(unseen) > EXAMPLES else "")
        message = f"{current.name} holds {len(unseen):,} categories that the reference never held: {names}"
        yield _finding(current, "unseen_categories", message, count=len(unseen), examples=unseen[:EXAMPLES])


def _missing_values(reference: ColumnProfile, current: ColumnProfile) -> Iterator[Finding]:
    rise = current.missing_share - reference.missing_share
    if not current.rows or rise < NULLS_RISE:
        return
    if wilson(current.missing, current.rows, CONFIDENCE).low <= reference.missing_share:
        return
    flood = current.missing_share >= FLOOD_SHARE and rise >= FLOOD_RISE
    shares = f"{current.missing_share:.0%} of the window, {reference.missing_share:.0%} of the reference"
    message = f"{current.name} is missing in {shares}"
    yield _finding(current, "null_flood" if flood else "nulls_up", message, count=current.missing, breaks=flood)


def _more_unseen_than_foretold(reference: ColumnProfile, current: ColumnProfile, unseen: tuple[str, ...]) -> bool:
    new = set(unseen)
    rows = sum(int(count) for name, count in zip(current.categories, current.counts, strict=True) if name in new)
    foretold = np.count_nonzero(reference.counts == 1) / max(reference.present, 1)
    return wilson(rows, current.present, CONFIDENCE).low > foretold


def _became_constant(reference: ColumnProfile, current: ColumnProfile) -> bool:
    rows = max(CONSTANT_ROWS, CONSTANT_RUNS * reference.longest_run)
    return current.distinct == 1 and reference.distinct > 1 and current.present >= rows


def _finding(
    profile: ColumnProfile,
    code: str,
    message: str,
    *,
    count: int | None = None,
    examples: tuple[str, ...] = (),
    breaks: bool = False,
) -> Finding:
    return Finding(code=code, message=message, column=profile.name, count=count, examples=examples, breaks=breaks)


def missing_column(name: str) -> Finding:
    """Tell that a feature is gone."""
    return Finding(code="missing_column", message=f"{name} is not in the window", column=name, breaks=True)


def retyped(reference: ColumnProfile, current: ColumnProfile, *, breaks: bool) -> Finding:
    """Tell that a feature now holds another family of values."""
    message = f"{reference.name} is {current.type} in the window and {reference.type} in the reference"
    return Finding(code="retyped", message=message, column=reference.name, breaks=breaks)


def new_column(name: str) -> Finding:
    """Tell that a column has come that the reference did not have."""
    return Finding(code="new_column", message=f"{name} is in the window and not in the reference", column=name)
