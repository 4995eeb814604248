"""Every option of the guide's pipelines, and ours beyond it, gives a plain pipeline that fits, answers and is saved."""

import pickle
import sys
import warnings
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from duetmind_adaptive.errors import ArtifactError, TrainingError
from duetmind_adaptive.registry.artifact import load_artifact, save_artifact
from duetmind_adaptive.registry.manifest import Feature, Manifest
from duetmind_adaptive.settings.pipeline import PipelineSettings
from duetmind_adaptive.training.custom_pipeline.builder import build_pipeline
from duetmind_adaptive.training.custom_pipeline.kinds import infer_kinds
from duetmind_adaptive.training.custom_pipeline.row_filter import RowFilter
from duetmind_adaptive.training.custom_pipeline.thresholds import best_threshold, threshold_of

ROWS = 240
TASKS = ("binary", "multiclass", "regression")
OPTIONS = [
    *({"numerical_scaler": name} for name in ("standard", "minmax", "robust", "quantile", "power", "none")),
    *({"categorical_encoding": name} for name in ("onehot", "ordinal", "target", "frequency", "none")),
    *({"missing_value_strategy": name} for name in ("mean", "median", "most_frequent", "constant")),
    *({"missing_value_strategy": name} for name in ("knn", "iterative", "drop", "indicator")),
    *({"outlier_handling": name} for name in ("iqr", "zscore", "isolation_forest", "winsorise", "none")),
    *({"feature_selection": name} for name in ("selectkbest", "mutual_information", "rfe", "from_model")),
    *({"feature_selection": name} for name in ("variance", "correlation", "none")),
    {"text_encoding": "none"},
    {"features_to_select": 2, "feature_selection": "selectkbest"},
]
MODELS = [
    {"class_weight": "balanced"},
    {"class_weight": {"1": 5.0}},
    {"calibration": "sigmoid"},
    {"calibration": "isotonic"},
]
ENSEMBLES = [
    {"ensemble_method": "voting"},
    {"ensemble_method": "stacking"},
    {"ensemble_method": "bagging"},
    {"ensemble_method": "voting", "ensemble_members": ["svm", "hist_gradient_boosting"], "class_weight": {"1": 2.0}},
    {"ensemble_method": "stacking", "ensemble_members": ["svm"]},
]


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def a_frame(rows=ROWS, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(40, 10, rows)),
            "income": rng.lognormal(size=rows),
            "job": pd.Series(rng.choice(["cook", "nurse", "clerk"], rows)).where(rng.random(rows) > 0.1),
            "member": rng.random(rows) > 0.5,
            "seen": pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(rows), unit="h"),
            "note": [f"case {i} was {'late' if i % 3 else 'paid'}" for i in range(rows)],
        }
    )


KINDS = infer_kinds(a_frame())


def a_target(frame, task):
    rank = frame["income"].to_numpy() + 0.5 * (frame["job"] == "cook").to_numpy()
    if task == "regression":
        return rank
    return np.digitize(rank, np.quantile(rank, [0.5] if task == "binary" else [0.3, 0.7]))


def build(task, preprocessing=None, **model):
    chosen = {"algorithm": "hist_gradient_boosting", "hyperparameters": {"max_iter": 5}} | model
    settings = PipelineSettings.model_validate({"preprocessing": preprocessing or {}, "model": chosen})
    return build_pipeline(settings, task, KINDS)


def a_manifest(task, target, **changes):
    return Manifest(
        model="m",
        task=task,
        target="y",
        features=tuple(Feature(name=name, kind=kind) for name, kind in KINDS.items()),
        classes=() if task == "regression" else tuple(np.unique(target).tolist()),
        metric="r2" if task == "regression" else "accuracy",
        trained_rows=(0, ROWS),
        train_size=ROWS,
        created=datetime(2026, 1, 1, tzinfo=UTC),
        **changes,
    )


def holds(pipeline, task, folder):
    """Plain, cloned, pickled, drawn, named, saved and loaded: with the same answers everywhere."""
    frame, fresh = a_frame(), a_frame(60, seed=1)
    target = a_target(frame, task)
    fitted = clone(pipeline).fit(frame, target)
    answers = fitted.predict(fresh)
    assert type(fitted) is Pipeline
    assert (is_regressor if task == "regression" else is_classifier)(fitted)
    assert "ColumnCaster" in fitted._repr_html_()
    assert len(fitted[:-1].get_feature_names_out()) == fitted[:-1].transform(fresh).shape[1]
    assert np.array_equal(pickle.loads(pickle.dumps(fitted)).predict(fresh), answers)
    manifest = a_manifest(task, target, threshold=threshold_of(fitted))
    loaded = load_artifact(folder / "m", save_artifact(folder / "m", fitted, manifest))
    assert np.array_equal(loaded.predict(fresh), answers)
    if task != "regression":
        assert np.allclose(loaded.predict_proba(fresh).sum(axis=1), 1)
        assert np.array_equal(loaded.predict_proba(fresh), fitted.predict_proba(fresh))


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_preprocessing_is_a_plain_pipeline_that_is_saved(options, task, tmp_path):
    holds(build(task, options), task, tmp_path)


