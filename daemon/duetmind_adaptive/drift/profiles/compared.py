"""One column of two profiles on the same grid: the tests of a comparison, each with proven bounds.

The exact statistic of the values lies between the bounds of `stats/binned`. Between quantiles and on categories PSI,
Jensen–Shannon, Hellinger, chi-square and the effect are those of a comparison of the values; only categories that the
reference folded, more than `grid.CATEGORIES` and `column.OTHERS` of them, leave room. Infinite values are counted, and
no distance includes them. The p-value of KS belongs to the lower bound: it is never too small. Of texts only the length
is profiled, of times only their position: words and hours of the day take a comparison of rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.cells import Counts, aligned_counts
from duetmind_adaptive.drift.columns import ColumnProfile
from duetmind_adaptive.drift.compared import ComparedColumn, compare_column
from duetmind_adaptive.drift.evidence import Evidence, Part, joined
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
from duetmind_adaptive.stats.chi_square import chi_square
from duetmind_adaptive.stats.distances import corrected_total_variation, largest_error
from duetmind_adaptive.stats.hellinger import hellinger
from duetmind_adaptive.stats.jensen_shannon import jensen_shannon
from duetmind_adaptive.stats.kolmogorov import kolmogorov_sf
from duetmind_adaptive.stats.psi import population_stability_index

Floats = NDArray[np.float64]
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
    before, after = (_coarse(side, reference.grid.deciles) for side in (reference, current))
    return {
        "ks": ks.ks_distance(cells),
        "cramer_von_mises": cramer_von_mises.cramer_von_mises(cells),
        "wasserstein": wasserstein.wasserstein_distance(cells),
        "energy": energy.energy_distance(cells),
        "psi": Bounded.exactly(population_stability_index(before, after)),
        "jensen_shannon": Bounded.exactly(jensen_shannon(before, after)),
        "hellinger": Bounded.exactly(hellinger(before, after)),
    }


def _coarse(side: ColumnCounts, edges: Floats) -> Floats:
    """Rows between some of the grid's edges."""
    places = np.searchsorted(side.grid.edges, edges) + 1
    return np.add.reduceat(side.counts, np.append(0, places)).astype(np.float64)


def _effect_cells(reference: ColumnCounts, current: ColumnCounts) -> Counts:
    """As of `drift.cells.number_cells`: between quantiles, beyond either end, of missing and of infinite values."""
    grid = reference.grid
    edges = np.unique(np.concatenate([grid.edges[:1], grid.cells, grid.edges[-1:]]))
    sides = (np.append(_coarse(side, edges), (side.missing, sum(side.infinite))) for side in (reference, current))
    return Counts(*sides).held()


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
    holes = any(side.missing + side.infinite for side in (before, after))
    if not holes and all(each.size and each[0] == each[-1] == values[0][0] for each in values):
        return "one and the same value on both sides"
    if before.kind == "datetime" and values[1][0] >= values[0][-1]:
        return "all of its times lie after the reference's, as time goes"
    return None


def _compare_words(before: ColumnProfile, after: ColumnProfile) -> ComparedCounts:
    compared = compare_column(before, after)
    report = compared.checked.report
    if report.untested:
        return ComparedCounts(compared=compared)
    bounds = word_bounds(before, after)
    tests = report.tests | {name: TestResult(statistic=bound.value) for name, bound in bounds.items()}
    bounds |= {name: Bounded.exactly(test.statistic) for name, test in tests.items() if name not in bounds}
    checked = replace(compared.checked, report=replace(report, tests=tests))
    return ComparedCounts(compared=replace(compared, checked=checked), bounds=bounds)


def _compare_numbers(base: ColumnReport, reference: ColumnCounts, current: ColumnCounts, pair: Pair) -> ComparedCounts:
    bounds, cells = number_bounds(reference, current), _effect_cells(reference, current)
    tests = {name: TestResult(statistic=bound.value) for name, bound in bounds.items()}
    p_value = _p_value(bounds["ks"].low, reference.moments.rows, current.moments.rows)
    tests["ks"] = TestResult(statistic=bounds["ks"].low, p_value=p_value)
    if on_cells := chi_square(*cells):
        bounds["chi2"] = Bounded.exactly(on_cells.statistic)
        tests["chi2"] = TestResult(statistic=on_cells.statistic, p_value=on_cells.p_value)
    evidence = joined([Part(tests, corrected_total_variation(*cells))]) or Evidence(tests=tests)
    findings = tuple(column_findings(replace(pair, effect=evidence.effect)))
    report = replace(base, tests=evidence.tests, effect=evidence.effect)
    shape = shape_of(pair.reference, pair.current)
    return ComparedCounts(
        compared=ComparedColumn(
            checked=CheckedColumn(
                report=report,
                p_value=evidence.p_value,
                error=largest_error(reference.moments.rows, current.moments.rows),
                findings=findings,
            ),
            words=describe(pair.reference, pair.current, shape) if shape else "",
            shape=shape,
        ),
        bounds=bounds,
    )


def _p_value(distance: float, n: int, m: int) -> float:
    """Of a Kolmogorov–Smirnov distance, by the rule of `stats.ks` for many rows."""
    return kolmogorov_sf(max(1, round(n * m / (n + m))), distance)
