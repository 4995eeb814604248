"""Two tables that training leaves in a version's folder, so that checks need not read the reference again.

`sample.arrow` holds rows that the profile was made of: features, target and timestamp. `holdout.arrow` holds labelled
rows with answers of a model that did not learn from them: the recipe's own, as it was measured before it was fitted
once more to all rows. Its columns are the features, the target, `PREDICTION` and, of a classifier, `SCORE` with the
place of each class in their order; the classes are in the schema's metadata. Rows come in their order. Where there are
more than are kept, those of the sample are evenly spaced, and those of the hold-out whole windows that are, so that it
still shows how much one window differs from another.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.durable import write_durably
from duetmind_adaptive.registry.layout import HOLDOUT, SAMPLE
from duetmind_adaptive.sources.columns import keep

PREDICTION, SCORE = "__prediction", "__score_"

#: rows kept, at most
SAMPLE_ROWS, HOLDOUT_ROWS = 10_000, 20_000
#: values kept of one table at most, as long as that leaves FEWEST_ROWS: wide rows are fewer rows
CELLS, FEWEST_ROWS = 1_000_000, 1_000
#: windows kept of a hold-out at least; longer ones are thinned evenly
FEWEST_RUNS = 8

_META = b"duetmind"


@dataclass(frozen=True, slots=True, eq=False)
class Holdout:
    """Labelled rows that the version did not learn from, with its answers; arrays of equal length."""

    #: labels or numbers as the data has them
    truth: NDArray[Any]
    prediction: NDArray[Any]
    #: a column for each class, shape (n, k); None for regression and where only answers are known
    scores: NDArray[np.float64] | None
    #: ascending, in the order of the columns of `scores`; empty for regression
    classes: tuple[Any, ...]
    features: pa.Table
    #: how many neighbouring rows follow each other without a gap; None: all of them
    run: int | None = None

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def score(self) -> NDArray[np.float64] | None:
        """As `drift.metrics` takes it: P(positive) of two classes, every class's probability of more."""
        return self.scores[:, 1] if self.scores is not None and self.scores.shape[1] == 2 else self.scores


def write_sample(folder: Path, table: pa.Table, columns: Sequence[str | None]) -> None:
    """Keep rows of the reference: of `columns` those that there are, each once."""
    kept = keep(dict.fromkeys(name for name in columns if name is not None), table.column_names)
    _write(folder / SAMPLE, _thinned(table.select(kept), SAMPLE_ROWS))


def write_holdout(
    folder: Path,
    table: pa.Table,
    target: str,
    *,
    prediction: NDArray[Any],
    scores: NDArray[np.float64] | None,
    classes: NDArray[Any],
    window: int | None = None,
) -> Holdout:
    """Keep labelled rows and what was answered to them; returns all of them, also those that are not kept.

    Parameters
    ----------
    folder
        The version's.
    table
        Features and target, n rows in time order.
    target
        The name of the label's column.
    prediction, scores, classes
        As of `Holdout`; `scores` may be P(positive), shape (n,), and those of other classes are left out.
    window
        Rows of a window of production.
    """
    whole = table.append_column(PREDICTION, pa.array(prediction))
    if scores is not None:
        by_class = np.column_stack([1 - scores, scores]) if scores.ndim == 1 else scores
        for place, column in enumerate(by_class.T if by_class.shape[1] == classes.size else ()):
            whole = whole.append_column(f"{SCORE}{place}", pa.array(column))
    runs, run = _in_runs(whole, window) if window else (None, None)
    facts = json.dumps({"target": target, "classes": classes.tolist(), "run": run}).encode()
    kept = _thinned(whole, HOLDOUT_ROWS) if runs is None else runs
    _write(folder / HOLDOUT, kept.replace_schema_metadata({_META: facts}))
    return replace(read_holdout(whole.replace_schema_metadata({_META: facts})), run=None)


def read_holdout(table: pa.Table) -> Holdout:
    """The parts of a table that `write_holdout` wrote."""
    facts = json.loads((table.schema.metadata or {})[_META])
    names = table.column_names
    scores = [table[name].to_numpy() for name in names if name.startswith(SCORE)]
    answers = {facts["target"], PREDICTION}
    return Holdout(
        truth=table[facts["target"]].to_numpy(zero_copy_only=False),
        prediction=table[PREDICTION].to_numpy(zero_copy_only=False),
        scores=np.column_stack(scores).astype(np.float64) if scores else None,
        classes=tuple(facts["classes"]),
        features=table.select([name for name in names if name not in answers and not name.startswith(SCORE)]),
        run=facts.get("run"),
    )


def _kept_rows(table: pa.Table, most: int) -> int:
    return min(most, max(FEWEST_ROWS, CELLS // max(table.num_columns, 1)))


def _thinned(table: pa.Table, most: int) -> pa.Table:
    """Rows evenly spaced over the whole, the first and the last among them."""
    keep = _kept_rows(table, most)
    if table.num_rows <= keep:
        return table
    return table.take(pa.array(np.linspace(0, table.num_rows - 1, keep).astype(np.int64)))


def _in_runs(table: pa.Table, window: int) -> tuple[pa.Table | None, int | None]:
    """Whole windows evenly spaced over all rows; None where all rows are kept, or too few windows could be."""
    count = _kept_rows(table, HOLDOUT_ROWS) // window
    if table.num_rows <= _kept_rows(table, HOLDOUT_ROWS) or count < FEWEST_RUNS:
        return None, None
    starts = np.linspace(0, table.num_rows - window, count).astype(np.int64)
    return table.take(pa.array((starts[:, np.newaxis] + np.arange(window)).ravel())), window


def _write(path: Path, table: pa.Table) -> None:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_table(table.combine_chunks())
    write_durably(path, sink.getvalue().to_pybytes())
