"""One column of two profiles on the same grid: the tests of a comparison, each with proven bounds.

The exact statistic of the values lies between the bounds of `stats/binned`. On the coarse bins and on categories PSI,
Jensen–Shannon, Hellinger and chi-square are those of a comparison of the values; only categories that the reference
folded, more than `grid.CATEGORIES` and `column.OTHERS` of them, leave room. Infinite values are counted, and no
statistic includes them. p-values belong to the lower bound of their statistic: they are never too small.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from duetmind_adaptive.drift.cells import aligned_counts
from duetmind_adaptive.drift.columns import ColumnProfile
from duetmind_adaptive.drift.compared import ComparedColumn, compare_column
from duetmind_adaptive.drift.profiles.column import ColumnCounts
from duetmind_adaptive.drift.profiles.summary import summary_of
from duetmind_adaptive.drift.quality import retyped, schema
from duetmind_adaptive.drift.quality.pair import Pair
from duetmind_adaptive.drift.quality.rules import column_findings
from duetmind_adaptive.drift.shape import shape_of
from duetmind_adaptive.drift.verdict import CheckedColumn
from duetmind_adaptive.drift.words import describe
from duetmind_adaptive.records import ColumnReport, TestResult
from duetmind_adaptive.stats.binned import cramer_von_mises, energy, folded, ks, wasserstein
from duetmind_adaptive.stats.binned.cells import Bounded, Cells
from duetmind_adaptive.stats.hellinger import hellinger
from duetmind_adaptive.stats.jensen_shannon import jensen_shannon
from duetmind_adaptive.stats.kolmogorov import kolmogorov_sf
from duetmind_adaptive.stats.psi import population_stability_index

Bounds = Mapping[str, Bounded]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedCounts:
    """What a comparison of values says of a column, and the bounds of its statistics."""

    compared: ComparedColumn
    bounds: Bounds = field(default_factory=dict[str, Bounded])


def cells_of(reference: ColumnCounts, current: ColumnCounts) -> Cells:
    """Both sides' finite values on their common bins; neither side may be without."""
    n, m = reference.moments.rows, current.moments.rows
    first = reference.outer[0] / n - current.outer[0] / m
    last = current.outer[1] / m - reference.outer[1] / n
    return Cells(
        outer=(first, last) if math.isfinite(first) and math.isfinite(last) else None,
        edges=reference.grid.edges,
        reference=reference.counts,
        current=current.counts,
        low=min(reference.moments.least, current.moments.least),
        high=max(reference.moments.greatest, current.moments.greatest),
    )


def number_bounds(reference: ColumnCounts, current: ColumnCounts) -> dict[str, Bounded]:
    """Every statistic of numbers, times or text lengths."""
    cells = cells_of(reference, current)
    places = np.searchsorted(reference.grid.edges, reference.grid.coarse) + 1
    before, after = (
        np.add.reduceat(side.counts, np.append(0, places)).astype(np.float64) for side in (reference, current)
    )
    return {
        "ks": ks.ks_distance(cells),
        "cramer_von_mises": cramer_von_mises.cramer_von_mises(cells),
        "wasserstein": wasserstein.wasserstein_distance(cells),
        "energy": energy.energy_distance(cells),
        "psi": Bounded.exactly(population_stability_index(before, after)),
        "jensen_shannon": Bounded.exactly(jensen_shannon(before, after)),
        "hellinger": Bounded.exactly(hellinger(before, after)),
    }


def word_bounds(reference: ColumnProfile, current: ColumnProfile) -> dict[str, Bounded]:
    """The distances of categories; what the reference folded is one cell."""
    before, after, _ = aligned_counts(reference, current)
    if not reference.other:  # nothing of the reference is folded: a cell of nothing says so
        before, after = np.append(before, 0.0), np.append(after, 0.0)
    distances = (folded.total_variation, folded.hellinger, folded.jensen_shannon)
    return {distance.__name__: distance(before, after) for distance in distances}


