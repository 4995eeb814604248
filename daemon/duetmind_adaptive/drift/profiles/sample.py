"""A uniform sample of the rows of a stream whose length nobody knows: what bins are chosen from.

Every row draws a number; the rows with the smallest numbers are the sample, whatever the batches were. Rows that cannot
be among them any more are never copied.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


class RowSample:
    """At most `rows` rows of everything that was added, each as likely as any other.

    Examples
    --------
    >>> sample = RowSample(100, np.random.default_rng(0))
    >>> for start in range(0, 10_000, 1_000):
    ...     sample.add(pa.table({"x": range(start, start + 1_000)}))
    >>> sum(table.num_rows for table in sample.tables()), sample.seen
    (100, 10000)
    """

    def __init__(self, rows: int, generator: np.random.Generator) -> None:
        self._rows = rows
        self._generator = generator
        self._drawn: list[NDArray[np.float64]] = []
        self._tables: list[pa.Table] = []
        #: rows that draw this or more cannot be in the sample
        self._threshold = 1.0
        #: rows that were added
        self.seen = 0

    def add(self, table: pa.Table) -> None:
        """Let the rows of a table draw."""
        self.seen += table.num_rows
        drawn = self._generator.random(table.num_rows)
        chosen = np.flatnonzero(drawn < self._threshold)
        self._drawn.append(drawn[chosen])
        self._tables.append(table if chosen.size == table.num_rows else table.take(pa.array(chosen)))
        if sum(map(len, self._drawn)) >= 2 * self._rows:
            self._cut()

    def tables(self) -> list[pa.Table]:
        """The sample, in the order of the rows; a table for each that was added and has any, or had none at all."""
        self._cut()
        return self._tables

    def _cut(self) -> None:
        every = np.concatenate([np.empty(0), *self._drawn])
        if every.size <= self._rows:
            return
        self._threshold = float(np.partition(every, self._rows)[self._rows])
        kept = [drawn < self._threshold for drawn in self._drawn]
        self._tables = [table.filter(pa.array(rows)) for table, rows in zip(self._tables, kept, strict=True)]
        self._drawn = [drawn[rows] for drawn, rows in zip(self._drawn, kept, strict=True)]
        held = [at for at, drawn in enumerate(self._drawn) if drawn.size]
        self._tables, self._drawn = [self._tables[at] for at in held], [self._drawn[at] for at in held]