@pytest.mark.parametrize("algorithm", ["random_forest", "logistic_regression", "svm", "hist_gradient_boosting"])
@pytest.mark.parametrize("model", MODELS, ids=str)
def test_every_way_to_learn_classes_is_a_plain_pipeline_that_is_saved(model, algorithm, tmp_path):
    small = {"random_forest": {"n_estimators": 5}, "hist_gradient_boosting": {"max_iter": 5}}
    pipeline = build("multiclass", algorithm=algorithm, hyperparameters=small.get(algorithm, {}), **model)
    holds(pipeline, "multiclass", tmp_path)


@pytest.mark.parametrize("model", ENSEMBLES, ids=str)
@pytest.mark.parametrize("algorithm", ["hist_gradient_boosting", "svm"])
def test_every_ensemble_is_a_plain_pipeline_that_is_saved(model, algorithm, tmp_path):
    hyperparameters = {"max_iter": 5} if algorithm == "hist_gradient_boosting" else {}
    holds(build("binary", algorithm=algorithm, hyperparameters=hyperparameters, **model), "binary", tmp_path)


@pytest.mark.parametrize("threshold", ["accuracy", "balanced_accuracy", "f1", 0.2])
@pytest.mark.parametrize("more", [{}, {"class_weight": {"1": 3.0}}, {"calibration": "isotonic"}], ids=str)
def test_a_threshold_is_part_of_a_plain_pipeline_that_is_saved(threshold, more, tmp_path):
    pipeline = build("binary", decision_threshold=threshold, **more)
    holds(pipeline, "binary", tmp_path)
    frame = a_frame()
    found = threshold_of(pipeline.fit(frame, a_target(frame, "binary")))
    assert found == threshold if threshold == 0.2 else 0 <= found <= 1


@pytest.mark.parametrize("method", ["voting", "stacking", "bagging"])
def test_ensembles_learn_numbers(method, tmp_path):
    holds(build("regression", ensemble_method=method), "regression", tmp_path)


# ---------------------------------------------------------------- what never was in training


@pytest.mark.parametrize("encoding", ["onehot", "ordinal", "target", "frequency"])
@pytest.mark.parametrize("task", TASKS)
def test_unseen_categories_empty_columns_and_infinity_are_answered(encoding, task):
    frame = a_frame()
    algorithm = "random_forest" if task == "regression" else "logistic_regression"
    pipeline = build(task, {"categorical_encoding": encoding}, algorithm=algorithm, hyperparameters={})
    strange = a_frame(3).assign(job=["pilot", None, "cook"], age=[np.inf, -np.inf, np.nan], note=None, member=None)
    assert np.isfinite(np.asarray(pipeline.fit(frame, a_target(frame, task)).predict(strange), dtype=float)).all()


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_columns_without_any_value_do_not_stop_the_training(options):
    frame = a_frame().assign(age=np.nan, job=None, note=None)
    pipeline = build("binary", options).fit(frame, a_target(a_frame(), "binary"))
    assert np.isfinite(pipeline.predict_proba(a_frame(9, seed=2))).all()


@pytest.mark.parametrize("encoding", ["onehot", "ordinal", "target", "frequency"])
def test_ten_thousand_categories_stay_a_handful_of_columns(encoding):
    rows = 20_000
    frame = pd.DataFrame({"shop": [f"shop {i % 10_000}" for i in range(rows)], "x": np.arange(rows) % 7})
    settings = PipelineSettings.model_validate(
        {"preprocessing": {"categorical_encoding": encoding}, "model": {"algorithm": "logistic_regression"}}
    )
    target = (np.arange(rows) % 3 == 0).astype(int)
    fitted = build_pipeline(settings, "binary", {"shop": "categorical", "x": "numeric"}).fit(frame, target)
    assert fitted[:-1].transform(frame.head(5)).shape[1] <= 66
    assert np.isfinite(fitted.predict_proba(frame.tail(5).assign(shop="new"))).all()


