"""One column of a one-off comparison: the check that windows get too, and what people want to see beside it.

Beside the check's own tests stand two distances without a p-value: Wasserstein, in the column's unit, and
Jensen–Shannon on the reference's deciles (of categories: on the categories themselves).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from duetmind_adaptive.drift.columns import ColumnProfile
from duetmind_adaptive.drift.moments import Floats
from duetmind_adaptive.drift.reference import profile_column
from duetmind_adaptive.drift.shape import shape_of
from duetmind_adaptive.drift.verdict import CheckedColumn, check_column
from duetmind_adaptive.drift.words import describe
from duetmind_adaptive.records import ColumnShape

#: what people want to see beside the tests
DISTANCES = ("wasserstein", "jensen_shannon")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedColumn:
    """What is kept of a column once it was compared; its values are not."""

    checked: CheckedColumn
    #: different values that the reference holds
    distinct: int = 0
    #: how it moved, in words; empty when there is nothing to tell
    words: str = ""
    #: None when either side has nothing to draw
    shape: ColumnShape | None = None


def compare_column(
    reference: ColumnProfile, current: ColumnProfile | None, tests: Sequence[str] | None = None
) -> ComparedColumn:
    """Compare one column on both sides.

    Parameters
    ----------
    reference
        Its summary.
    current
        The same of the current data, made as the reference's kind; None when it is not there.
    tests
        Names of `drift.menu`; None takes the default and the two distances.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from duetmind_adaptive.drift.columns import summarise
    >>> before, after = (summarise("x", pa.chunked_array([range(n, n + 100)])) for n in (0, 50))
    >>> compared = compare_column(before, after)
    >>> sorted(compared.checked.report.tests), compared.checked.report.tests["wasserstein"].statistic
    (['anderson_darling', 'chi2', 'jensen_shannon', 'ks', 'psi', 'wasserstein'], 50.0)
    """
    checked = check_column(reference, current, tests=tests, beside=DISTANCES)
    if current is None or checked.report.untested:
        return ComparedColumn(checked=checked, distinct=reference.distinct)
    shape = shape_of(reference, current)
    words = describe(reference, current, shape) if shape else ""
    return ComparedColumn(checked=checked, distinct=reference.distinct, words=words, shape=shape)


def told(reference: ColumnProfile, table: pa.Table, clock: Floats | None = None) -> str:
    """How a column of a window moved, in words; empty when there is nothing to tell.

    Parameters
    ----------
    reference
        Its summary.
    table, clock
        The window, and when each of its rows came, in seconds since 1970.
    """
    current = profile_column(table, reference.name, kind=reference.kind, like=reference, clock=clock)
    shape = None if current.untested else shape_of(reference, current)
    return describe(reference, current, shape) if shape else ""