def compare_counts(reference: ColumnCounts, current: ColumnCounts) -> ComparedCounts:
    """Compare one column of two profiles.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from duetmind_adaptive.drift.profiles.counting import count_column
    >>> from duetmind_adaptive.drift.profiles.grid import choose_grid
    >>> before, after = (pa.chunked_array([range(n, n + 100)]) for n in (0, 50))
    >>> grid = choose_grid("x", before)
    >>> found = compare_counts(count_column(grid, before), count_column(grid, after))
    >>> found.bounds["ks"], round(found.bounds["wasserstein"].low, 9)
    (Bounded(value=0.5, low=0.5, high=0.5), 50.0)
    """
    grid = reference.grid
    base = ColumnReport(
        name=grid.name,
        kind=grid.kind,
        missing_reference=reference.missing_share,
        missing_current=current.missing_share,
    )
    if not current.rows:
        gone = replace(base, untested="the column is not in the window")
        return _untested(CheckedColumn(report=gone, findings=(schema.missing_column(grid.name),), absent=True))
    before, after = summary_of(reference), summary_of(current)
    pair = Pair(reference=before, current=after)
    if current.unreadable and current.unreadable == current.present and not grid.untested:
        reason = f"its type changed from {before.type} to {after.type}"
        changed = replace(base, untested=reason)
        found = retyped.find(pair, breaks=True)
        return _untested(CheckedColumn(report=changed, findings=(found,), type_change=(before.type, after.type)))
    reason = grid.untested or _obstacle(before, after)
    if reason:
        findings = tuple(column_findings(pair))
        return _untested(CheckedColumn(report=replace(base, untested=reason), findings=findings))
    if grid.in_words:
        return _compare_words(before, after)
    return _compare_numbers(base, reference, current, pair)


def _untested(checked: CheckedColumn) -> ComparedCounts:
    return ComparedCounts(compared=ComparedColumn(checked=checked))


def _obstacle(before: ColumnProfile, after: ColumnProfile) -> str | None:
    for side, held in (("the reference", before), ("the window", after)):
        if not held.present:
            return f"every value is missing in {side}"
        if not held.values.size and not held.counts.size:
            return f"no finite value in {side}"
    values = [side.values for side in (before, after)]
    if all(each.size and each[0] == each[-1] == values[0][0] for each in values):
        return "one and the same value on both sides"
    return None


def _compare_words(before: ColumnProfile, after: ColumnProfile) -> ComparedCounts:
    compared = compare_column(before, after)
    report = compared.checked.report
    if report.untested:
        return ComparedCounts(compared=compared)
    bounds = word_bounds(before, after)
    bounds |= {name: Bounded.exactly(test.statistic) for name, test in report.tests.items() if name not in bounds}
    tests = {name: report.tests.get(name, TestResult(statistic=bound.value)) for name, bound in bounds.items()}
    checked = replace(compared.checked, report=replace(report, tests=tests))
    return ComparedCounts(compared=replace(compared, checked=checked), bounds=bounds)


def _compare_numbers(base: ColumnReport, reference: ColumnCounts, current: ColumnCounts, pair: Pair) -> ComparedCounts:
    bounds = number_bounds(reference, current)
    effect = bounds["ks"].low
    p_value = _p_value(effect, reference.moments.rows, current.moments.rows)
    tests = {name: TestResult(statistic=bound.value) for name, bound in bounds.items()}
    tests["ks"] = TestResult(statistic=effect, p_value=p_value)
    findings = tuple(column_findings(replace(pair, effect=effect)))
    report = replace(base, tests=tests, effect=effect)
    shape = shape_of(pair.reference, pair.current)
    return ComparedCounts(
        compared=ComparedColumn(
            checked=CheckedColumn(report=report, p_value=p_value, findings=findings),
            words=describe(pair.reference, pair.current, shape) if shape else "",
            shape=shape,
        ),
        bounds=bounds,
    )


def _p_value(distance: float, n: int, m: int) -> float:
    """Of a Kolmogorov–Smirnov distance, by the rule of `stats.ks` for many rows."""
    return kolmogorov_sf(max(1, round(n * m / (n + m))), distance)
