"""The page of a search stands alone, shows what its kind of target has to show, and lets no name act."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from duetmind_adaptive.report.automl_page import automl_page
from duetmind_adaptive.training.automl.curves import calibration_line, curves, precision_line, roc_line

EVIL = '<script>alert("x")</script>'


def document(**more: Any) -> dict[str, Any]:
    entry = {"algorithm": EVIL, "score": 0.8, "params": {EVIL: EVIL}, "trial": 0, "fit_seconds": 0.1}
    blend = {"score": 0.81, "members": [{"trial": 0, "algorithm": EVIL, "weight": 1.0}], "predict_ms_per_1k": 3.0}
    known = {
        "metric": "roc_auc", "target": EVIL, "higher_is_better": True, "ensemble": blend, "trials": 2, "seconds": 3.0,
        "best_algorithm": EVIL, "best_score": 0.8, "chance_score": 0.5, "notes": [EVIL], "leaderboard": [entry],
        "param_importance_by_algorithm": {EVIL: {EVIL: 1.0}}, "chosen_point": None,
        "pareto_front": [{"roc_auc": 0.8, "predict_ms": 3.0, "members": []}],
    }  # fmt: skip
    return known | more


HISTORY = [
    {"number": 0, "algorithm": EVIL, "state": "complete", "score": 0.8, "seconds": 1.0, "at": 1.0, "reason": ""},
    {"number": 1, "algorithm": EVIL, "state": "failed", "score": None, "seconds": 1.0, "at": 2.0, "reason": EVIL},
]


def answers(classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    raw = rng.uniform(size=(200, classes))
    return rng.integers(0, classes, 200), raw / raw.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("classes", [2, 4])
def test_classes_have_roc_precision_calibration_and_confusion(classes: int) -> None:
    task = "binary" if classes == 2 else "multiclass"
    drawn = curves(task, *answers(classes), tuple(f"{EVIL}{at}" for at in range(classes)), None)
    page = automl_page(document(), drawn, HISTORY)
    for part in ("ROC", "Precision and recall", "Calibration", "Rows of each class", "Optimisation history"):
        assert part in page
    assert "<script" not in page
    assert not re.search(r"https?://", page)
    assert "default-src 'none'" in page


def test_numbers_have_residuals() -> None:
    rng = np.random.default_rng(0)
    drawn = curves("regression", rng.normal(size=50), rng.normal(size=(50, 1)), (), None)
    page = automl_page(document(), drawn, HISTORY)
    assert "Residuals" in page
    assert "ROC" not in page


def test_a_search_without_a_finished_trial_has_a_page_too() -> None:
    page = automl_page(document(best_score=None, leaderboard=[], notes=[]), {}, HISTORY[1:])
    assert "Trials that failed" in page


def test_the_lines_are_what_they_say() -> None:
    truth = np.array([True, True, False, False])
    values = np.array([0.9, 0.6, 0.6, 0.1])
    assert roc_line(truth, values) == ([0.0, 0.0, 0.5, 1.0], [0.0, 0.5, 1.0, 1.0])
    recall, precision = precision_line(truth, values)
    assert (recall, precision) == ([0.5, 1.0, 1.0], [1.0, pytest.approx(2 / 3), 0.5])
    rng = np.random.default_rng(0)
    honest = rng.uniform(size=20_000)
    mean, share = calibration_line(rng.uniform(size=20_000) < honest, honest)
    assert np.abs(np.array(mean) - share).max() < 0.03
