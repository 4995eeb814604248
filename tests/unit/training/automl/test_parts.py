"""The parts of a search by themselves: folds, metrics, encodings, selection, calibration, sizing, deadline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from duetmind_adaptive.training.automl.calibration import Calibration, fit_calibration
from duetmind_adaptive.training.automl.costs import fitting_work, serving_ms
from duetmind_adaptive.training.automl.deadline import Deadline
from duetmind_adaptive.training.automl.dense import DenseInputs
from duetmind_adaptive.training.automl.ensemble import Cost, mix, select
from duetmind_adaptive.training.automl.families import Lesson, fit
from duetmind_adaptive.training.automl.families.histogram_trees import HistogramTrees
from duetmind_adaptive.training.automl.finishing import choose_threshold, lighter
from duetmind_adaptive.training.automl.folds import grouped_folds, learning_rows, ordered_folds, stratified_folds
from duetmind_adaptive.training.automl.portfolio import installed
from duetmind_adaptive.training.automl.scoring import area, gain, score
from duetmind_adaptive.training.automl.sizing import size_up
from duetmind_adaptive.training.automl.target_means import TargetMeans
from duetmind_adaptive.training.automl.tree_inputs import TreeInputs
from duetmind_adaptive.training.automl.trial import Board, Candidate, run_trial


def answers_of(rng: np.random.Generator, rows: int, classes: int) -> np.ndarray:
    raw = rng.uniform(0.05, 1, size=(rows, classes))
    return raw / raw.sum(axis=1, keepdims=True)


# ---------------------------------------------------------------- folds


@given(st.lists(st.integers(0, 3), min_size=10, max_size=200), st.integers(2, 6), st.integers(0, 5))
def test_every_class_is_spread_evenly_over_the_folds(codes: list[int], count: int, seed: int) -> None:
    folds = stratified_folds(np.array(codes), count, seed)
    for code in set(codes):
        sizes = np.bincount(folds[np.array(codes) == code], minlength=count)
        assert sizes.max() - sizes.min() <= 1


@given(st.lists(st.integers(0, 12), min_size=10, max_size=200), st.integers(2, 4))
def test_no_group_is_in_two_folds(groups: list[int], count: int) -> None:
    folds = grouped_folds(np.array(groups), count, seed=0)
    for group in set(groups):
        assert len(set(folds[np.array(groups) == group].tolist())) == 1


def test_ordered_folds_are_answered_by_older_rows_only() -> None:
    moments = np.random.default_rng(0).permutation(103)
    folds = ordered_folds(moments, 4)
    for fold in range(4):
        learned = moments[learning_rows(folds, fold, ordered=True)]
        assert learned.size
        assert learned.max() < moments[folds == fold].min()


# ---------------------------------------------------------------- metrics


@pytest.mark.parametrize("classes", [2, 4])
def test_metrics_are_those_of_scikit_learn(classes: int) -> None:
    rng = np.random.default_rng(3)
    truth, answers = rng.integers(0, classes, 400), answers_of(rng, 400, classes)
    task = "binary" if classes == 2 else "multiclass"
    predicted = answers.argmax(axis=1)
    average = "binary" if classes == 2 else "macro"
    expected = {
        "roc_auc": metrics.roc_auc_score(truth, answers[:, 1])
        if classes == 2
        else metrics.roc_auc_score(truth, answers, multi_class="ovr", average="weighted"),
        "accuracy": metrics.accuracy_score(truth, predicted),
        "f1": metrics.f1_score(truth, predicted, average=average),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, predicted),
        "log_loss": metrics.log_loss(truth, answers),
    }
    for name, value in expected.items():
        assert score(name, task, truth, answers) == pytest.approx(value, abs=1e-9), name


def test_metrics_of_numbers_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(4)
    truth, answers = rng.normal(size=200), rng.normal(size=(200, 1))
    assert score("r2", "regression", truth, answers) == pytest.approx(metrics.r2_score(truth, answers[:, 0]))
    assert score("mae", "regression", truth, answers) == pytest.approx(metrics.mean_absolute_error(truth, answers))
    assert score("rmse", "regression", truth, answers) == pytest.approx(metrics.root_mean_squared_error(truth, answers))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=4, max_size=60))
def test_ties_count_half_in_the_area(rows: list[tuple[bool, int]]) -> None:
    truth = np.array([int(positive) for positive, _ in rows])
    if truth.min() == truth.max():
        return
    positive = np.array([value / 5 for _, value in rows])
    found = area(truth, np.stack([1 - positive, positive], axis=1))
    assert found == pytest.approx(metrics.roc_auc_score(truth, positive))


# ---------------------------------------------------------------- encodings


def test_target_means_tell_no_row_its_own_answer() -> None:
    rng = np.random.default_rng(0)
    codes = np.arange(2000, dtype=float)[:, None] // 2
    target = rng.integers(0, 2, 2000)
    learned = TargetMeans([0]).fit_transform(codes, target, 2)
    assert abs(metrics.roc_auc_score(target, learned[:, 0]) - 0.5) < 0.05


def test_an_unseen_and_a_missing_category_are_survived_by_every_encoding() -> None:
    rng = np.random.default_rng(1)
    x = np.column_stack([rng.normal(size=300), rng.integers(0, 40, 300)])
    target = rng.integers(0, 3, 300)
    strange = np.array([[np.nan, 99.0], [0.5, np.nan]])
    for inputs in (DenseInputs([1], knots=4), TreeInputs([1]), TreeInputs([1], "codes"), DenseInputs([1], "standard")):
        width = inputs.fit_transform(x, target, 3).shape[1]
        found = inputs.transform(strange)
        assert found.shape == (2, width)
    assert np.isfinite(DenseInputs([1]).fit_transform(x, target, 3)).all()


def test_what_serves_is_what_was_learned_from() -> None:
    rng = np.random.default_rng(2)
    x = np.column_stack([rng.lognormal(size=200), rng.integers(0, 5, 200)])
    inputs = DenseInputs([1], knots=3)
    assert np.allclose(inputs.fit_transform(x, rng.integers(0, 2, 200), 2), inputs.transform(x))


# ---------------------------------------------------------------- selection


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000))
def test_a_blend_is_no_worse_than_the_best_trial(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, 120)
    truth[:2] = 0, 1
    trials = [answers_of(rng, 120, 2) for _ in range(6)]
    weights = select(trials, [Cost()] * 6, lambda mean: gain("roc_auc", "binary", truth, mean))
    best = max(gain("roc_auc", "binary", truth, answers) for answers in trials)
    assert gain("roc_auc", "binary", truth, mix(trials, weights)) >= best - 1e-9
    assert sum(weights.values()) == pytest.approx(1)


def test_a_blend_keeps_within_what_it_may_cost() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 300)
    trials = [
        np.stack([1 - p, p], axis=1) for p in (np.clip(truth * 0.2 + rng.uniform(0, 0.8, 300), 0, 1) for _ in range(8))
    ]
    costs = [Cost(milliseconds=10.0 + at, size=1.0) for at in range(8)]
    weights = select(trials, costs, lambda mean: gain("roc_auc", "binary", truth, mean), Cost(35.0, 2.0, 0.0))
    assert len(weights) == 2
    assert sum(costs[at].milliseconds for at in weights) <= 35


# ---------------------------------------------------------------- calibration and threshold


def test_a_calibration_of_honest_probabilities_changes_little() -> None:
    rng = np.random.default_rng(5)
    answers = answers_of(rng, 5000, 3)
    truth = (rng.uniform(size=(5000, 1)) > answers.cumsum(axis=1)).sum(axis=1)
    fitted = fit_calibration(truth, answers)
    assert abs(fitted.slope - 1) < 0.1
    assert np.abs(fitted.apply(answers) - answers).max() < 0.03


def test_a_calibration_never_changes_the_order_of_two_classes() -> None:
    answers = answers_of(np.random.default_rng(6), 50, 2)
    moved = Calibration(0.4, (0.3, -0.2)).apply(answers)
    assert (np.argsort(moved[:, 1]) == np.argsort(answers[:, 1])).all()
    assert np.allclose(moved.sum(axis=1), 1)


def test_the_threshold_is_where_the_metric_is_best() -> None:
    rng = np.random.default_rng(7)
    positive = rng.uniform(size=2000)
    truth = (rng.uniform(size=2000) < positive * 0.4).astype(int)
    answers = np.stack([1 - positive * 0.4, positive * 0.4], axis=1)
    chosen = choose_threshold("f1", "binary", truth, answers)
    assert chosen is not None
    assert score("f1", "binary", truth, answers, chosen) > score("f1", "binary", truth, answers) + 0.2
    assert choose_threshold("roc_auc", "binary", truth, answers) is None


# ---------------------------------------------------------------- time


def test_more_rows_than_the_time_allows_are_judged_on_fewer_folds_then_fewer_rows() -> None:
    assert size_up(5_000, 20, 2, 5, 30.0).fitted == 5
    assert size_up(28_000, 20, 5, 5, 30.0).fitted < 5
    many = size_up(5_000_000, 50, 10, 5, 10.0)
    assert (many.fitted, many.rows < 5_000_000) == (1, True)
    assert size_up(5_000_000, 50, 10, 5, None).rows == 5_000_000


def test_the_deadline_expects_what_an_algorithm_took_before() -> None:
    now = 10.0
    deadline = Deadline(30.0, began=0.0, clock=lambda: now)
    assert (deadline.spent, deadline.left) == (10.0, 20.0)
    assert deadline.expected("mlp", 2.0) == 0.0
    deadline.learn("xgboost", 2.0)
    assert deadline.expected("mlp", 2.0) == 4.0
    assert deadline.expected("xgboost", 2.0) == pytest.approx(3.0)


def test_the_deadline_expects_more_time_where_there_is_more_to_fit() -> None:
    deadline = Deadline(30.0, began=0.0, clock=lambda: 0.0)
    few = {"rounds": 100, "max_leaf_nodes": 6}
    many = {"rounds": 400, "max_leaf_nodes": 42}
    deadline.learn("hist_gradient_boosting", 1.0, fitting_work("hist_gradient_boosting", few))
    expected = deadline.expected("hist_gradient_boosting", 2.0, fitting_work("hist_gradient_boosting", many))
    assert expected == pytest.approx(1.5 * 4 * 4)


def test_members_leave_a_model_that_is_too_slow_before_trials_do() -> None:
    groups: list[Any] = [(1, 0.6, ["a", "b"]), (2, 0.4, ["c", "d"])]
    counts = list[list[int]]()
    while sum(len(members) for _, _, members in groups) > 1:
        groups = lighter(groups)
        counts.append([len(members) for _, _, members in groups])
    assert counts == [[2, 1], [1, 1], [1]]


def test_a_booster_keeps_the_fewest_rounds_that_are_as_good(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 4)).astype(np.float32)
    for name, values in (("x", x), ("y", (x[:, 0] > 0).astype(np.int64)), ("folds", np.arange(600) % 2)):
        np.save(tmp_path / f"{name}.npy", values)
    board = Board(home=tmp_path, task="binary", metric="roc_auc", classes=2, categories=(), columns=4, fitted=(0, 1))
    params = {"learning_rate": 0.1, "max_leaf_nodes": 4, "rounds": 400}
    found = run_trial(board, Candidate(number=0, algorithm="hist_gradient_boosting", params=params, seed=0))
    assert (found.score > 0.99, found.params["rounds"] <= 200) == (True, True), "one column is learned early"


def test_more_trees_and_classes_cost_more_to_serve() -> None:
    few, many = {"rounds": 50, "max_depth": 4}, {"rounds": 200, "max_depth": 4}
    assert serving_ms("xgboost", few, 2, 10) < serving_ms("xgboost", many, 2, 10)
    assert serving_ms("xgboost", many, 2, 10) < serving_ms("xgboost", many, 5, 10)
    assert serving_ms("xgboost", many, 2, 10) < serving_ms("lightgbm", many, 2, 10)


# ---------------------------------------------------------------- members


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_histogram_trees_answer_as_scikit_learn_does(classes: int) -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=(300, 4))
    x[::7, 2] = np.nan
    y = rng.integers(0, classes, 300) if classes else rng.normal(size=300)
    params = {"rounds": 12, "learning_rate": 0.1, "max_leaf_nodes": 6}
    task = {0: "regression", 2: "binary", 3: "multiclass"}[classes]
    lesson = Lesson(params=params, task=task, metric="rmse", classes=classes, categories=[], seed=0, x=x, y=y)
    member = fit("hist_gradient_boosting", lesson)
    assert isinstance(member, HistogramTrees)
    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    theirs = kind(max_iter=12, learning_rate=0.1, max_leaf_nodes=6, early_stopping=False, random_state=0).fit(x, y)
    expected = theirs.predict_proba(x) if classes else theirs.predict(x)[:, None]
    assert np.allclose(member.predict(x), expected, atol=1e-6)
    assert np.allclose(member.staged(x, [5, 12])[0], member.cut(5).predict(x))


@pytest.mark.parametrize("algorithm", [name for name in ("lightgbm", "xgboost") if name in installed()])
def test_stages_of_a_booster_are_what_it_answers_when_cut(algorithm: str) -> None:
    rng = np.random.default_rng(9)
    x, y = rng.normal(size=(200, 3)), rng.integers(0, 3, 200)
    lesson = Lesson(
        params={"rounds": 9, "learning_rate": 0.1},
        task="multiclass",
        metric="f1",
        classes=3,
        categories=[],
        seed=0,
        x=x,
        y=y,
    )
    member: Any = fit(algorithm, lesson)
    stages = member.staged(x, [4, 9])
    assert np.allclose(stages[0], member.cut(4).predict(x), atol=1e-6)
    assert np.allclose(stages[1], member.predict(x), atol=1e-6)
