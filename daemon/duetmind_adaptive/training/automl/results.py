"""What a search tells: the guide's result keys and more, as plain values beside the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from duetmind_adaptive.drift.metrics import higher_is_better
from duetmind_adaptive.training.automl.importance import param_importance
from duetmind_adaptive.training.automl.pareto import Point, standard_error
from duetmind_adaptive.training.automl.predictor import Predictor
from duetmind_adaptive.training.automl.problem import Problem
from duetmind_adaptive.training.automl.scoring import score
from duetmind_adaptive.training.automl.search import best_trial
from duetmind_adaptive.training.automl.session import Outcome, Wishes
from duetmind_adaptive.training.automl.study import Study, Trial

#: the guide's and the contract's keys, and more
Results = dict[str, Any]

#: standard errors above chance that a score has to lie: the best of many trials is above it by luck already
SURE = 3.0
#: a search that ends this early has no time to import Optuna and tell importance
LEAST_FOR_IMPORTANCE = 10.0


def describe(outcome: Outcome, problem: Problem, study: Study, wishes: Wishes) -> Results:
    """The result's keys.

    `best_algorithm`, `best_params` and `best_score` are the best trial's; `ensemble` is what was delivered.
    """
    trials, delivered = outcome.pool.trials, outcome.delivered
    best = best_trial(list(trials), wishes.metric)
    by_number = {trial.number: trial for trial in trials}
    importance = _importance(study.trials, wishes)
    algorithm = best.algorithm if best else "logistic_regression" if problem.classes else "ridge"
    chance, verdict = _beside_chance(outcome, wishes)
    return {
        "best_score": best.score if best else _number(delivered.score),
        "best_algorithm": algorithm,
        "best_params": dict(best.params) if best else {},
        "best_model": Predictor(outcome.model, problem.classes, problem.task, delivered.threshold),
        "metric": wishes.metric,
        "task": problem.task,
        "trials": len(study.trials),
        "failed_trials": sum(trial.state == "failed" for trial in study.trials),
        "seconds": round(outcome.seconds, 3),
        "stopped_by": outcome.reason,
        "param_importance": importance.get(algorithm, {}),
        "param_importance_by_algorithm": importance,
        "leaderboard": leaderboard(trials, wishes.metric),
        "ensemble": {
            "score": _number(delivered.score),
            "members": [
                {"trial": number, "algorithm": by_number[number].algorithm, "weight": round(weight, 4)}
                for number, weight in delivered.weights.items()
                if number in by_number
            ],
            "models": delivered.members,
            "predict_ms_per_1k": round(delivered.predict_ms, 2),
            "threshold": delivered.threshold,
        },
        "chance_score": chance,
        "better_than_chance": verdict,
        "pareto_front": [_point(point, by_number) for point in outcome.front],
        "chosen_point": None if outcome.chosen is None else _point(outcome.chosen, by_number),
        "notes": [*problem.notes, *outcome.notes, *_notes(verdict, wishes)],
        "history": [_history(trial) for trial in study.trials],
        "study": None if study.path is None else str(study.path),
        "truth": outcome.pool.truth,
        "answers": delivered.answers,
    }


def leaderboard(trials: Sequence[Trial], metric: str) -> list[dict[str, Any]]:
    """Finished trials, the best first."""
    sign = -1 if higher_is_better(metric) else 1
    ordered = sorted(
        (trial for trial in trials if trial.score is not None), key=lambda trial: sign * (trial.score or 0)
    )
    return [
        {
            "algorithm": trial.algorithm,
            "score": trial.score,
            "params": dict(trial.params),
            "trial": trial.number,
            "fit_seconds": round(trial.seconds, 3),
        }
        for trial in ordered
    ]


def _importance(trials: Sequence[Trial], wishes: Wishes) -> dict[str, dict[str, float]]:
    if wishes.timeout is not None and wishes.timeout < LEAST_FOR_IMPORTANCE:
        return {}
    return param_importance(trials, wishes.metric)


def _beside_chance(outcome: Outcome, wishes: Wishes) -> tuple[float, bool | None]:
    """What a model that knows nothing but the target scores, and whether ours is surely better."""
    pool, answers = outcome.pool, outcome.delivered.answers
    if pool.classes:
        shares = np.bincount(pool.truth, minlength=pool.classes) / len(pool.truth)
        ignorant = np.tile(shares, (len(pool.truth), 1))
    else:
        ignorant = np.full((len(pool.truth), 1), float(np.mean(pool.truth)))
    chance = score(wishes.metric, pool.task, pool.truth, ignorant)
    if answers is None or not np.isfinite(chance):
        return chance, None
    error = standard_error(wishes.metric, pool.task, pool.truth, answers, wishes.seed)
    gap = outcome.delivered.score - chance
    return chance, bool((gap if higher_is_better(wishes.metric) else -gap) > SURE * error)


def _notes(better: bool | None, wishes: Wishes) -> list[str]:
    if better is False:
        return [f"the model is no better than chance by {wishes.metric}: these columns do not tell the target"]
    return []


def _point(point: Point, trials: dict[int, Trial]) -> dict[str, Any]:
    members = [{"algorithm": trials[number].algorithm, "weight": weight} for number, weight in point.members.items()]
    return {**point.values, "members": members}


def _history(trial: Trial) -> dict[str, Any]:
    names = ("number", "algorithm", "state", "score", "seconds", "at", "reason")
    return {name: getattr(trial, name) for name in names} | {"params": dict(trial.params)}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
