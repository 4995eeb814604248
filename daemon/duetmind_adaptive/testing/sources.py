"""What every source keeps: rows have one order, and any part of them can be read again."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from duetmind_adaptive import plugins
from duetmind_adaptive.sources.arrow_types import plain_table
from duetmind_adaptive.testing.suite import PluginSuite, holds


class SourceSuite(PluginSuite):
    """Say `name`, and `options` that lead to at least four rows, say by a fixture that sets `self.options`."""

    group = plugins.SOURCES

    def test_it_counts_its_rows(self) -> None:
        """And there are enough of them for the other tests."""
        count = self.make().rows()
        holds(isinstance(count, int), f"rows() gave {count!r}, which is no count")
        holds(count >= 4, f"rows() gave {count}; the suite needs options that lead to at least four rows")

    def test_a_read_gives_exactly_the_rows_that_were_asked_for(self) -> None:
        """In a frame that speaks Arrow, whose values have types that can be compared."""
        source = self.make()
        for first, last in ((0, 1), (1, 3), (0, source.rows())):
            found = _table(source.read(first, last))
            holds(found.num_rows == last - first, f"read({first}, {last}) gave {found.num_rows} rows")
            holds(len(set(found.column_names)) == found.num_columns > 0, f"its columns are {found.column_names}")

    def test_parts_put_together_are_the_whole_also_of_another_one(self) -> None:
        """The order of the rows is the same in every read, in every process."""
        whole, source = _table(self.make().read(0, 4)), self.make()
        parts = [_table(source.read(first, first + 1)) for first in (3, 2, 1, 0)]
        rows = [row for part in reversed(parts) for row in part.to_pylist()]
        holds(rows == whole.to_pylist(), f"one by one the rows are {rows}, together {whole.to_pylist()}")

    def test_a_read_of_nothing_has_the_columns(self) -> None:
        """It is asked for when there is no new row yet."""
        source = self.make()
        empty, one = _table(source.read(1, 1)), _table(source.read(0, 1))
        holds(empty.num_rows == 0, f"read(1, 1) gave {empty.num_rows} rows")
        holds(empty.column_names in ([], one.column_names), f"read(1, 1) has the columns {empty.column_names}")


def _table(frame: Any) -> pa.Table:
    return plain_table(pa.table(frame))
