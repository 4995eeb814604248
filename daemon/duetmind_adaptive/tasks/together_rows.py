"""The rows of a one-off comparison that show whether its columns changed together: evenly spaced, a few thousand.

Columns are read a few at a time, so that each leaves these rows behind while it is at hand.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from duetmind_adaptive.check_report import CheckReport, Multivariate
from duetmind_adaptive.drift.arrays import place_array
from duetmind_adaptive.drift.together.encoding import RARE, Encoder, columns_together
from duetmind_adaptive.drift.together.learned import Learned
from duetmind_adaptive.drift.together.verdict import examine
from duetmind_adaptive.records import Kind

#: rows of each side
SAMPLED = 4_000
#: fewer rows say nothing about how columns go together
FEWEST_ROWS = 60


class TogetherRows:
    """Gathers the columns of both sides."""

    def __init__(self) -> None:
        self._before = dict[str, pa.ChunkedArray]()
        self._after = dict[str, pa.ChunkedArray]()

    def take(self, before: pa.Table, after: pa.Table) -> None:
        """Keep rows of some columns; those that the second side lacks are left out."""
        for table, kept in ((before, self._before), (after, self._after)):
            rows = _spaced(table.num_rows)
            kept.update({name: table[name].take(rows) for name in table.column_names})

    def examine(self, report: CheckReport, target: str | None, *, alpha: float) -> Multivariate | None:
        """Whether the tested columns of the report go together as before; None for too few rows or columns."""
        names = columns_together(report, self._inputs(target))
        if len(names) < 2 or min(len(kept[names[0]]) for kept in (self._before, self._after)) < FEWEST_ROWS:
            return None
        before, after = self.tables(names)
        kinds: dict[str, Kind] = {column.name: column.kind for column in report.columns}
        encoder = Encoder.fit(before, {name: kinds[name] for name in names}, RARE)
        if len(set(encoder.sources)) < 2:
            return None
        return examine(
            Learned.of([encoder.encode(before, own=True)]), encoder.encode(after), encoder.sources, alpha=alpha
        )

    def tables(self, names: Iterable[str]) -> tuple[pa.Table, pa.Table]:
        """The rows of both sides, in columns that both have."""
        shared = [name for name in names if name in self._before and name in self._after]
        before, after = (pa.table({name: kept[name] for name in shared}) for kept in (self._before, self._after))
        return before, after

    def _inputs(self, target: str | None) -> list[str]:
        """How the target goes with the others is the concept's affair."""
        return [name for name in self._before if name in self._after and name != target]


def _spaced(rows: int) -> pa.Array:
    return place_array(np.linspace(0, rows - 1, min(rows, SAMPLED)).astype(np.int64))
