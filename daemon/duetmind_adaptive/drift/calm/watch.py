"""The columns of a table under watch: window in, which of them have moved out, with a promise over months.

window → mean scores → less what is natural now → evidence → columns that moved, and since which row
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.drift.calm.evidence import EXCESSES, Evidence, moved
from duetmind_adaptive.drift.calm.null import Natural
from duetmind_adaptive.drift.calm.scores import ColumnScores
from duetmind_adaptive.drift.columns import ColumnProfile

Floats = NDArray[np.float64]

#: smallest shift, over the newest windows since evidence began, that counts: in standard deviations of a row
TOLERANCE = 0.05
#: how far above what an alarm needs a capital may grow, as a logarithm
CAP = 0.5
_LEAST_WEIGHT = 1e-3


class Verdict(NamedTuple):
    """What the windows so far say of the columns."""

    #: columns that have moved, each with the first row of the window since which it did
    moved: dict[str, int]
    #: logarithm of the evidence of each column, and of all together
    levels: dict[str, float]
    level: float


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """What is followed, and what is natural for it; immutable, the same for all windows of a version."""

    columns: Mapping[str, ColumnScores]
    natural: Natural
    #: of each score: the place of its column, and its weight there (0 = not followed), shape (s,)
    owners: NDArray[np.intp]
    weights: Floats

    @classmethod
    def of(cls, profiles: Mapping[str, ColumnProfile], natural: Natural | None = None) -> Watch:
        """Follow the columns of a reference.

        Parameters
        ----------
        profiles
            Its columns.
        natural
            What was learned of them (`learn`); None: rows do not depend on each other.
        """
        scored = {name: ColumnScores.of(profile) for name, profile in profiles.items()}
        columns = {name: each for name, each in scored.items() if each.names}
        counts = [len(each.names) for each in columns.values()]
        owners = np.repeat(np.arange(len(counts)), counts)
        weights = np.array([weight for each in columns.values() for weight in each.weights])
        rows = max((profile.rows for profile in profiles.values()), default=0)
        if natural is None or natural.design.size != owners.size:
            natural = Natural.independent(owners.size, rows)
        return cls(columns, natural, owners, weights)

    @property
    def upward(self) -> NDArray[np.bool_]:
        """The scores of which only a rise is a change, shape (s,)."""
        return np.array([name in each.rising for each in self.columns.values() for name in each.names], dtype=bool)

    @property
    def size(self) -> int:
        """How many scores are followed."""
        return self.owners.size

    def rows(self, table: pa.Table, clock: Floats | None = None) -> Iterator[Floats]:
        """The scores of each row, one column after the other, for `learn`; `clock` as of `see`."""
        return (scores.rows(table[name], clock) for name, scores in self.columns.items())

    def see(
        self,
        evidence: Evidence,
        table: pa.Table,
        *,
        row: int,
        moment: float | None,
        checks: float,
        clock: Floats | None = None,
    ) -> Evidence:
        """The evidence after one more window.

        Parameters
        ----------
        evidence
            Of the windows before.
        table
            The window. Columns that it lacks, or holds as another type, tell nothing.
        row, moment
            Its first row and the middle of it, seconds since 1970.
        checks
            False alarms are at most one in so many windows.
        clock
            When each row came, in seconds since 1970; None where that is not known.
        """
        means, rows = self.means(table, clock)
        return self.see_means(evidence, means, rows, row=row, moment=moment, checks=checks)

    def means(self, table: pa.Table, clock: Floats | None = None) -> tuple[Floats, Floats]:
        """Mean scores of a window and the number of rows that each is of, for `see_means`."""
        there = set(table.column_names)
        held = {name: table[name] for name in self.columns if name in there}
        parts = [self._means(scores, held.get(name), clock) for name, scores in self.columns.items()]
        means, rows = (np.concatenate([part[at] for part in parts] or [np.empty(0)]) for at in (0, 1))
        return means, rows

    def see_means(
        self, evidence: Evidence, means: Floats, rows: Floats, *, row: int, moment: float | None, checks: float
    ) -> Evidence:
        """The same from mean scores and the number of rows that each is of, both of shape (s,)."""
        expected, error = self.natural.expect(rows, moment)
        alarm = checks * max(len(self.columns), 1) * 2 * EXCESSES.size / np.maximum(self.weights, _LEAST_WEIGHT)
        cap = np.log(alarm) + CAP
        shift, tolerance = means - expected, self.natural.tolerance
        return evidence.update(shift, error, tolerance, row=row, cap=cap, upward=self.upward)

    def judge(self, evidence: Evidence, checks: float, share: float = 1.0) -> Verdict:
        """Which columns have moved: by more than chance, and by more than the tolerance since it shows.

        `share` lowers both thresholds, of the evidence and of the shift.
        """
        levels = np.full(len(self.columns), -math.inf)
        np.logaddexp.at(levels, self.owners, evidence.levels(self.weights))
        matters = evidence.standing & (np.abs(evidence.shifts) >= share * TOLERANCE) & (self.weights > 0)
        far = np.bincount(self.owners, weights=matters, minlength=len(self.columns)) > 0
        names, found = list(self.columns), np.flatnonzero(moved(levels, checks**share) & far)
        since = {names[at]: self._since(evidence, int(at), matters) for at in found}
        together = float(np.logaddexp.reduce(levels)) - math.log(levels.size) if levels.size else -math.inf
        return Verdict(since, dict(zip(names, levels.tolist(), strict=True)), together)

    def _since(self, evidence: Evidence, column: int, matters: NDArray[np.bool_]) -> int:
        return int(evidence.since[(self.owners == column) & matters].min())

    def _means(
        self, scores: ColumnScores, column: pa.ChunkedArray | None, clock: Floats | None
    ) -> tuple[Floats, Floats]:
        if column is not None:
            try:
                return scores.means(column, clock)
            except (pa.ArrowException, ValueError, TypeError):  # another type than the reference's: a finding says so
                pass
        return np.zeros(len(scores.names)), np.zeros(len(scores.names))
