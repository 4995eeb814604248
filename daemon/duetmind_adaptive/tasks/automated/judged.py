"""The step that measures: the better candidate on the rows that were kept from learning, beside knowing nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.drift.metrics import higher_is_better, measure, metric_value
from duetmind_adaptive.tasks.automated.candidates import Candidate, better
from duetmind_adaptive.tasks.automated.rows import Checked, Halves, Prepared
from duetmind_adaptive.tasks.automated.wanted import Wanted
from duetmind_adaptive.tasks.shown import Shown
from duetmind_adaptive.training.automl.pareto import standard_error
from duetmind_adaptive.training.automl.results import SURE
from duetmind_adaptive.training.automl.scoring import score
from duetmind_adaptive.training.custom_pipeline.casting import cast_frame
from duetmind_adaptive.training.examples import Examples

#: reported of every model
OF_CLASSES, OF_NUMBERS = ("accuracy", "balanced_accuracy", "f1", "roc_auc", "log_loss"), ("r2", "mae", "rmse")


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The chosen candidate, and what it shows on rows that it did not learn from."""

    candidate: Candidate
    #: the score out of fold of each candidate, by what made it
    scores: dict[str, float]
    shown: Shown
    metrics: dict[str, float]
    #: 95 % each, where there are rows enough for one
    intervals: dict[str, tuple[float, float]]
    #: what knowing nothing but the target's shares scores, on the same rows
    chance: float
    #: None where it cannot be told
    better_than_chance: bool | None


def evaluate(asked: str, checked: Checked, prepared: Prepared, halves: Halves, candidates: list[Candidate]) -> Judged:
    """Choose the candidate that did better out of fold, and measure it on the rows that were held back."""
    wanted = Wanted.model_validate_json(asked)
    chosen = better(candidates, checked.metric)
    shown = Shown.by(chosen.pipeline, _examples(halves.held, wanted.target, prepared))
    examples, classes = shown.examples, list(shown.examples.classes) or None
    names = OF_CLASSES if classes else OF_NUMBERS
    values = {
        name: metric_value(name, checked.task, examples.truth, shown.prediction, shown.scores, classes=classes)
        for name in dict.fromkeys((checked.metric, *names))
    }
    readings = {
        name: measure(
            name, checked.task, truth=examples.truth, prediction=shown.prediction, score=shown.scores, classes=classes
        )
        for name in values
    }
    chance, verdict = _beside_chance(checked, prepared, shown, wanted.seed)
    told = chosen.facts.get("better_than_chance")
    return Judged(
        candidate=chosen,
        scores={each.made_by: each.score for each in candidates},
        shown=shown,
        metrics={name: float(value) for name, value in values.items() if np.isfinite(value)},
        intervals={name: (each.low, each.high) for name, each in readings.items() if each is not None},
        chance=chance,
        # a search has judged on all rows, out of fold
        better_than_chance=verdict if told is None else bool(told),
    )


def _examples(table: pa.Table, target: str, prepared: Prepared) -> Examples:
    """The held rows, their classes coded as those of the rows that were learned from."""
    classes = prepared.examples.classes
    values = np.array(table[target].to_pylist())
    codes = np.searchsorted(classes, values) if classes.size else values.astype(np.float64)
    # they come right after the rows that were learned from; no window has them
    rows = np.arange(-table.num_rows, 0, dtype=np.int64)
    return Examples(cast_frame(table, prepared.kinds), codes, rows, classes)


def _beside_chance(checked: Checked, prepared: Prepared, shown: Shown, seed: int) -> tuple[float, bool | None]:
    """What the shares of the classes (or the mean) score, and whether the model is surely better."""
    learned, truth = prepared.examples, shown.examples.target
    answers = shown.scores if shown.scores is not None else shown.prediction.reshape(-1, 1)
    chance = score(checked.metric, checked.task, truth, np.tile(_ignorant(learned), (len(truth), 1)))
    if not np.isfinite(chance):
        return chance, None
    error = standard_error(checked.metric, checked.task, truth, answers, seed)
    gap = score(checked.metric, checked.task, truth, answers) - chance
    return float(chance), bool((gap if higher_is_better(checked.metric) else -gap) > SURE * error)


def _ignorant(learned: Examples) -> NDArray[np.float64]:
    if not learned.classes.size:
        return np.array([float(np.mean(learned.target))])
    counts = np.bincount(learned.target, minlength=learned.classes.size)
    return np.asarray(counts / counts.sum(), dtype=np.float64)
