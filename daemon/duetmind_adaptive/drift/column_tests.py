"""One column of a window against the same column of the reference: which tests, and how far it moved.

| kind | tests | effect, in [0, 1] | significance |
| --- | --- | --- | --- |
| numeric, datetime | KS, PSI on the reference's deciles | KS distance | KS |
| text | the same on the lengths of the texts | KS distance | KS |
| categorical, boolean | chi-square, PSI, Fisher when rare cells matter | total variation | chi-square and Fisher |

Fisher's exact test watches the categories that are too rare for a cell of their own in the chi-square table: there a
renamed category hides, because what vanished and what is new may end up in one pooled cell. Where both run,
the column's p-value is twice the smaller (Bonferroni).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.columns import ColumnProfile
from duetmind_adaptive.records import TestResult
from duetmind_adaptive.stats.chi_square import MINIMUM_EXPECTED, chi_square, is_sparse
from duetmind_adaptive.stats.distances import total_variation
from duetmind_adaptive.stats.fisher import fisher_exact
from duetmind_adaptive.stats.ks import ks_two_sample
from duetmind_adaptive.stats.psi import bin_counts, population_stability_index, quantile_edges

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the tests of one column say; without a p-value, `untested` says why."""

    tests: dict[str, TestResult] = field(default_factory=dict[str, TestResult])
    effect: float = 0.0
    #: of the whole column, before the correction over columns
    p_value: float | None = None
    #: categories of the window that the reference never held, most frequent first
    unseen: tuple[str, ...] = ()
    untested: str | None = None


def examine(reference: ColumnProfile, current: ColumnProfile) -> Evidence:
    """Compare two summaries of one column, both made as the reference's kind.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from duetmind_adaptive.drift.columns import summarise
    >>> before, after = (summarise("x", pa.chunked_array([range(n, n + 100)])) for n in (0, 50))
    >>> round(examine(before, after).effect, 3)
    0.5
    >>> examine(before, summarise("x", pa.chunked_array([[None]]))).untested
    'every value is missing in the window'
    """
    obstacle = _obstacle(reference, current)
    if obstacle:
        return Evidence(untested=obstacle)
    if reference.kind in {"categorical", "boolean"}:
        return _test_categories(reference, current)
    return _test_numbers(reference.values, current.values)


def _obstacle(reference: ColumnProfile, current: ColumnProfile) -> str | None:
    for side, profile in (("the reference", reference), ("the window", current)):
        if not profile.rows:
            return f"{side} has no rows"
        if profile.untested:
            return f"{profile.untested} (in {side})"
        if not profile.present:
            return f"every value is missing in {side}"
        if not profile.values.size and not profile.counts.size:
            return f"no finite value in {side}"
    if reference.distinct == current.distinct == 1 and _only_value(reference) == _only_value(current):
        return "one and the same value on both sides"
    return None


def _only_value(profile: ColumnProfile) -> object:
    return profile.categories[0] if profile.categories else float(profile.values[0])


def _test_numbers(reference: Floats, current: Floats) -> Evidence:
    ks = ks_two_sample(reference, current)
    edges = quantile_edges(reference)
    psi = population_stability_index(bin_counts(reference, edges), bin_counts(current, edges))
    tests = {"ks": TestResult(statistic=ks.statistic, p_value=ks.p_value), "psi": TestResult(statistic=psi)}
    return Evidence(tests=tests, effect=ks.statistic, p_value=ks.p_value)


def aligned_counts(reference: ColumnProfile, current: ColumnProfile) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Counts over the union of categories, and the current ones that the reference never held.

    Where the reference folded its rarest categories into `other`, nobody can tell an unseen category from a rare
    one: both count as `other` and none is called unseen.
    """
    places = {category: at for at, category in enumerate(reference.categories)}
    folded = reference.other > 0
    unseen = () if folded else tuple(name for name in current.categories if name not in places)
    places.update({name: len(reference.categories) + at for at, name in enumerate(unseen)})
    size = len(places) + 1
    before, after = np.zeros(size), np.zeros(size)
    before[: reference.counts.size], before[-1] = reference.counts, reference.other
    spots = np.array([places.get(name, size - 1) for name in current.categories], dtype=np.intp)
    np.add.at(after, spots, current.counts)
    after[-1] += current.other
    held = (before + after) > 0
    return before[held], after[held], unseen


def _test_categories(reference: ColumnProfile, current: ColumnProfile) -> Evidence:
    before, after, unseen = aligned_counts(reference, current)
    tests = {"psi": TestResult(statistic=population_stability_index(before, after))}
    together = chi_square(before, after)
    if together:
        tests["chi2"] = TestResult(statistic=together.statistic, p_value=together.p_value)
    rare = _rare_cells(before, after)
    if rare is not None:
        tests["fisher"] = _test_rare(before, after, rare)
    if together is None and rare is None:
        return Evidence(tests=tests, unseen=unseen, untested="one category only, or too few rows to compare categories")
    p_values = [test.p_value for test in tests.values() if test.p_value is not None]
    p_value = min(1.0, len(p_values) * min(p_values))
    return Evidence(tests=tests, effect=total_variation(before, after), p_value=p_value, unseen=unseen)


def _rare_cells(before: Floats, after: Floats) -> NDArray[np.bool_] | None:
    """Return the categories that chi-square cannot see by themselves, even together; None when there are none."""
    rare = is_sparse(before, after)
    if rare.all():
        rare[np.argmax(before + after)] = False
    rows = before.sum(), after.sum()
    expected = (before + after)[rare].sum() * min(rows) / sum(rows)
    return rare if 0 < expected < MINIMUM_EXPECTED else None


def _test_rare(before: Floats, after: Floats, rare: NDArray[np.bool_]) -> TestResult:
    counts = [int(side[cells].sum()) for side in (before, after) for cells in (rare, ~rare)]
    result = fisher_exact(*counts)
    return TestResult(statistic=result.odds_ratio, p_value=result.p_value)
