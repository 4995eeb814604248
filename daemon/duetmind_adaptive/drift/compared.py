"""One column of a one-off comparison: the check that windows get too, and what people want to see beside it.

Beside the check's own tests stand two distances without a p-value: Wasserstein, in the column's unit, and
Jensen–Shannon on the reference's deciles (of categories: on the categories themselves).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from duetmind_adaptive.drift.column_tests import aligned_counts
from duetmind_adaptive.drift.columns import ColumnProfile
from duetmind_adaptive.drift.shape import shape_of
from duetmind_adaptive.drift.verdict import CheckedColumn, check_column
from duetmind_adaptive.drift.words import describe
from duetmind_adaptive.records import ColumnReport, ColumnShape, TestResult
from duetmind_adaptive.stats.jensen_shannon import jensen_shannon
from duetmind_adaptive.stats.psi import bin_counts, quantile_edges
from duetmind_adaptive.stats.wasserstein import wasserstein_distance


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedColumn:
    """What is kept of a column once it was compared; its values are not."""

    checked: CheckedColumn
    #: how it moved, in words; empty when there is nothing to tell
    words: str = ""
    #: None when either side has nothing to draw
    shape: ColumnShape | None = None


def compare_column(reference: ColumnProfile, current: ColumnProfile | None) -> ComparedColumn:
    """Compare one column on both sides.

    Parameters
    ----------
    reference
        Its summary.
    current
        The same of the current data, made as the reference's kind; None when it is not there.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from duetmind_adaptive.drift.columns import summarise
    >>> before, after = (summarise("x", pa.chunked_array([range(n, n + 100)])) for n in (0, 50))
    >>> compared = compare_column(before, after)
    >>> sorted(compared.checked.report.tests), compared.checked.report.tests["wasserstein"].statistic
    (['jensen_shannon', 'ks', 'psi', 'wasserstein'], 50.0)
    """
    checked = check_column(reference, current)
    if current is None or checked.report.untested:
        return ComparedColumn(checked=checked)
    shape = shape_of(reference, current)
    report = _with_distances(checked.report, reference, current)
    words = describe(reference, current, shape) if shape else ""
    return ComparedColumn(checked=replace(checked, report=report), words=words, shape=shape)


def _with_distances(report: ColumnReport, reference: ColumnProfile, current: ColumnProfile) -> ColumnReport:
    if reference.kind in {"categorical", "boolean"}:
        before, after, _ = aligned_counts(reference, current)
        distances = {"jensen_shannon": jensen_shannon(before, after)}
    else:
        edges = quantile_edges(reference.values)
        counts = bin_counts(reference.values, edges), bin_counts(current.values, edges)
        travelled = wasserstein_distance(reference.values, current.values)
        distances = {"wasserstein": travelled, "jensen_shannon": jensen_shannon(*counts)}
    tests = {name: TestResult(statistic=distance) for name, distance in distances.items()}
    return replace(report, tests=report.tests | tests)
