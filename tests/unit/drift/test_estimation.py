"""A metric without labels: right while the scores or the weights are, and corrected by what came true."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import binomtest

from duetmind_adaptive.drift.estimation.calibrator import fit_calibrator
from duetmind_adaptive.drift.estimation.design import fit_binning
from duetmind_adaptive.drift.estimation.estimator import Classes, Estimator, Numbers, Raw
from duetmind_adaptive.drift.estimation.feedback import Feedback
from duetmind_adaptive.drift.estimation.scale import scale_of
from duetmind_adaptive.drift.metrics import measure

Floats = NDArray[np.float64]
ROWS = 1000


def table(x: Floats) -> pa.Table:
    return pa.table({"a": x[:, 0], "b": x[:, 1]})


def scores_of(x: Floats) -> Floats:
    """Bolder than the truth: probabilities are those of half the logit."""
    p = expit(2.0 * x[:, 0])
    return np.column_stack([1 - p, p])


def labels(rng: np.random.Generator, x: Floats) -> NDArray[np.intp]:
    return (rng.uniform(size=len(x)) < expit(x[:, 0])).astype(np.intp)


def a_classifier(rng: np.random.Generator, metric: str = "accuracy") -> Estimator:
    x = rng.normal(size=(5000, 2))
    truth, scores = labels(rng, x), scores_of(x)
    binning = fit_binning(table(x))
    reading = measure(metric, "binary", truth=truth, prediction=scores.argmax(axis=1), score=scores[:, 1])
    assert reading is not None
    side = Classes(metric, "binary", truth, scores.argmax(axis=1), scores, fit_calibrator(scores, truth))
    return Estimator(binning, binning.codes(table(x)), side, reading)


@pytest.mark.parametrize("metric", ["accuracy", "f1", "roc_auc", "log_loss", "balanced_accuracy"])
@pytest.mark.parametrize("shift", [0.0, 0.7])
def test_the_metric_of_a_window_is_estimated_without_its_labels_though_inputs_moved(metric: str, shift: float) -> None:
    rng = np.random.default_rng(3)
    estimator, errors = a_classifier(rng, metric), list[float]()
    for _ in range(15):
        x = rng.normal(size=(ROWS, 2)) + np.array([shift, 0.0])
        truth, scores = labels(rng, x), scores_of(x)
        raw = estimator.of_classes(scores.argmax(axis=1), scores, estimator.binning.codes(table(x)))
        reading = measure(metric, "binary", truth=truth, prediction=scores.argmax(axis=1), score=scores[:, 1])
        assert raw is not None
        assert reading is not None
        errors.append((raw.value - estimator.scale.to(reading.value)) / raw.error)
    assert abs(np.mean(errors)) < 1.5
    assert np.std(errors) < 2


def test_numbers_are_estimated_from_the_losses_of_like_inputs() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(5000, 2))
    truth = x[:, 1] + rng.normal(size=5000) * np.exp(0.5 * x[:, 0])
    binning = fit_binning(table(x))
    codes = binning.codes(table(x))
    reading = measure("mae", "regression", truth=truth, prediction=x[:, 1])
    assert reading is not None
    estimator = Estimator(binning, codes, Numbers.of("mae", truth, x[:, 1], codes), reading)
    moved = rng.normal(size=(ROWS, 2)) + np.array([0.8, 0.0])
    truth = moved[:, 1] + rng.normal(size=ROWS) * np.exp(0.5 * moved[:, 0])
    raw = estimator.of_numbers(moved[:, 1], binning.codes(table(moved)))
    assert raw is not None
    now = float(np.abs(truth - moved[:, 1]).mean())
    assert now > 1.2 * reading.value
    assert abs(estimator.scale.back(raw.value) - now) < 0.5 * (now - reading.value)


@pytest.mark.parametrize("alike", [0.0, 0.5])
def test_intervals_cover_the_truth_as_often_as_they_say_once_labels_come_late(alike: float) -> None:
    rng, covered, windows = np.random.default_rng(5), 0, 0
    for _ in range(20):
        feedback, truths, bias = Feedback(), list[float](), 0.0
        for at in range(60):
            bias = alike * bias + rng.normal() * 0.01  # what the estimator misses by, from window to window
            sent = feedback.send(at, Raw(0.8, 0.01, 0.01, 1.0))
            feedback = feedback.sent(sent)
            truths.append(0.8 + bias)
            covered += abs(sent.value - truths[-1]) <= sent.reach
            windows += 1
            if at >= 5:
                feedback = feedback.learn(at - 5, truths[at - 5])
    interval = binomtest(covered, windows).proportion_ci(0.99)
    assert interval.high > 0.85, covered / windows
    assert interval.low < 0.95, covered / windows


def errors_of(kind: str, rng: np.random.Generator, windows: int) -> Floats:
    """What an estimator without labels is off by, in standard errors of a window, beside its noise."""
    at = np.arange(windows)
    size = rng.choice([-1, 1]) * rng.uniform(4, 30)
    if kind == "a step":
        return size * (at >= rng.integers(8, windows - 8))
    if kind == "a slow change":
        return size * np.clip((at - rng.integers(8, 20)) / rng.integers(4, 15), 0, 1)
    if kind == "a season":
        return size / 3 * np.sin(2 * np.pi * (at / rng.uniform(10, 25) + rng.uniform()))
    return np.cumsum(rng.normal(0, abs(size) / 10, windows))


@pytest.mark.parametrize("kind", ["a step", "a slow change", "a season", "a random walk"])
def test_intervals_cover_while_the_estimator_is_overtaken_by_a_concept_that_changes(kind: str) -> None:
    windows, delay, error, streams = 80, 5, 0.012, 60
    shares = list[float]()
    for seed in range(streams):
        rng = np.random.default_rng(seed)
        off = error * (errors_of(kind, rng, windows) + rng.normal(size=windows))
        feedback, covered = Feedback(), 0
        for at in range(windows):
            if at >= delay:
                feedback = feedback.learn(at - delay, off[at - delay])
            sent = feedback.send(at, Raw(0.0, error, error, 1.0))
            feedback = feedback.sent(sent)
            covered += abs(sent.value - off[at]) <= sent.reach
        shares.append(covered / windows)
    mean, spread = float(np.mean(shares)), 2.6 * float(np.std(shares)) / streams**0.5
    assert mean + spread > 0.85, mean
    assert mean - spread < 0.97, mean


def test_an_interval_of_a_high_accuracy_is_lopsided_and_stays_below_one() -> None:
    scale = scale_of("accuracy")
    sent = Feedback().send(0, Raw(scale.to(0.98), 0.05, 0.05, 1.0))
    low, high = scale.back(sent.value - sent.reach), scale.back(sent.value + sent.reach)
    assert 0.98 - low > high - 0.98
    assert high < 1


@pytest.mark.parametrize("metric", ["accuracy", "roc_auc", "mae", "r2"])
def test_a_scale_goes_there_and_back_and_knows_its_slope(metric: str) -> None:
    scale, step = scale_of(metric), 1e-6
    for value in (0.05, 0.3, 0.5, 0.8, 0.95):
        assert scale.back(scale.to(value)) == pytest.approx(value)
        assert (scale.to(value + step) - scale.to(value - step)) / (2 * step) == pytest.approx(scale.slope(value))


def test_inputs_unlike_all_that_is_known_make_the_estimate_unsure() -> None:
    rng = np.random.default_rng(6)
    estimator, x = a_classifier(rng), rng.normal(size=(ROWS, 2)) + 30.0
    far = estimator.of_classes(scores_of(x).argmax(axis=1), scores_of(x), estimator.binning.codes(table(x)))
    assert far is not None
    assert far.known == 0.0
    assert far.error > 0.1


def test_feedback_survives_as_json_values_and_forgets_what_was_settled() -> None:
    feedback = Feedback()
    for at in range(4):
        feedback = feedback.sent(feedback.send(at, Raw(0.8, 0.01, 0.01, 1.0)))
    feedback = feedback.learn(1, 0.7)
    assert [sent.first_row for sent in feedback.waiting] == [2, 3]
    again = Feedback.from_section(feedback.to_section())
    assert again.waiting == feedback.waiting
    assert again.to_section() == feedback.to_section()
    assert feedback.learn(99, 0.1) is feedback
