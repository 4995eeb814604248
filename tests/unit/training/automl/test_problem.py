"""Tables as people have them: each is handled, or refused with one sentence that says how to mend it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.training.automl.problem import Problem, make_problem


def table(rows: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"age": rng.normal(size=rows), "job": rng.choice(["cook", "nurse"], rows)})


def labels(rows: int = 60) -> list[str]:
    return (["yes", "no"] * rows)[:rows]


def refusal(frame: pd.DataFrame, target: object, metric: str = "roc_auc", **beside: object) -> str:
    with pytest.raises(TrainingError) as caught:
        make_problem(frame, target, metric=metric, name="column 'y'", **beside)  # type: ignore[arg-type]
    return str(caught.value)


def test_classes_are_coded_in_their_order() -> None:
    problem = make_problem(table(), labels(), metric="roc_auc")
    assert (problem.task, problem.classes) == ("binary", ("no", "yes"))
    assert problem.target[:2].tolist() == [1, 0]
    assert problem.kinds == {"age": "numeric", "job": "categorical"}


def test_the_metric_tells_numbers_from_classes() -> None:
    numbers = np.arange(60) % 3
    assert make_problem(table(), numbers, metric="rmse").task == "regression"
    assert make_problem(table(), numbers, metric="f1").task == "multiclass"


def test_rows_without_a_label_are_left_out_and_told() -> None:
    target: list[object] = list(labels())
    target[3] = target[7] = None
    problem = make_problem(table(), target, metric="f1")
    assert len(problem) == 58
    assert problem.notes == ("2 rows without a label were left out",)
    numbers = np.arange(60.0)
    numbers[5] = np.inf
    assert len(make_problem(table(), numbers, metric="mae")) == 59


def test_a_class_with_one_row_is_left_out_and_told() -> None:
    problem = make_problem(table(), [*labels(59), "maybe"], metric="f1")
    assert problem.classes == ("no", "yes")
    assert problem.notes == ("1 class with one row only was left out: maybe",)


def test_a_class_with_one_row_of_two_is_refused() -> None:
    said = refusal(table(), ["no"] * 59 + ["yes"])
    assert said == "column 'y' has one row only of class 'yes', so it cannot be learned; give more rows of it"


def test_columns_with_one_value_and_empty_ones_are_left_out_and_told() -> None:
    problem = make_problem(table().assign(site="A", gone=np.nan), labels(), metric="f1")
    assert list(problem.kinds) == ["age", "job"]
    assert problem.notes == ("2 columns with one value only were left out: site, gone",)


@pytest.mark.parametrize(
    ("frame", "target", "metric", "said"),
    [
        (table(), ["yes"] * 60, "f1", "column 'y' has the same value in every labelled row, so there is nothing to learn"),  # noqa: E501
        (table(), [None] * 60, "f1", "0 rows have a label in column 'y'; at least 20 are needed, give more"),
        (table(), labels(), "rmse", "rmse measures numbers, and column 'y' holds classes; choose one of roc_auc, accuracy, f1, balanced_accuracy, log_loss"),  # noqa: E501
        (table(), np.random.default_rng(0).normal(size=60), "f1", "f1 measures classes, and column 'y' holds 60 different numbers; choose one of r2, mae, rmse, or give classes"),  # noqa: E501
        (table().assign(age=1.0, job="cook"), labels(), "f1", "no feature column holds more than one value, so there is nothing to learn from"),  # noqa: E501
        (table()[[]], labels(), "f1", "there are no feature columns to learn from"),
        (table(), labels(50), "f1", "there are 60 rows and 50 values of column 'y'; give one for each row"),
    ],
)  # fmt: skip
def test_what_cannot_be_learned_is_refused(frame: pd.DataFrame, target: object, metric: str, said: str) -> None:
    assert refusal(frame, target, metric) == said


def test_a_name_that_occurs_twice_is_refused() -> None:
    frame = table()
    frame.columns = ["age", "age"]
    assert refusal(frame, labels()) == "the data has column 'age' more than once; rename one of them"


def test_rows_with_a_time_are_answered_by_older_ones() -> None:
    moments = pd.date_range("2026-01-01", periods=60)[::-1]
    problem = make_problem(table(), labels(), metric="f1", moments=moments)
    folds = problem.folds(4, seed=0)
    assert folds[-1] == -1
    assert folds[0] == 3
    said = refusal(table(), labels(), moments=["no moment"] * 60)
    assert said == "the timestamp column holds values that are no moments; name another column"


def test_groups_need_as_many_as_there_are_folds() -> None:
    problem = make_problem(table(), labels(), metric="f1", groups=np.arange(60) // 20)
    assert set(problem.folds(3, seed=0).tolist()) == {0, 1, 2}
    with pytest.raises(TrainingError, match="the rows have 3 groups, and 5 folds need one each"):
        problem.folds(5, seed=0)


def test_ten_thousand_categories_are_one_column() -> None:
    rows = 12_000
    frame = pd.DataFrame({"key": [f"k{at % 10_000}" for at in range(rows)], "age": np.arange(rows)})
    problem = make_problem(frame, labels(rows), metric="f1")
    assert isinstance(problem, Problem)
    assert problem.kinds["key"] == "categorical"
