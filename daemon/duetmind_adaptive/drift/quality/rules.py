"""The rules of a column in the order they are tried, and the table of everything that a window is told.

| code | when | breaks |
| --- | --- | --- |
| `missing_column` | a feature of the reference is not in the window | yes |
| `renamed_column` | a feature is gone, and a new column holds its distribution | yes |
| `retyped` | a feature holds another family of values | yes; no between boolean and number |
| `number_as_text` | a feature's numbers came as text: 80 % of it reads as numbers | yes |
| `unreadable_column` | the column's values cannot be read, or its name appears twice | yes |
| `null_flood` | at least half of the values are missing, 0.4 more than in the reference | yes |
| `nulls_up` | the missing share grew by at least 0.1 | no |
| `constant_column` | one value only, for twice as many rows as it ever lasted in the reference | yes |
| `unit_change` | the values are the reference's times a constant | yes |
| `out_of_range` | more values than chance explains lie a tenth of the range beyond the reference's | no |
| `infinite_values` | infinite values, of which the reference had none | no |
| `unseen_categories` | more rows of categories that the reference never held than its own rarity foretells | no |
| `encoding_broken` | garbled texts in 1 % more of the rows than in the reference | no |
| `new_column` | a column that the reference did not have | no |
| `duplicate_rows` | exact copies of other rows, 0.05 more than in the reference | no |
| `duplicated_batch` | copies within the window, or of the one before it, 0.3 more than in the reference | yes |
| `volume_low` | fewer than half of a window's usual rows, and fewer than it ever had in its quietest twentieth | yes |
| `volume_high` | more than twice a window's usual rows, and more than in its busiest twentieth | no |
| `stale_partition` | the rows' times do not go on from the window before, or stand still | yes |
| `keys_not_unique` | rows share a key that is theirs alone | no |
| `labels_contradict` | label files say different things of a key; the last one written counts | no |

A finding *breaks* when nothing may be learned from such rows. Shares are judged with a 99.9 % Wilson bound, so that
a handful of rows raises no alarm. Each threshold has its name and reason where its rule is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from duetmind_adaptive.drift.quality import (
    constant,
    encoding,
    infinite,
    missing_values,
    out_of_range,
    unit_change,
    unreadable,
    unseen,
)
from duetmind_adaptive.drift.quality.pair import Pair
from duetmind_adaptive.records import Finding

Rule = Callable[[Pair], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    missing_values.find,
    constant.find,
    unit_change.find,
    out_of_range.find,
    infinite.find,
    unseen.find,
    encoding.find,
)


def column_findings(pair: Pair) -> Iterator[Finding]:
    """Tell what is broken or odd in one column that both sides have in a comparable type."""
    if pair.current.untested:
        yield from unreadable.find(pair)
        return
    for rule in RULES:
        yield from rule(pair)
