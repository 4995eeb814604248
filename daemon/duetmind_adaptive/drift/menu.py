"""The tests that a column can be given, by name, and which it gets when nobody chooses.

| of | default | on demand |
| --- | --- | --- |
| numbers, times, lengths of texts | `ks`, `chi2` on cells, `psi`; `anderson_darling` where both sides are small | `cramer_von_mises`, `g`, `wasserstein`, `jensen_shannon`, `hellinger`, `energy` |
| categories, booleans | `chi2`, `chi2_grouped`, `fisher`, `psi` | `g`, `jensen_shannon`, `hellinger` |

KS sees shifts, chi-square on the reference's quantile cells sees spread, tails and missing values; small samples fill
no cells, and there Anderson–Darling takes over. Chi-square of many categories spreads its power over all of them:
`chi2_grouped` asks only whether common ones gave way to rare ones, and `fisher` watches those too rare for a cell,
where a renamed category hides.
"""  # noqa: E501 - a table's row is one line

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from duetmind_adaptive.drift.cells import Counts, decile_cells, number_cells
from duetmind_adaptive.drift.columns import ColumnProfile
from duetmind_adaptive.records import TestResult
from duetmind_adaptive.stats.anderson_darling import anderson_darling
from duetmind_adaptive.stats.chi_square import MINIMUM_EXPECTED, chi_square, is_sparse
from duetmind_adaptive.stats.cramer_von_mises import cramer_von_mises
from duetmind_adaptive.stats.energy import energy_distance
from duetmind_adaptive.stats.fisher import fisher_exact
from duetmind_adaptive.stats.g_test import g_test
from duetmind_adaptive.stats.hellinger import hellinger
from duetmind_adaptive.stats.jensen_shannon import jensen_shannon
from duetmind_adaptive.stats.ks import ks_two_sample
from duetmind_adaptive.stats.pooled import Pooled, pool
from duetmind_adaptive.stats.psi import population_stability_index
from duetmind_adaptive.stats.wasserstein import wasserstein_distance

#: values of both sides together up to which Anderson–Darling is a default
SMALL = 2_000
#: values in the larger sample up to which KS takes the exact p-value: beyond, it costs more than all the rest
KS_EXACT_UP_TO = 500
#: groups of `chi2_grouped`, of about as many rows each, and cells below which grouping has nothing to add
GROUPS, CELLS_TO_GROUP = 4, 12


@dataclass(frozen=True)
class Categories:
    """What tests of counts are given."""

    #: with cells for missing and infinite values: what significance and effect are computed on
    cells: Counts
    #: without: what distances are computed on
    present: Counts


@dataclass(frozen=True)
class Numbers:
    """What tests of numbers are given; costly parts are made on first use, and cells as `Categories` has them."""

    reference: ColumnProfile
    current: ColumnProfile

    @cached_property
    def cells(self) -> Counts:
        """Between many quantiles of the reference."""
        return number_cells(self.reference, self.current)

    @cached_property
    def present(self) -> Counts:
        """Between its deciles."""
        return decile_cells(self.reference, self.current)

    @cached_property
    def merged(self) -> Pooled:
        """The finite values of both sides laid together."""
        return pool(self.reference.values, self.current.values)


Test = Callable[..., TestResult | None]


def _chi2(pair: Categories | Numbers) -> TestResult | None:
    result = chi_square(*pair.cells)
    return TestResult(statistic=result.statistic, p_value=result.p_value) if result else None


def _g(pair: Categories | Numbers) -> TestResult | None:
    result = g_test(*pair.cells)
    return TestResult(statistic=result.statistic, p_value=result.p_value) if result else None


def _psi(pair: Categories | Numbers) -> TestResult:
    return TestResult(statistic=population_stability_index(*pair.present))


def _jensen_shannon(pair: Categories | Numbers) -> TestResult:
    return TestResult(statistic=jensen_shannon(*pair.present))


def _hellinger(pair: Categories | Numbers) -> TestResult:
    return TestResult(statistic=hellinger(*pair.present))


