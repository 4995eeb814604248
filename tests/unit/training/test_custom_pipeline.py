"""Pipelines are built from the guide's settings and survive what training never saw."""

import warnings
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from duetmind_adaptive.errors import ColumnMismatchError, ColumnMissingError, TrainingError
from duetmind_adaptive.settings.pipeline import PipelineSettings
from duetmind_adaptive.training.custom_pipeline import algorithms
from duetmind_adaptive.training.custom_pipeline.builder import build_pipeline
from duetmind_adaptive.training.custom_pipeline.casting import cast_frame

KINDS = {"age": "numeric", "job": "categorical", "member": "boolean", "seen": "datetime", "note": "text"}
ROWS = 240


def a_frame(rows=ROWS, seed=0):
    rng = np.random.default_rng(seed)
    age = rng.normal(40, 10, rows)
    age[::17] = np.nan
    return pd.DataFrame(
        {
            "age": age,
            "job": pd.Series(rng.choice(["cook", "nurse", "clerk"], rows)).where(rng.random(rows) > 0.1),
            "member": rng.random(rows) > 0.5,
            "seen": pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(rows), unit="h"),
            "note": [f"note {i}" for i in range(rows)],
        }
    )


def labels(frame, classes=2):
    rank = np.nan_to_num(frame["age"].to_numpy(), nan=40) + 8 * (frame["job"] == "cook").to_numpy()
    return np.digitize(rank, np.quantile(rank, np.linspace(0, 1, classes + 1)[1:-1]))


def a_pipeline(algorithm="hist_gradient_boosting", hyperparameters=None, ensemble="none", **preprocessing):
    model = {"algorithm": algorithm, "hyperparameters": hyperparameters or {}, "ensemble_method": ensemble}
    return PipelineSettings.model_validate({"preprocessing": preprocessing, "model": model})


@pytest.mark.parametrize("algorithm", ["random_forest", "logistic_regression", "svm", "hist_gradient_boosting"])
@pytest.mark.parametrize("encoding", ["onehot", "ordinal", "none"])
@pytest.mark.parametrize("scaler", ["standard", "minmax", "robust", "none"])
def test_every_learner_answers_with_probabilities_whatever_the_preprocessing(algorithm, encoding, scaler):
    small = {"max_iter": 10} if algorithm == "hist_gradient_boosting" else {}
    small = {"n_estimators": 5} if algorithm == "random_forest" else small
    pipeline = build_pipeline(
        a_pipeline(algorithm, small, categorical_encoding=encoding, numerical_scaler=scaler), "binary", KINDS
    )
    frame = a_frame()
    probabilities = clone(pipeline).fit(frame, labels(frame)).predict_proba(a_frame(seed=1))
    assert probabilities.shape == (ROWS, 2)
    assert np.allclose(probabilities.sum(axis=1), 1)


@pytest.mark.parametrize("algorithm", ["random_forest", "svm", "hist_gradient_boosting"])
def test_regression_learns_numbers(algorithm):
    frame = a_frame().drop(columns=["note", "seen"])
    kinds = {name: KINDS[name] for name in frame}
    target = np.nan_to_num(frame["age"].to_numpy(), nan=40) * 2
    fitted = build_pipeline(a_pipeline(algorithm), "regression", kinds).fit(frame, target)
    assert np.corrcoef(fitted.predict(frame), target)[0, 1] > 0.8


@pytest.mark.parametrize("method", ["voting", "stacking", "bagging"])
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_ensembles_fit(method, task):
    frame = a_frame()
    target = labels(frame, 3 if task == "multiclass" else 2)
    pipeline = build_pipeline(a_pipeline(hyperparameters={"max_iter": 5}, ensemble=method), task, KINDS)
    assert pipeline.fit(frame, target.astype(float if task == "regression" else int)).predict(frame).shape == (ROWS,)


@pytest.mark.parametrize("encoding", ["onehot", "ordinal"])
def test_an_unseen_category_an_empty_column_and_infinity_are_survived(encoding):
    frame = a_frame()
    fitted = build_pipeline(a_pipeline("logistic_regression", categorical_encoding=encoding), "binary", KINDS).fit(
        frame, labels(frame)
    )
    strange = a_frame(3).assign(job=["pilot", None, "cook"], age=[np.inf, -np.inf, np.nan], note=None, member=None)
    assert np.isfinite(fitted.predict_proba(strange)).all()


def test_an_all_missing_column_does_not_stop_the_training():
    frame = a_frame().assign(age=np.nan, job=None)
    build_pipeline(a_pipeline("logistic_regression"), "binary", KINDS).fit(frame, np.arange(ROWS) % 2)