# ---------------------------------------------------------------- rows that are not learned from


def test_incomplete_rows_are_not_learned_from_and_answered_all_the_same():
    frame = a_frame()
    complete = frame.notna().all(axis=1).to_numpy()
    target = a_target(frame, "binary")
    fitted = build("binary", {"missing_value_strategy": "drop"}).fit(frame, target)
    only = build("binary", {"missing_value_strategy": "median"}).fit(frame[complete], target[complete])
    assert 0 < fitted[-1].rows_left_out_ == (~complete).sum()
    assert np.array_equal(fitted.predict_proba(frame), only.predict_proba(frame))
    assert len(fitted.predict(frame)) == len(frame)


@pytest.mark.parametrize("way", ["iqr", "zscore", "isolation_forest"])
def test_outliers_are_not_learned_from_and_answered_all_the_same(way):
    frame = a_frame()
    frame.loc[5, "income"] = 1e6
    fitted = build("binary", {"outlier_handling": way}).fit(frame, a_target(frame, "binary"))
    assert not fitted[-1].kept(fitted[0].transform(frame))[5]
    assert len(fitted.predict(frame)) == len(frame)


def test_rare_values_of_a_column_of_zeros_are_no_outliers():
    frame = pd.DataFrame({"x": [0.0] * 95 + [1.0] * 5})
    for way in ("iqr", "zscore"):
        assert RowFilter(StandardScaler(), outliers=way, columns=["x"]).kept(frame).all()


def test_winsorising_clips_what_is_answered_too():
    frame = a_frame()
    fitted = build("regression", {"outlier_handling": "winsorise"}).fit(frame, a_target(frame, "regression"))
    far = frame.head(2).assign(income=[1e9, 1e6])
    assert fitted[:-1].transform(far)[0, 1] == fitted[:-1].transform(far)[1, 1]


@pytest.mark.parametrize(
    ("frame", "target", "says"),
    [
        (pd.DataFrame({"x": [np.nan, 1.0], "z": [2.0, np.nan]}), [0, 1], "no row is left"),
        (pd.DataFrame({"x": [np.nan, 1.0, 2.0], "z": [1.0, 2.0, 3.0]}), ["rare", "a", "b"], "no row of class 'rare'"),
    ],
)
def test_when_nothing_would_be_left_to_learn_it_is_said(frame, target, says):
    settings = PipelineSettings.model_validate({"preprocessing": {"missing_value_strategy": "drop"}})
    with pytest.raises(TrainingError, match=says):
        build_pipeline(settings, "classification", infer_kinds(frame)).fit(frame, target)


# ---------------------------------------------------------------- weights, calibration, threshold


@pytest.mark.parametrize("algorithm", ["random_forest", "logistic_regression", "svm", "hist_gradient_boosting"])
@pytest.mark.parametrize("weight", ["balanced", {"yes": 30.0}])
def test_a_weighted_class_is_answered_more_often(algorithm, weight):
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"x": rng.normal(size=600)})
    target = np.where(frame["x"] + rng.normal(0, 2, 600) > 2.5, "yes", "no")
    model = {"algorithm": algorithm, "hyperparameters": {"max_depth": 2} if algorithm == "random_forest" else {}}

    def said(**more):
        settings = PipelineSettings.model_validate({"model": model | more})
        return (build_pipeline(settings, "binary", {"x": "numeric"}).fit(frame, target).predict(frame) == "yes").sum()

    if algorithm == "svm":  # its calibration takes the weights back in probabilities, as calibration should
        assert said(class_weight=weight) >= said()
    else:
        assert said(class_weight=weight) > said()


def test_a_weight_for_a_class_that_is_not_there_is_refused():
    frame = a_frame()
    with pytest.raises(TrainingError, match="class_weight names 'ja'; the target's classes are no, yes"):
        build("binary", class_weight={"ja": 2}).fit(frame, np.where(a_target(frame, "binary"), "yes", "no"))


