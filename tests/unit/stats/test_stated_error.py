"""Errors of metrics of which only the value is known, against the spread that simulation shows."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from duetmind_adaptive.drift.metrics import metric_value
from duetmind_adaptive.stats.stated_error import stated_error

ROWS, REPEATS = 400, 3000

Rng = np.random.Generator


def labels(rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    """Classes as frequent as each other, and answers of which one in six is wrong."""
    truth = np.arange(ROWS) % 2
    return truth, np.where(rng.random(ROWS) < 1 / 6, 1 - truth, truth)


def numbers(rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    """Errors as a Laplace variable's, beside a truth that varies as much again."""
    truth = rng.normal(size=ROWS) * 2
    return truth, truth + rng.laplace(size=ROWS)


def score(rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    truth = np.arange(ROWS) % 2
    return truth, rng.exponential(size=ROWS) * np.where(truth == 1, 4.0, 1.0)


CASES: dict[str, tuple[str, Callable[[Rng], tuple[np.ndarray, np.ndarray]]]] = {
    "accuracy": ("binary", labels),
    "balanced_accuracy": ("binary", labels),
    "f1": ("binary", labels),
    "roc_auc": ("binary", score),
    "mae": ("regression", numbers),
    "rmse": ("regression", numbers),
}


@pytest.mark.parametrize("metric", list(CASES))
def test_the_error_is_the_spread_of_the_metric_where_its_assumptions_hold(metric: str) -> None:
    task, draw = CASES[metric]
    rng, values = np.random.default_rng(11), []
    for _ in range(REPEATS):
        truth, given = draw(rng)
        scores = given / given.max() if metric == "roc_auc" else None
        values.append(metric_value(metric, task, truth, given if scores is None else None, scores))
    spread = float(np.std(values))
    # the standard deviation of a standard deviation of so many values is a seventieth of it
    assert stated_error(metric, float(np.mean(values)), ROWS) == pytest.approx(
        spread, rel=0.06 if metric != "mae" else 0.1
    )


def test_errors_fall_with_the_root_of_the_rows_and_are_never_zero() -> None:
    for metric in ("accuracy", "f1", "roc_auc", "log_loss", "mae", "rmse", "r2"):
        few, many = (stated_error(metric, 0.8, rows) for rows in (1_000, 4_000))
        assert few / many == pytest.approx(2, rel=0.01)
    assert min(stated_error(metric, 1.0, 10) for metric in ("accuracy", "f1", "roc_auc")) > 0
    assert math.isfinite(stated_error("r2", -5.0, 10))