def test_categories_beyond_what_histogram_trees_take_are_grouped():
    frame = pd.DataFrame({"job": [f"job {i % 400}" for i in range(1200)]})
    for encoding in ("ordinal", "none"):
        pipeline = build_pipeline(a_pipeline(categorical_encoding=encoding), "binary", {"job": "categorical"})
        pipeline.fit(frame, np.arange(1200) % 2)


def test_boosting_gets_missing_values_and_categories_as_they_are():
    pipeline = build_pipeline(a_pipeline(categorical_encoding="ordinal", numerical_scaler="none"), "binary", KINDS)
    frame = a_frame()
    matrix = pipeline[:-1].fit_transform(frame, labels(frame))
    assert np.isnan(matrix[:, 0]).sum() == frame["age"].isna().sum()
    # age, member, four parts of the moment; then the codes of job, then the words of note
    assert pipeline[-1].categorical_features == [6]


def test_feature_selection_keeps_half():
    frame = a_frame()
    pipeline = build_pipeline(a_pipeline("logistic_regression", feature_selection="selectkbest"), "binary", KINDS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert pipeline.fit(frame, labels(frame))[:-1].transform(frame).shape[1] == 3


def test_an_unknown_hyperparameter_is_refused_with_the_allowed_ones():
    with pytest.raises(TrainingError, match=r"no hyperparameter 'max_itr'; it has .*max_iter"):
        build_pipeline(a_pipeline(hyperparameters={"max_itr": 5}), "binary", KINDS)


def test_a_missing_package_names_the_extra(monkeypatch):
    entry = algorithms.Algorithm(classifier="no_such_package:X", regressor=None, extra="boosting")
    monkeypatch.setitem(algorithms.ALGORITHMS, "lightgbm", entry)
    with pytest.raises(TrainingError, match=r"pip install 'duetmind-adaptive\[boosting\]'"):
        build_pipeline(a_pipeline("lightgbm"), "binary", KINDS)


@pytest.mark.parametrize(
    ("settings_", "task", "kinds", "says"),
    [
        (a_pipeline("logistic_regression"), "regression", KINDS, "choose one of random_forest"),
        (a_pipeline("svm", categorical_encoding="none"), "binary", {"job": "categorical"}, "use onehot"),
        (a_pipeline(), "binary", {}, "no feature columns"),
    ],
)
def test_what_cannot_be_built_is_said_in_one_sentence(settings_, task, kinds, says):
    with pytest.raises(TrainingError, match=says):
        build_pipeline(settings_, task, kinds)


def test_the_same_values_cast_alike_however_they_are_stored():
    kinds = {"n": "numeric", "c": "categorical", "b": "boolean", "d": "datetime"}
    plain = pd.DataFrame(
        {"n": [1.0, np.nan], "c": [3.0, np.nan], "b": [True, None], "d": [datetime(2026, 1, 2, 3, tzinfo=UTC), None]}
    )
    stored = pd.DataFrame(
        {
            "n": pd.Series([Decimal(1), None], dtype=object),
            "c": pd.array([3, None], dtype="Int64"),
            "b": pd.array([True, None], dtype="boolean"),
            "d": pd.to_datetime(["2026-01-02T04:00:00+01:00", None]),
        }
    )
    pd.testing.assert_frame_equal(cast_frame(plain, kinds), cast_frame(stored, kinds))
    assert cast_frame(stored, kinds)["c"].tolist()[0] == "3"
    assert cast_frame(stored, kinds)["d__hour"].tolist()[0] == 3


def test_columns_that_do_not_fit_are_named():
    with pytest.raises(ColumnMissingError, match="columns 'job', 'note'"):
        cast_frame(a_frame().drop(columns=["job", "note"]), KINDS)
    with pytest.raises(ColumnMismatchError, match=r"'age' \(numeric when the model learned, now (str|object)\)"):
        cast_frame(a_frame().assign(age="old"), KINDS)
    with pytest.raises(ColumnMismatchError, match="'seen'"):
        cast_frame(a_frame().assign(seen=5), KINDS)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=3), st.integers(), st.floats(), st.booleans()), max_size=8))
def test_casting_twice_is_casting_once(values):
    kinds = {"c": "categorical"}
    once = cast_frame(pd.DataFrame({"c": pd.Series(values, dtype=object)}), kinds)
    pd.testing.assert_frame_equal(cast_frame(once, kinds), once)