def test_calibration_makes_probabilities_more_honest():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.normal(size=(3000, 4)), columns=list("abcd"))
    target = (rng.random(3000) < 1 / (1 + np.exp(-frame["a"]))).astype(int).to_numpy()
    model = {"algorithm": "random_forest", "hyperparameters": {"n_estimators": 30}}

    def loss(method):
        settings = PipelineSettings.model_validate({"model": model | {"calibration": method}})
        pipeline = build_pipeline(settings, "binary", dict.fromkeys("abcd", "numeric"))
        fitted = pipeline.fit(frame[:2000], target[:2000])
        return log_loss(target[2000:], fitted.predict_proba(frame[2000:]))

    assert max(loss("sigmoid"), loss("isotonic")) < loss("none")


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "f1"])
def test_no_cut_is_better_than_the_chosen_one(metric):
    rng = np.random.default_rng(1)
    for _ in range(5):
        truth = rng.integers(0, 2, 40)
        score = np.round(rng.random(40) * 0.6 + 0.2 * truth, 2)
        of = {
            "accuracy": lambda t, p: (t == p).mean(),
            "balanced_accuracy": balanced_accuracy_score,
            "f1": f1_score,
        }[metric]
        ends = np.unique([0.0, *score, 1.0])
        best = max(of(truth, score >= cut) for cut in (*ends, *(sum(pair) / 2 for pair in pairwise(ends)), 1.01))
        assert of(truth, score >= best_threshold(metric, truth, score)) == pytest.approx(best)


@pytest.mark.parametrize(
    ("task", "model", "says"),
    [
        ("multiclass", {"decision_threshold": "f1"}, "decision_threshold is for two classes"),
        ("regression", {"class_weight": "balanced"}, "class_weight is for classes"),
        ("regression", {"calibration": "sigmoid"}, "calibration is for classes"),
        ("regression", {"decision_threshold": 0.5}, "decision_threshold is for classes"),
    ],
)
def test_what_does_not_go_with_the_task_is_refused(task, model, says):
    with pytest.raises(TrainingError, match=says):
        build(task, **model)


def test_a_threshold_for_three_classes_is_refused_when_they_are_seen():
    frame = a_frame()
    with pytest.raises(TrainingError, match="for two classes, and the target has 3"):
        build("classification", decision_threshold="f1").fit(frame, a_target(frame, "multiclass"))


# ---------------------------------------------------------------- transformers and algorithms of one's own


class Halver(StandardScaler):
    """A transformer as a user would write one."""

    def __init__(self, factor=0.5):
        super().__init__()
        self.factor = factor

    def transform(self, X, copy=None):  # noqa: N803 - scikit-learn's name
        return super().transform(X) * self.factor


HERE = Halver.__module__
sys.modules.setdefault(HERE, sys.modules[__name__])


def custom(transformer, **more):
    return {"custom_transformers": [{"transformer": transformer, "columns": ["age", "income"]} | more]}


def test_a_transformer_by_import_path_takes_over_its_columns():
    frame = a_frame()
    pipeline = build("binary", custom(f"{HERE}:Halver", options={"factor": 0.1}))
    fitted = pipeline.fit(frame, a_target(frame, "binary"))
    assert fitted["columns"].named_transformers_["custom_1"].factor == 0.1
    names = fitted[:-1].get_feature_names_out().tolist()
    assert names[-2:] == ["age", "income"]
    assert names.count("age") == 1


def test_a_transformer_by_entry_point_may_leave_its_columns_to_the_usual_steps_too(tmp_path):
    options = custom("winsorise", options={"share": 0.2}, keep_columns=True)
    options["custom_transformers"][0]["columns"] = ["income"]
    pipeline = build("binary", options)
    holds(pipeline, "binary", tmp_path)
    frame = a_frame()
    names = pipeline.fit(frame, a_target(frame, "binary"))[:-1].get_feature_names_out()
    assert {"numbers__income", "custom_1__income"} <= set(names)


def test_a_transformer_by_import_path_cannot_be_saved_and_the_mend_is_said(tmp_path):
    frame = a_frame()
    target = a_target(frame, "binary")
    pipeline = build("binary", custom(f"{HERE}:Halver")).fit(frame, target)
    with pytest.raises(ArtifactError, match=r"must be an entry point of duetmind\.transformers"):
        save_artifact(tmp_path / "m", pipeline, a_manifest("binary", target))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (custom("winsorize"), "there is no transformer 'winsorize'; installed: .*winsorise"),
        (custom("no.such:Thing"), "cannot be loaded: ModuleNotFoundError"),
        (custom("winsorise", options={"shar": 1}), "cannot be made with its options: TypeError"),
        (
            custom("datetime:datetime", options={"year": 1, "month": 1, "day": 1}),
            "is no transformer: it has no fit",
        ),
        (custom("winsorise", columns=["wage"]), "column 'wage', which is no feature"),
    ],
)
def test_a_transformer_that_cannot_be_used_is_refused_in_one_sentence(options, says):
    with pytest.raises(TrainingError, match=says) as refused:
        build("binary", options)
    assert "\n" not in str(refused.value)