def _ks(pair: Numbers) -> TestResult:
    result = ks_two_sample(pair.reference.values, pair.current.values, KS_EXACT_UP_TO)
    return TestResult(statistic=result.statistic, p_value=result.p_value)


def _cramer_von_mises(pair: Numbers) -> TestResult | None:
    result = cramer_von_mises(pair.reference.values, pair.current.values, pair.merged)
    return TestResult(statistic=result.statistic, p_value=result.p_value) if result else None


def _anderson_darling(pair: Numbers) -> TestResult | None:
    result = anderson_darling(pair.reference.values, pair.current.values, pair.merged)
    return TestResult(statistic=result.statistic, p_value=result.p_value) if result else None


def _wasserstein(pair: Numbers) -> TestResult:
    with np.errstate(over="ignore"):  # what lies beyond the range of numbers is infinitely far
        return TestResult(statistic=wasserstein_distance(pair.reference.values, pair.current.values))


def _energy(pair: Numbers) -> TestResult:
    with np.errstate(over="ignore"):
        return TestResult(statistic=energy_distance(pair.reference.values, pair.current.values, pair.merged))


def _chi2_grouped(pair: Categories) -> TestResult | None:
    """Chi-square of a few groups of categories, from the common to the rare.

    How common a category is, is counted in both sides together, and those equally common go together: that is
    symmetric in the sides, so it favours none.
    """
    totals = pair.cells.reference + pair.cells.current
    if totals.size < CELLS_TO_GROUP:
        return None
    levels, level_of, categories = np.unique(totals, return_inverse=True, return_counts=True)
    rows = levels * categories
    group = (GROUPS * (np.cumsum(rows) - rows / 2) / rows.sum()).astype(np.intp)[level_of]
    before, after = (np.bincount(group, weights=side).astype(np.float64) for side in pair.cells)
    result = chi_square(before, after)
    return TestResult(statistic=result.statistic, p_value=result.p_value) if result else None


def _fisher(pair: Categories) -> TestResult | None:
    """Fisher's exact test of those categories that chi-square cannot see by themselves, even together."""
    before, after = pair.cells
    rare = is_sparse(before, after)
    if rare.all():
        rare[np.argmax(before + after)] = False
    rows = before.sum(), after.sum()
    expected = (before + after)[rare].sum() * min(rows) / sum(rows)
    if not 0 < expected < MINIMUM_EXPECTED:
        return None
    result = fisher_exact(*(int(side[cells].sum()) for side in (before, after) for cells in (rare, ~rare)))
    return TestResult(statistic=result.odds_ratio, p_value=result.p_value)


_BOTH: Mapping[str, Test] = {
    "chi2": _chi2,
    "g": _g,
    "psi": _psi,
    "jensen_shannon": _jensen_shannon,
    "hellinger": _hellinger,
}
NUMBER_TESTS: Mapping[str, Test] = {
    "ks": _ks,
    "cramer_von_mises": _cramer_von_mises,
    "anderson_darling": _anderson_darling,
    **_BOTH,
    "wasserstein": _wasserstein,
    "energy": _energy,
}
CATEGORY_TESTS: Mapping[str, Test] = {**_BOTH, "chi2_grouped": _chi2_grouped, "fisher": _fisher}


def default_numbers(values: int) -> tuple[str, ...]:
    """What numbers are tested by, given how many values both sides have."""
    return ("ks", "anderson_darling", "chi2", "psi") if values <= SMALL else ("ks", "chi2", "psi")


#: what categories are tested by
DEFAULT_CATEGORIES = ("chi2", "chi2_grouped", "fisher", "psi")


def run(menu: Mapping[str, Test], names: Sequence[str], pair: Categories | Numbers) -> dict[str, TestResult]:
    """Those of the named tests that are on the menu and can say anything about this pair."""
    results = {name: menu[name](pair) for name in names if name in menu}
    return {name: result for name, result in results.items() if result is not None}
