"""The steps that learn: a search, a configured pipeline, or both; and which of them is better."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from duetmind_adaptive.drift.metrics import higher_is_better, metric_value
from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.settings.pipeline import PipelineSettings
from duetmind_adaptive.tasks.automated.rows import Checked, Prepared
from duetmind_adaptive.tasks.automated.wanted import Wanted
from duetmind_adaptive.training.automl.folds import stratified_folds
from duetmind_adaptive.training.automl.learner import blended
from duetmind_adaptive.training.automl.optimizer import AutoMLOptimizer
from duetmind_adaptive.training.automl.problem import make_problem
from duetmind_adaptive.training.custom_pipeline.casting import ColumnCaster
from duetmind_adaptive.training.fitting import Learner
from duetmind_adaptive.training.out_of_fold import out_of_fold

#: the study of a search, by which one that was killed goes on with the trials that it has
STUDY = "search"
#: of a search's results, what is told
TOLD = (
    "best_score", "best_algorithm", "best_params", "trials", "failed_trials", "stopped_by", "chance_score",
    "better_than_chance", "param_importance", "leaderboard", "ensemble", "seconds",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A fitted model, and how its like did out of fold."""

    #: automl | pipeline
    made_by: str
    pipeline: Pipeline
    #: of the metric, on rows that the fold's model did not learn from
    score: float
    algorithm: str
    params: dict[str, Any]
    #: what else is told of it, plain values
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    notes: tuple[str, ...] = ()


def search_model(asked: str, checked: Checked, prepared: Prepared) -> Candidate:
    """Search; one that was killed goes on with its finished trials.

    Raises
    ------
    TrainingError
        Nothing can be learned from these rows.
    """
    wanted, examples = Wanted.model_validate_json(asked), prepared.examples
    if wanted.automl is None:
        raise TrainingError(f"training {wanted.id} searches for nothing")
    optimizer = AutoMLOptimizer(
        checked.metric,
        n_trials=wanted.n_trials,
        timeout=wanted.automl.timeout.total_seconds(),
        cv_folds=wanted.automl.cv_folds,
        random_state=wanted.seed,
        n_jobs=wanted.jobs,
        study_name=STUDY,
        storage=wanted.home,
    )
    problem = make_problem(examples.frame, examples.target, metric=checked.metric)
    results = optimizer.search(problem, began=time.monotonic())
    cast = ColumnCaster(dict(prepared.kinds)).fit(examples.frame)
    return Candidate(
        made_by="automl",
        pipeline=Pipeline([("cast", cast), *results["best_model"].pipeline.steps]),
        score=float(results["ensemble"]["score"] or np.nan),
        algorithm=results["best_algorithm"],
        params=results["best_params"],
        facts={name: results[name] for name in TOLD} | {"configurations": [list(each) for each in blended(results)]},
        notes=tuple(results["notes"]),
    )


def fit_pipeline(asked: str, checked: Checked, prepared: Prepared) -> Candidate:
    """Measure the configured pipeline out of fold, and fit it.

    Raises
    ------
    TrainingError
        It cannot learn from these rows.
    """
    wanted, examples = Wanted.model_validate_json(asked), prepared.examples
    settings = wanted.pipeline or PipelineSettings()
    learner = Learner(settings, checked.task, prepared.kinds, wanted.seed)
    count = settings.evaluation.folds
    if examples.classes.size:
        count = max(2, min(count, int(np.bincount(examples.target).min())))
    folds = stratified_folds(examples.target, count, wanted.seed)
    rows, prediction, scores = out_of_fold(learner, examples, folds, ordered=False)
    classes = list(examples.classes) or None
    score = metric_value(checked.metric, checked.task, examples.truth[rows], prediction, scores, classes=classes)
    return Candidate(
        made_by="pipeline",
        pipeline=learner.fit(examples),
        score=float(score),
        algorithm=settings.model.algorithm,
        params=dict(settings.model.hyperparameters),
        facts={"pipeline": settings.name, "folds": count},
    )


def better(candidates: list[Candidate], metric: str) -> Candidate:
    """The one with the better score out of fold; the first where they are equal or unknown."""
    sign = 1.0 if higher_is_better(metric) else -1.0
    return max(candidates, key=lambda each: sign * each.score if np.isfinite(each.score) else -np.inf)
