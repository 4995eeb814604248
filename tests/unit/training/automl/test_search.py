"""A search from rows to a model: the guide's face, repeatable, durable, and unharmed by trials that misbehave."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from duetmind_adaptive.errors import ConfigError, JobTimeoutError, WorkerDiedError
from duetmind_adaptive.jobs.inline import InlineExecutor
from duetmind_adaptive.training.automl import AutoMLOptimizer, create_automl_optimizer
from duetmind_adaptive.training.automl.problem import make_problem
from duetmind_adaptive.training.automl.results import describe
from duetmind_adaptive.training.automl.session import Session
from duetmind_adaptive.training.automl.study import Study, read_study
from duetmind_adaptive.training.automl.trial import run_trial

#: quick ones
ALGORITHMS = ("logistic_regression", "ridge", "hist_gradient_boosting")


def table(rows: int = 240, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.normal(size=rows),
            "pay": rng.lognormal(size=rows),
            "job": rng.choice(["cook", "nurse", "pilot"], rows),
            "since": pd.date_range("2026-01-01", periods=rows, freq="h"),
        }
    )
    odds = frame["age"] + (frame["job"] == "pilot") * 2 - 0.5
    return frame, pd.Series(np.where(rng.uniform(size=rows) < 1 / (1 + np.exp(-2 * odds)), "yes", "no"))


def search(
    frame: pd.DataFrame,
    target: Any,
    metric: Any = "roc_auc",
    *,
    executor: Any = None,
    study: Study | None = None,
    groups: Any = None,
    moments: Any = None,
    **options: Any,
) -> dict[str, Any]:
    """A search in this process, without workers."""
    optimizer = AutoMLOptimizer(metric, algorithms=options.pop("algorithms", ALGORITHMS), **options)
    problem = make_problem(frame, target, metric=optimizer.wishes.metric, groups=groups, moments=moments)
    study = study or Study()
    session = Session(
        problem,
        optimizer.wishes,
        executor=executor or InlineExecutor(),
        study=study,
        began=time.monotonic(),
    )
    return describe(asyncio.run(session.run()), problem, study, optimizer.wishes)


class Troubled(InlineExecutor):
    """An executor some of whose trials end badly."""

    def __init__(self, trouble: Callable[[int], Exception | None]) -> None:
        super().__init__()
        self.trouble = trouble

    async def run(
        self,
        task: Any,
        /,
        *args: Any,
        timeout: timedelta,  # noqa: ASYNC109 - the contract's
        fresh: bool = False,
        label: str = "",
        memory_gb: float | None = None,
    ) -> Any:
        if task is run_trial and (error := self.trouble(args[1].number)):
            raise error
        return await super().run(task, *args, timeout=timeout, fresh=fresh, label=label, memory_gb=memory_gb)


# ---------------------------------------------------------------- the guide's face


def test_the_guides_example_runs() -> None:
    frame, target = table()
    optimizer = create_automl_optimizer(
        objective_metric="roc_auc", n_trials=3, timeout=60, algorithms=("logistic_regression",)
    )
    results = optimizer.optimize(frame[:160], target[:160], frame[160:], target[160:])
    assert results["best_algorithm"] == "logistic_regression"
    assert results["best_score"] > 0.75
    assert results["validation_score"] > 0.75
    assert set(optimizer.predict(frame)) == {"yes", "no"}
    assert np.allclose(optimizer.predict_proba(frame).sum(axis=1), 1)


def test_the_result_has_the_contracts_keys() -> None:
    results = search(*table(), n_trials=4)
    document = {
        key: results[key]
        for key in ("best_score", "best_algorithm", "best_params", "metric", "trials", "seconds", "param_importance", "leaderboard")  # noqa: E501
    }  # fmt: skip
    assert json.loads(json.dumps(document)) == document
    scores = [entry["score"] for entry in results["leaderboard"]]
    assert scores == sorted(scores, reverse=True)
    assert results["best_score"] == scores[0]
    assert len(scores) == results["trials"] == 4


@pytest.mark.parametrize("metric", ["roc_auc", "accuracy", "f1", "balanced_accuracy", "log_loss"])
def test_every_metric_of_classes_beats_chance(metric: str) -> None:
    results = search(*table(), metric, n_trials=2)
    assert results["better_than_chance"]
    assert results["metric"] == metric


@pytest.mark.parametrize("metric", ["r2", "mae", "rmse"])
def test_every_metric_of_numbers_beats_chance(metric: str) -> None:
    frame, _ = table()
    results = search(frame, frame["age"] * 3 + frame["pay"], metric, n_trials=2)
    assert results["task"] == "regression"
    assert results["better_than_chance"]
    found = results["best_model"].predict(frame)
    assert np.corrcoef(found, frame["age"] * 3 + frame["pay"])[0, 1] > 0.8


def test_many_classes_keep_their_names() -> None:
    frame, _ = table()
    target = frame["job"].map({"cook": 3, "nurse": 7, "pilot": 11})
    results = search(frame, target, n_trials=2)
    assert results["task"] == "multiclass"
    assert set(results["best_model"].predict(frame)) == {3, 7, 11}


def test_importance_is_told_for_each_algorithm_with_trials_enough() -> None:
    results = search(*table(), n_trials=14, algorithms=("logistic_regression",))
    shares = results["param_importance"]
    assert set(shares) == {"C", "scaling", "knots"}
    assert sum(shares.values()) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"objective_metric": "auc"}, "there is no metric 'auc'; choose one of roc_auc, accuracy"),
        ({"objective_metric": ["predict_ms"]}, "objective_metric needs a metric beside costs"),
        ({"objective_metric": ["f1", "rmse"]}, "f1, rmse do not go together"),
        ({"n_trials": 0}, "n_trials is 0; at least one trial is needed"),
        ({"timeout": -1}, "timeout is -1 seconds; give more than none"),
        ({"cv_folds": 1}, "cv_folds is 1; give 2 to 20"),
        ({"algorithms": ["catboost"]}, "algorithm 'catboost' is not installed or not known; there are"),
        ({"preset": "fast"}, "there is no preset 'fast'; choose one of serving, quality"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_can(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        create_automl_optimizer(**options)
    assert str(caught.value).startswith(said)


# ---------------------------------------------------------------- the same again


def test_the_same_seed_data_and_number_of_trials_give_the_same_result() -> None:
    first, second = (search(*table(), n_trials=9, random_state=5) for _ in range(2))
    assert first["leaderboard"][0]["params"] == second["leaderboard"][0]["params"]
    assert [entry["score"] for entry in first["leaderboard"]] == [entry["score"] for entry in second["leaderboard"]]
    assert first["ensemble"]["members"] == second["ensemble"]["members"]
    frame, _ = table()
    found = [each["best_model"].predict_proba(frame) for each in (first, second)]
    assert np.array_equal(*found)


def test_a_search_on_a_cluster_without_ray_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"^Ray is not installed: pip install 'duetmind-adaptive\[ray\]'\.$"):
        create_automl_optimizer(n_trials=1, address="10.0.0.5:6379")


def test_a_study_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole = search(*table(), n_trials=7)
    path = tmp_path / "loans.study"
    with Study(path) as study:
        search(*table(), n_trials=4, study=study)
    with Study(path) as study:
        rest = search(*table(), n_trials=7, study=study)
    assert [trial.number for trial in read_study(path)] == list(range(7))
    assert rest["leaderboard"][0]["score"] == whole["leaderboard"][0]["score"]
    assert [entry["params"] for entry in rest["history"]] == [entry["params"] for entry in whole["history"]]


def test_answers_of_other_rows_are_not_mixed_into_a_blend(tmp_path: Path) -> None:
    with Study(tmp_path / "loans.study") as study:
        search(*table(), n_trials=3, study=study)
        results = search(*table(rows=300, seed=9), n_trials=5, study=study)
    assert results["trials"] == 5
    assert {entry["trial"] for entry in results["leaderboard"]} == {3, 4}


# ---------------------------------------------------------------- trials that misbehave


def test_a_trial_whose_worker_dies_costs_that_trial() -> None:
    deadly = Troubled(lambda number: WorkerDiedError("was killed by SIGSEGV") if number == 1 else None)
    results = search(*table(), n_trials=4, executor=deadly)
    assert results["failed_trials"] == 1
    assert [entry["trial"] for entry in sorted(results["leaderboard"], key=lambda entry: entry["trial"])] == [0, 2, 3]
    assert results["history"][1]["reason"] == "was killed by SIGSEGV"


def test_a_trial_that_hangs_is_stopped_and_costs_that_trial() -> None:
    endless = ("mlp", {"depth": 1, "width": 64, "alpha": 0.1, "learning_rate_init": 0.001, "epochs": 10**8})
    optimizer = create_automl_optimizer(
        n_trials=2, warm_start=[endless], trial_timeout=2.0, algorithms=("logistic_regression", "mlp")
    )
    results = optimizer.optimize(*table())
    assert results["history"][0]["reason"] == "took longer than 2.0 s and was stopped"
    assert results["best_algorithm"] == "logistic_regression"


def test_a_trial_that_exhausts_memory_costs_that_trial() -> None:
    huge = ("mlp", {"depth": 2, "width": 16_000, "alpha": 0.1, "learning_rate_init": 0.001, "epochs": 2})
    optimizer = create_automl_optimizer(
        n_trials=2, warm_start=[huge], trial_memory_gb=1.0, algorithms=("logistic_regression", "mlp")
    )
    results = optimizer.optimize(*table())
    assert results["history"][0]["state"] == "failed"
    assert "GB and asked for 1: it was killed." in results["history"][0]["reason"]
    assert results["best_algorithm"] == "logistic_regression"


def test_a_model_is_delivered_even_if_no_trial_finishes() -> None:
    deadly = Troubled(lambda _: WorkerDiedError("was killed by SIGKILL"))
    frame, target = table()
    results = search(frame, target, n_trials=3, executor=deadly)
    assert results["failed_trials"] == 3
    assert (results["best_model"].predict(frame) == target).mean() > 0.7


def test_a_delivery_that_fails_is_made_of_the_best_trial_at_hand() -> None:
    class Stuck(InlineExecutor):
        tries = 0

        async def run(self, task: Any, /, *args: Any, label: str = "", **more: Any) -> Any:
            self.tries += label == "delivery"
            if label == "delivery" and self.tries == 1:
                raise JobTimeoutError("took too long")
            return await super().run(task, *args, label=label, **more)

    results = search(*table(), n_trials=4, executor=Stuck())
    assert [member["trial"] for member in results["ensemble"]["members"]] == [results["leaderboard"][0]["trial"]]


# ---------------------------------------------------------------- bounds and honesty


def test_a_bound_on_serving_is_kept() -> None:
    results = search(*table(), n_trials=6, max_predict_ms_per_1k=4.0)
    assert results["ensemble"]["predict_ms_per_1k"] <= 4.0


def test_several_objectives_give_a_front_and_a_point_of_it() -> None:
    results = search(*table(), ["roc_auc", "predict_ms", "model_mb"], n_trials=6)
    front, chosen = results["pareto_front"], results["chosen_point"]
    assert chosen in front
    for point in front:
        better = [
            other
            for other in front
            if other["roc_auc"] >= point["roc_auc"]
            and other["predict_ms"] <= point["predict_ms"]
            and other["model_mb"] <= point["model_mb"]
        ]
        assert better == [point]


def test_a_target_that_no_column_tells_is_called_chance() -> None:
    frame, _ = table(400)
    results = search(frame, np.random.default_rng(1).integers(0, 2, 400), n_trials=4)
    assert results["better_than_chance"] is False
    assert results["notes"] == ["the model is no better than chance by roc_auc: these columns do not tell the target"]


def test_a_column_that_names_each_row_leaks_nothing() -> None:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"key": [f"k{at // 2}" for at in range(600)], "age": rng.normal(size=600)})
    results = search(frame, rng.integers(0, 2, 600), n_trials=6)
    assert abs(results["best_score"] - 0.5) < 0.08


def test_groups_and_moments_decide_who_answers_whom() -> None:
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(40), 10)
    frame = pd.DataFrame({"signature": group + rng.normal(scale=0.01, size=400), "age": rng.normal(size=400)})
    target = rng.integers(0, 2, 40)[group]
    blind = search(frame, target, n_trials=4)["best_score"]
    honest = search(frame, target, n_trials=4, groups=group)["best_score"]
    assert blind > 0.9
    assert honest < 0.75
    ordered = search(*table(), n_trials=3, moments=np.arange(240))
    assert ordered["better_than_chance"]


# ---------------------------------------------------------------- time


def test_two_seconds_give_a_model_better_than_the_majority_class() -> None:
    frame, target = table(2_000)
    results = create_automl_optimizer("accuracy", timeout=2).optimize(
        frame[:1400], target[:1400], frame[1400:], target[1400:]
    )
    majority = (target[1400:] == target[:1400].mode()[0]).mean()
    assert results["validation_score"] > majority + 0.1


def test_a_time_that_is_over_at_once_gives_a_model_still() -> None:
    frame, target = table()
    results = create_automl_optimizer(timeout=1e-6).optimize(frame, target)
    assert results["trials"] == 0
    assert results["best_score"] is None
    assert (results["best_model"].predict(frame) == target).mean() > 0.7


def test_a_search_works_inside_a_running_loop_as_in_a_notebook() -> None:
    async def cell() -> dict[str, Any]:
        optimizer = create_automl_optimizer(n_trials=1, algorithms=("logistic_regression",))
        return optimizer.optimize(*table())

    assert asyncio.run(cell())["trials"] == 1


# ---------------------------------------------------------------- tables as people have them


def test_a_table_with_everything_wrong_is_learned_from() -> None:
    frame, target = table(600)
    frame.loc[::7, "pay"] = np.inf
    frame.loc[::5, "job"] = None
    frame = frame.assign(
        gone=np.nan, same="A", key=[f"k{at}" for at in range(600)], flag=pd.array([True, None, False] * 200, "boolean")
    )
    labels = target.astype(object)
    labels[::50] = None
    results = search(frame, labels, n_trials=3, algorithms=("logistic_regression", "mlp", "extra_trees"))
    assert results["better_than_chance"]
    assert results["notes"] == [
        "12 rows without a label were left out",
        "2 columns with one value only were left out: gone, same",
    ]
    assert np.isfinite(results["best_model"].predict_proba(frame)).all()


def test_ten_thousand_categories_are_learned_from() -> None:
    rng = np.random.default_rng(4)
    key = rng.integers(0, 10_000, 12_000)
    frame = pd.DataFrame({"key": [f"k{each}" for each in key], "age": rng.normal(size=12_000)})
    target = rng.uniform(size=12_000) < 1 / (1 + np.exp(-2 * frame["age"]))
    results = search(frame, target, n_trials=2, algorithms=("logistic_regression", "hist_gradient_boosting"))
    assert results["best_score"] > 0.75


def test_a_search_ends_by_itself_when_nothing_more_is_to_be_gained() -> None:
    results = search(*table(), timeout=300, algorithms=("logistic_regression",))
    assert results["stopped_by"] == "nothing more to gain"
    assert results["seconds"] < 300


def test_two_trials_at_a_time_give_what_one_after_the_other_gives_of_the_portfolio() -> None:
    one, two = (search(*table(), n_trials=3, n_jobs=jobs) for jobs in (1, 2))
    assert [entry["score"] for entry in one["leaderboard"]] == [entry["score"] for entry in two["leaderboard"]]
