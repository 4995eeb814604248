"""Learns a model's habits from its whole hold-out, before some of the rows are kept for the checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.drift.calm.learn import Cuts, learn
from duetmind_adaptive.drift.calm.scores import ColumnScores
from duetmind_adaptive.drift.concept.residuals import Rows
from duetmind_adaptive.drift.labels import complete_rows
from duetmind_adaptive.drift.metrics import measure
from duetmind_adaptive.drift.uncertainty import influences
from duetmind_adaptive.durable import write_durably
from duetmind_adaptive.registry.layout import HABITS, HOLDOUT
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.tasks.answered import Answered, held_rows
from duetmind_adaptive.tasks.examinations.concept import relation_of
from duetmind_adaptive.tasks.examinations.multivariate import rounded
from duetmind_adaptive.tasks.holdout import Holdout, read_holdout, write_holdout
from duetmind_adaptive.tasks.model_side import answer_numbers, answer_profile
from duetmind_adaptive.tasks.natural import ordered_seconds
from duetmind_adaptive.tasks.training_data import WINDOW_ROWS
from duetmind_adaptive.tasks.view import stored

Floats = NDArray[np.float64]

#: newest rows of the hold-out that are looked at
MOST_ROWS = 500_000


def keep_holdout(
    folder: Path,
    model: Model,
    table: pa.Table,
    features: Sequence[str],
    *,
    prediction: NDArray[Any],
    scores: NDArray[np.float64] | None,
    classes: NDArray[Any],
) -> None:
    """Write a version's hold-out, and what all of its rows show of the model's habits.

    Parameters
    ----------
    folder
        The version's.
    model
        Whose version it is; it has a target.
    table
        Features, target and, where there are any, times of n rows in their order.
    features, prediction, scores, classes
        As `write_holdout` takes them.
    """
    if model.target is None:
        return
    window, whole = _window_rows(model, table), table.select([*features, model.target])
    holdout = write_holdout(
        folder, whole, model.target, prediction=prediction, scores=scores, classes=classes, window=window
    )
    _write_habits(folder, model, holdout, table, window)


def _window_rows(model: Model, table: pa.Table) -> int:
    """Rows of a window of production, about."""
    window, seconds = model.production.window, ordered_seconds(model, table)
    if window.every is None or seconds is None or seconds[-1] <= seconds[0]:
        return window.rows or WINDOW_ROWS
    return max(round(table.num_rows * window.every.total_seconds() / float(seconds[-1] - seconds[0])), 1)


def _write_habits(folder: Path, model: Model, holdout: Holdout, table: pa.Table, window: int) -> None:
    kept = stored(folder / HOLDOUT)
    scores = _scores(folder, model, holdout, held_rows(read_holdout(kept)), window) if kept is not None else None
    if scores is None or kept is None:
        return
    complete = complete_rows(holdout.truth, holdout.prediction, holdout.score)
    seconds = ordered_seconds(model, table.filter(pa.array(complete)))
    scores, seconds = scores[-MOST_ROWS:], None if seconds is None else seconds[-MOST_ROWS:]
    every = model.production.window.every
    cuts = Cuts.of(len(scores), window, every.total_seconds() if every else None, seconds)
    natural = learn([scores], cuts)
    # checks hold windows against the rows that are kept, which know less of the mean than all of them
    share = max(len(scores) / max(kept.num_rows, 1), 1.0)
    write_durably(folder / HABITS, replace(natural, reference=natural.reference * share).to_bytes())


def _scores(folder: Path, model: Model, holdout: Holdout, kept: Answered, window: int) -> Floats | None:
    """Of each complete row: influence on the metric, excess loss, and the scores of its answer."""
    rows, features = held_rows(holdout), tuple(holdout.features.column_names)
    known = relation_of(folder, model.task, features, rounded(window))
    before = answer_numbers(model.task, kept.classes, kept.prediction, kept.score)
    answers = answer_numbers(model.task, kept.classes, rows.prediction, rows.score)
    if known is None or before is None or answers is None:
        return None
    codes = known.relation.binning.codes(rows.features)
    excess = known.relation.usual.excess(Rows(codes, known.residuals(rows)))
    return np.column_stack(
        [_influence(model, rows), excess, ColumnScores.of(answer_profile(before)).rows(pa.chunked_array([answers]))]
    )


def _influence(model: Model, rows: Answered) -> Floats:
    reading = measure(
        model.metric,
        model.task,
        truth=rows.truth,
        prediction=rows.prediction,
        score=rows.score,
        classes=rows.classes,
    )
    if reading is None:
        return np.zeros(len(rows.truth))
    return influences(model.metric, model.task, rows.truth, rows.prediction, rows.score, classes=rows.classes)
