"""Which rows look like none of the reference: how rarely it holds a row so odd, with the false discoveries bounded.

A row is odd in two ways: one of its values is surprising by itself, or its values do not go together (Mahalanobis'
distance of the normal deviates, from the reference's correlations). How rare either is, is read off rows of the
reference that the scores were not learned from: it is cut into blocks, odd ones are scored by what even ones teach and
the other way round (conformal p-values). Beyond the oddest of them the tail goes on as fitted. Of the rows that
Benjamini and Hochberg then name, at most a share `FALSE` is sound on average; where all rows are, at most in so many
windows is any named.

References
----------
S. Bates et al., "Testing for outliers with conformal p-values", Ann. Statist. 51 (2023), 149-178.
O. Ledoit, M. Wolf, "A well-conditioned estimator for large-dimensional covariance matrices", J. Multivariate Analysis
88 (2004), 365-411.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import ndtri_exp

from duetmind_adaptive.drift.odd_rows.surprise import ColumnSurprise
from duetmind_adaptive.records import Kind
from duetmind_adaptive.stats.tail import Tail

Floats = NDArray[np.float64]

#: false discoveries among the rows that are named, on average at most
FALSE = 0.01
#: blocks that the reference is cut into, and rows of it at least
BLOCKS, FEWEST_ROWS = 20, 200
#: added to each variance at least: what few rows show of many columns is chance; those below 1 are made 1, so that
#: nothing is far off on a scale of its own
SHRUNK = 0.002


@dataclass(frozen=True, slots=True, eq=False)
class Oddness:
    """The scores, learned from some rows."""

    columns: Mapping[str, ColumnSurprise]
    #: of the normal deviates, shape (d,)
    centre: Floats
    #: inverse of their covariance, shape (d, d)
    precision: Floats

    @classmethod
    def fit(cls, table: pa.Table, kinds: Mapping[str, Kind]) -> Oddness:
        """Learn from rows, whose columns are compared as `kinds` say."""
        columns = {name: ColumnSurprise.fit(table[name], kind) for name, kind in kinds.items()}
        deviates = _deviates(*_surprises(columns, table))
        centre = deviates.mean(axis=0)
        covariance = (deviates - centre).T @ (deviates - centre) / max(len(deviates), 1)
        least = max(SHRUNK, covariance.shape[0] / max(len(deviates), 1))
        added = np.maximum(1 - np.diag(covariance), least)
        return cls(columns, centre, np.linalg.inv(covariance + np.diag(added)))

    def scores(self, table: pa.Table) -> tuple[Floats, Floats, Floats, Floats]:
        """The largest surprise and the distance of each row, shape (n,), and what each column has in both, (n, d)."""
        surprise, signed = _surprises(self.columns, table)
        scaled = _deviates(surprise, signed) - self.centre
        led = scaled @ self.precision
        apart = led / np.sqrt(np.diag(self.precision))  # by how much each value misses what the others say, in sd
        distance = np.sqrt(np.maximum(np.einsum("ij,ij->i", led, scaled), 0.0))
        return surprise.max(axis=1), distance, surprise, apart


def _surprises(columns: Mapping[str, ColumnSurprise], table: pa.Table) -> tuple[Floats, Floats]:
    parts = [surprise.of(table[name]) for name, surprise in columns.items()]
    return np.column_stack([part[0] for part in parts]), np.column_stack([part[1] for part in parts])


def _deviates(surprise: Floats, signed: Floats) -> Floats:
    """What has a side stands with it; a category with how far out so rare a value would be."""
    sided = (signed != 0).any(axis=0)
    return np.where(sided, signed, -ndtri_exp(-surprise - np.log(2)))


@dataclass(frozen=True, slots=True, eq=False)
class OddRowsModel:
    """The scores of all rows of the reference, and how rare each is."""

    oddness: Oddness
    alone: Tail
    together: Tail

    @classmethod
    def fit(cls, table: pa.Table, kinds: Mapping[str, Kind]) -> OddRowsModel | None:
        """Learn from a reference.

        Parameters
        ----------
        table
            Rows of the reference in their order.
        kinds
            Columns to look at, with how each is compared.

        Returns
        -------
        OddRowsModel | None
            None for fewer than `FEWEST_ROWS` rows or no column.

        Examples
        --------
        >>> rows = np.random.default_rng(1).normal(size=(2_000, 2))
        >>> table = pa.table({"x": rows[:, 0], "y": rows[:, 0] + 0.1 * rows[:, 1]})
        >>> model = OddRowsModel.fit(table, {"x": "numeric", "y": "numeric"})
        >>> odd = pa.table({"x": [0.0, 40.0, 2.0], "y": [0.1, 0.0, -2.0]})
        >>> (model.p_values(odd) < 0.001).tolist() if model else None
        [False, True, True]
        """
        if table.num_rows < FEWEST_ROWS or not kinds:
            return None
        block = np.arange(table.num_rows) * BLOCKS // table.num_rows % 2
        halves = [table.filter(pa.array(block == side)) for side in (0, 1)]
        held = [Oddness.fit(halves[1 - side], kinds).scores(halves[side])[:2] for side in (0, 1)]
        alone, together = (np.concatenate([part[at] for part in held]) for at in (0, 1))
        return cls(Oddness.fit(table, kinds), Tail.fit(alone), Tail.fit(together))

    def p_values(self, table: pa.Table) -> Floats:
        """How rarely the reference holds a row so odd; shape (n,)."""
        alone, together, _, _ = self.oddness.scores(table)
        return self.rarity(alone, together)

    def rarity(self, alone: Floats, together: Floats) -> Floats:
        """The same from a row's two scores."""
        rarer = np.minimum(self.alone.log_share_beyond(alone), self.together.log_share_beyond(together))
        return np.minimum(2 * np.exp(rarer), 1.0)
