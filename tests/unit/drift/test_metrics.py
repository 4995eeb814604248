"""Metrics equal scikit-learn's, with intervals that cover; what cannot be measured gives no reading."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter
from scipy.special import expit
from sklearn import metrics as sk

from duetmind_adaptive.drift.labels import complete_rows
from duetmind_adaptive.drift.metrics import (
    MINIMUM_ROWS,
    higher_is_better,
    measure,
    metric_value,
    metric_values,
    row_losses,
)
from duetmind_adaptive.errors import SourceError
from duetmind_adaptive.stats.bootstrap import resample_weights
from duetmind_adaptive.stats.intervals import wilson

SIZES = st.integers(MINIMUM_ROWS, 200)
SEEDS = st.integers(0, 2**32 - 1)
LABELS = {
    "integers": [0, 1],
    "booleans": [False, True],
    "words": ["no", "yes"],
    "others": [3, 7],
}


def binary(seed: int, size: int, labels: str = "integers"):
    generator = np.random.default_rng(seed)
    score = generator.uniform(0.05, 0.95, size).round(2)
    truth = (generator.random(size) < 0.2 + 0.6 * score).astype(int)
    truth[:5], truth[5:10] = 0, 1
    names = np.array(LABELS[labels])
    return names[truth], names[(score > 0.5).astype(int)], score


@settings(max_examples=60, deadline=None)
@given(SEEDS, SIZES, st.sampled_from(sorted(LABELS)))
def test_binary_metrics_equal_scikit_learns(seed, size, labels):
    truth, prediction, score = binary(seed, size, labels)
    positive = LABELS[labels][1]
    expected = {
        "accuracy": sk.accuracy_score(truth, prediction),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, prediction),
        "f1": sk.f1_score(truth, prediction, pos_label=positive),
        "roc_auc": sk.roc_auc_score(truth == positive, score),
        "log_loss": sk.log_loss(truth == positive, score),
    }
    for metric, value in expected.items():
        assert math.isclose(
            metric_value(metric, "binary", truth, prediction, score), value, rel_tol=1e-9, abs_tol=1e-12
        )


@settings(max_examples=60, deadline=None)
@given(SEEDS, SIZES, st.integers(3, 6))
def test_multiclass_metrics_equal_scikit_learns(seed, size, classes):
    generator = np.random.default_rng(seed)
    score = generator.dirichlet(np.ones(classes), size)
    truth = np.concatenate([np.arange(classes), generator.integers(0, classes, size - classes)])
    prediction = score.argmax(axis=1)
    expected = {
        "accuracy": sk.accuracy_score(truth, prediction),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, prediction),
        "f1": sk.f1_score(truth, prediction, average="macro"),
        "roc_auc": sk.roc_auc_score(truth, score, multi_class="ovr", average="weighted"),
        "log_loss": sk.log_loss(truth, score),
    }
    for metric, value in expected.items():
        assert math.isclose(metric_value(metric, "multiclass", truth, prediction, score), value, rel_tol=1e-9)


@settings(max_examples=60, deadline=None)
@given(SEEDS, SIZES)
def test_regression_metrics_equal_scikit_learns(seed, size):
    generator = np.random.default_rng(seed)
    truth = generator.normal(100, 10, size)
    prediction = truth + generator.normal(1, 3, size)
    expected = {
        "r2": sk.r2_score(truth, prediction),
        "mae": sk.mean_absolute_error(truth, prediction),
        "rmse": sk.root_mean_squared_error(truth, prediction),
    }
    for metric, value in expected.items():
        assert math.isclose(metric_value(metric, "regression", truth, prediction), value, rel_tol=1e-9)


@settings(max_examples=30, deadline=None)
@given(SEEDS, SIZES, st.sampled_from(["accuracy", "balanced_accuracy", "f1", "roc_auc", "log_loss"]))
def test_a_weight_counts_as_that_many_copies_of_the_row(seed, size, metric):
    truth, prediction, score = binary(seed, size)
    for weights in np.concatenate(list(resample_weights(size, 3, seed))):
        copies = np.repeat(np.arange(size), weights.astype(int))
        weighted = metric_values(
            metric, "binary", truth=truth, prediction=prediction, score=score, weights=weights[np.newaxis]
        )
        repeated = metric_value(
            metric, "binary", truth[copies], prediction[copies], score[copies], classes=LABELS["integers"]
        )
        assert np.allclose(weighted, repeated, rtol=1e-9, equal_nan=True)


#: rows of a window, and windows
COVERED_ROWS, COVERED_WINDOWS = 1_000, 600
#: by the likeness of neighbouring rows, what both ends of the covering share's own interval (Wilson's, 95 %) must reach
COVERED = {0.0: (0.92, 0.95), 0.7: (0.88, 0.93)}


def in_time(rng, rows, alike):
    noise = rng.normal(size=rows)
    noise[1:] *= math.sqrt(1 - alike**2)
    return lfilter([1.0], [1.0, -alike], noise)


@pytest.mark.parametrize("alike", sorted(COVERED))
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_95_percent_interval_covers_the_metric_of_the_population(task, alike):
    """Inputs and noise resemble those of the row before by `alike`."""
    rng, rows = np.random.default_rng(1), COVERED_WINDOWS * COVERED_ROWS
    x, noise = in_time(rng, rows, alike), in_time(rng, rows, alike)
    if task == "binary":
        metrics, score = ["accuracy", "balanced_accuracy", "f1", "roc_auc", "log_loss"], expit(1.5 * x)
        truth, prediction = (1.5 * x + 1.6 * noise > 0.4).astype(int), (score > 0.5).astype(int)
    else:
        metrics, score, truth, prediction = ["r2", "mae", "rmse"], None, 2 * x + noise, 1.9 * x
    for metric in metrics:
        population = metric_value(metric, task, truth, prediction, score)
        covered = 0
        for first in range(0, rows, COVERED_ROWS):
            part = slice(first, first + COVERED_ROWS)
            given = None if score is None else score[part]
            reading = measure(metric, task, truth=truth[part], prediction=prediction[part], score=given)
            assert reading is not None
            assert reading.error > 0
            covered += reading.low <= population <= reading.high
        sure = wilson(covered, COVERED_WINDOWS)
        assert sure.low >= COVERED[alike][0], (metric, sure)
        assert sure.high >= COVERED[alike][1], (metric, sure)


@pytest.mark.parametrize("metric", ["accuracy", "f1", "roc_auc", "log_loss", "balanced_accuracy"])
def test_the_same_rows_give_the_same_reading(metric):
    truth, prediction, score = binary(5, 200)
    readings = [
        measure(metric, "binary", truth=truth, prediction=prediction, score=score, confidence=0.9) for _ in range(2)
    ]
    assert readings[0] == readings[1]
    assert readings[0] is not None
    assert (readings[0].name, readings[0].rows, readings[0].confidence) == (metric, 200, 0.9)


def test_an_accuracy_of_1_still_has_an_error():
    truth = np.arange(50) % 2
    reading = measure("accuracy", "binary", truth=truth, prediction=truth)
    assert reading is not None
    assert (reading.value, reading.high) == (1.0, 1.0)
    assert reading.error > 0.01


def test_rows_without_truth_or_answer_are_left_out():
    truth = np.array([1, 0, None, 1] * 20, dtype=object)
    prediction = np.array([1.0, np.nan, 0.0, 1.0] * 20)
    reading = measure("accuracy", "binary", truth=truth, prediction=prediction)
    assert reading is not None
    assert (reading.rows, reading.value) == (40, 1.0)
    assert complete_rows(truth, prediction).sum() == 40


def test_a_metric_of_scores_needs_no_prediction():
    truth, _, score = binary(1, 100)
    assert measure("roc_auc", "binary", truth=truth, prediction=None, score=score) is not None
    assert measure("accuracy", "binary", truth=truth, prediction=None, score=score) is None
    assert measure("roc_auc", "binary", truth=truth, prediction=truth, score=None) is None


def test_too_few_rows_give_no_reading():
    truth, prediction, score = binary(1, MINIMUM_ROWS)
    assert measure("accuracy", "binary", truth=truth, prediction=prediction) is not None
    assert measure("accuracy", "binary", truth=truth[:-1], prediction=prediction[:-1]) is None
    assert measure("accuracy", "binary", truth=truth[:0], prediction=prediction[:0], score=score[:0]) is None


@pytest.mark.parametrize("metric", ["f1", "roc_auc", "balanced_accuracy"])
def test_a_window_that_lacks_a_class_gives_no_reading_of_a_metric_that_weighs_classes(metric):
    truth, score = np.zeros(100, dtype=int), np.linspace(0, 1, 100)
    assert measure(metric, "binary", truth=truth, prediction=truth, score=score) is None


def test_a_window_that_lacks_a_class_still_has_a_log_loss():
    truth, score = np.ones(100, dtype=int), np.full(100, 0.8)
    reading = measure("log_loss", "binary", truth=truth, prediction=truth, score=score)
    assert reading is not None
    assert math.isclose(reading.value, -math.log(0.8))
    words = np.full(100, "yes")
    named = metric_value("log_loss", "binary", words, None, score, classes=["no", "yes"])
    assert math.isclose(named, -math.log(0.8))
    assert math.isnan(metric_value("log_loss", "binary", words, None, score))


def test_a_class_that_a_window_lacks_has_no_weight_in_a_multiclass_auc():
    truth = np.array([0, 1] * 30)
    score = np.random.default_rng(0).dirichlet(np.ones(3), 60)
    value = metric_value("roc_auc", "multiclass", truth, None, score, classes=[0, 1, 2])
    expected = np.mean([sk.roc_auc_score(truth == code, score[:, code]) for code in (0, 1)])
    assert math.isclose(value, expected)
    assert math.isnan(metric_value("roc_auc", "multiclass", truth, None, score))


def test_r2_of_a_constant_truth_is_undefined():
    assert measure("r2", "regression", truth=np.ones(50), prediction=np.arange(50.0)) is None


def test_numbers_against_words_are_refused_in_one_sentence():
    with pytest.raises(SourceError, match="store both as one type"):
        metric_value("accuracy", "binary", np.array([0, 1]), np.array(["0", "1"]))


def test_the_mean_of_row_losses_is_the_metric():
    truth, prediction, score = binary(2, 100)
    for metric, sign in (("accuracy", -1), ("log_loss", 1)):
        losses = row_losses(metric, "binary", truth, prediction, score)
        value = metric_value(metric, "binary", truth, prediction, score)
        assert losses is not None
        assert math.isclose(losses.mean(), value if sign > 0 else 1 - value)
    numbers, answers = score, score + np.linspace(-1, 1, 100)
    squares = row_losses("rmse", "regression", numbers, answers)
    absolutes = row_losses("mae", "regression", numbers, answers)
    assert squares is not None
    assert absolutes is not None
    assert math.isclose(math.sqrt(squares.mean()), metric_value("rmse", "regression", numbers, answers))
    assert math.isclose(absolutes.mean(), metric_value("mae", "regression", numbers, answers))


@pytest.mark.parametrize("metric", ["roc_auc", "f1", "balanced_accuracy"])
def test_metrics_that_are_no_means_have_no_row_losses(metric):
    truth, prediction, score = binary(2, 50)
    assert row_losses(metric, "binary", truth, prediction, score) is None


def test_only_errors_are_better_when_lower():
    lower = {"log_loss", "mae", "rmse"}
    every = ["accuracy", "balanced_accuracy", "f1", "roc_auc", "log_loss", "r2", "mae", "rmse"]
    assert {metric for metric in every if not higher_is_better(metric)} == lower
