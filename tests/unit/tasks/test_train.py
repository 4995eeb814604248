"""Training: the first version, a challenger that proves itself, and every refusal in one sentence."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from loans import BOOSTING, REFERENCE, WINDOW, a_model, a_stream, as_version, train

import duetmind_adaptive
from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.errors import ArtifactError, ColumnMissingError, TrainingError
from duetmind_adaptive.registry.artifact import load_artifact
from duetmind_adaptive.tasks.holdout import read_holdout
from duetmind_adaptive.tasks.requests import TrainRequest
from duetmind_adaptive.tasks.train import train_version


@pytest.fixture
def folder(tmp_path):
    a_stream(REFERENCE).to_parquet(tmp_path / "reference.parquet")
    steady = a_stream(2 * WINDOW, seed=1, start=REFERENCE)
    changed = a_stream(4 * WINDOW, seed=2, start=REFERENCE + 2 * WINDOW, flipped=True)
    pd.concat([steady, changed]).to_parquet(tmp_path / "production.parquet")
    return tmp_path


@pytest.fixture
def first(folder):
    return train(a_model(folder))


def test_the_first_version_learns_the_whole_reference_and_promises_what_it_showed_on_its_end(folder, first):
    assert first.gate is None
    assert first.trained_rows == (-REFERENCE, 0)
    assert first.train_size == REFERENCE
    # the baseline is measured on the last 30 % by a model of the first 70 %
    assert first.baseline.rows == REFERENCE * 0.3
    assert 0.8 < first.baseline.value < 0.95
    assert first.metrics == {"accuracy": first.baseline.value}


def test_a_version_s_folder_is_whole_and_can_be_loaded_and_compared_with(folder, first):
    assert first.folder == folder / "models" / "loans" / "versions" / "first-1"
    assert sorted(path.name for path in first.folder.iterdir()) == [
        "habits.arrow", "holdout.arrow", "model.duet", "natural.arrow",
        "reference.bins", "reference.profile", "sample.arrow", "version.json",
    ]  # fmt: skip
    model = duetmind_adaptive.load_model(first.folder)
    assert (model.predict(a_stream(500, seed=9)) == a_stream(500, seed=9)["y"]).mean() > 0.8
    assert set(Reference.load(first.folder / "reference.profile").columns) == {"x", "job", "noise"}
    facts = json.loads((first.folder / "version.json").read_text())
    assert facts["sha256"] == first.sha256
    assert model.manifest.trained_from == datetime(2026, 1, 1, tzinfo=UTC)
    assert model.manifest.classes == ("no", "yes")
    assert "scikit-learn" in first.libraries


def test_after_a_change_the_challenger_learns_from_recent_rows_and_proves_itself(folder, first):
    report = train(a_model(folder), champion=as_version(first), upto=5 * WINDOW, job="retrain")
    assert report.gate.verdict == "better"
    assert report.gate.rows == 300
    assert report.gate.challenger > 0.8
    assert report.gate.champion < 0.5
    assert report.baseline.value == report.gate.challenger
    # it was fitted once more up to now, and on rows of the new regime alone
    assert report.trained_rows[1] == 5 * WINDOW
    assert report.trained_rows[0] >= 2 * WINDOW - 100
    assert report.extra["hold_out"] == [5 * WINDOW - 300, 5 * WINDOW]


def scored(report):
    """What the answers in the version's hold-out score."""
    held = read_holdout(pa.ipc.open_file(report.folder / "holdout.arrow").read_all())
    assert held.features.column_names[:2] == ["x", "job"]
    return (held.truth == held.prediction).mean()


def test_the_hold_out_that_is_kept_is_what_the_baseline_was_measured_on(folder, first):
    model = a_model(folder)
    better = train(model, champion=as_version(first), upto=5 * WINDOW, job="better")
    rejected = train(model, champion=as_version(first), upto=2 * WINDOW, job="rejected")
    unjudged = train(model, champion=as_version(better, 2), upto=5 * WINDOW, job="unjudged")
    for report in (first, better, rejected, unjudged):
        assert scored(report) == report.baseline.value


def test_without_a_change_the_champion_stays(folder, first):
    report = train(a_model(folder), champion=as_version(first), upto=2 * WINDOW, job="retrain")
    assert report.gate.verdict in {"not_better", "worse"}
    # a rejected challenger is kept as it was judged: it never saw the hold-out
    assert report.trained_rows[1] == 2 * WINDOW - 300


def test_the_hold_out_has_no_row_that_the_champion_learned_from(folder, first):
    model = a_model(folder)
    second = train(model, champion=as_version(first), upto=5 * WINDOW, job="second")
    third = train(model, champion=as_version(second, 2), upto=6 * WINDOW, job="third")
    assert third.extra["hold_out"] == [5 * WINDOW, 6 * WINDOW]
    fourth = train(model, champion=as_version(second, 2), upto=5 * WINDOW, job="fourth")
    assert fourth.gate.verdict == "inconclusive"
    assert fourth.gate.rows == 0
    # measured on the rows that its span was chosen on
    assert fourth.baseline.rows == 150


def test_the_same_request_makes_the_same_model(folder, first):
    champion, model = as_version(first), a_model(folder)
    once = train(model, champion=champion, upto=5 * WINDOW, job="retrain")
    rows = a_stream(100, seed=5)
    before = load_artifact(once.folder / "model.duet", once.sha256).predict_proba(rows)
    again = train(model, champion=champion, upto=5 * WINDOW, job="retrain")
    assert np.array_equal(load_artifact(again.folder / "model.duet", again.sha256).predict_proba(rows), before)
    assert (again.gate, again.baseline, again.trained_rows) == (once.gate, once.baseline, once.trained_rows)


def test_labels_that_are_not_known_yet_are_not_learned_from(folder, first):
    """Labels come a day late, and only the first 500 rows are a day old."""
    model = a_model(folder, labels={"delay": "1d"})
    moment = datetime(2026, 1, 2, tzinfo=UTC) + timedelta(minutes=REFERENCE + 500 - 1)
    request = TrainRequest(
        model=model, job="late", attempt=1, champion=as_version(first), upto_row=5 * WINDOW, now=moment
    )
    assert train_version(request).extra["hold_out"] == [200, 500]


def test_windows_by_time_are_judged_on_as_many_rows_as_they_hold(folder, first):
    production = {"path": str(folder / "production.parquet"), "window": {"every": "6h"}}
    report = train(a_model(folder, production=production), champion=as_version(first), upto=5 * WINDOW, job="retrain")
    assert report.gate.rows == 360


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss", "balanced_accuracy", "f1"])
def test_every_metric_of_classes_can_decide(folder, metric):
    model = a_model(folder, metric=metric)
    first = train(model)
    report = train(model, champion=as_version(first), upto=5 * WINDOW, job="retrain")
    assert (report.gate.verdict, report.gate.metric, report.baseline.name) == ("better", metric, metric)


def numbers(stream):
    sign = np.where(np.arange(len(stream)) < 2 * WINDOW, 1, -1)
    return stream.assign(y=3 * stream["x"] * sign + stream["noise"])


@pytest.mark.parametrize("metric", ["r2", "mae", "rmse"])
def test_numbers_are_learned_too(folder, metric):
    reference = pd.read_parquet(folder / "reference.parquet")
    reference.assign(y=3 * reference["x"] + reference["noise"]).to_parquet(folder / "reference.parquet")
    numbers(pd.read_parquet(folder / "production.parquet")).to_parquet(folder / "production.parquet")
    model = a_model(folder, task="regression", metric=metric)
    report = train(model, champion=as_version(train(model)), upto=6 * WINDOW, job="retrain")
    assert report.gate.verdict == "better"


def test_more_than_two_classes_are_learned(folder):
    for name in ("reference", "production"):
        frame = pd.read_parquet(folder / f"{name}.parquet")
        frame["y"] = frame["y"].where(frame["noise"] > 1, "maybe")
        frame.to_parquet(folder / f"{name}.parquet")
    model = a_model(folder, task="multiclass")
    first = train(model)
    assert duetmind_adaptive.load_model(first.folder).manifest.classes == ("maybe", "no", "yes")
    assert train(model, champion=as_version(first), upto=6 * WINDOW, job="retrain").gate.verdict == "better"


def test_extra_metrics_of_the_pipeline_are_reported(folder):
    pipeline = BOOSTING | {"evaluation": {"metrics": ["roc_auc", "f1", "rmse"]}}
    assert set(train(a_model(folder, pipeline=pipeline)).metrics) == {"accuracy", "roc_auc", "f1"}


def test_a_model_deployed_elsewhere_is_known_by_its_answers(folder):
    frame = pd.read_parquet(folder / "reference.parquet")
    frame.assign(said=frame["y"].where(frame["noise"] > 0, "no")).to_parquet(folder / "reference.parquet")
    model = a_model(folder, pipeline=None, prediction="said", features=("x", "job"))
    report = train(model)
    assert report.sha256 == ""
    assert sorted(path.name for path in report.folder.iterdir()) == [
        "habits.arrow", "holdout.arrow", "natural.arrow", "reference.bins", "reference.profile", "sample.arrow",
        "version.json",
    ]  # fmt: skip
    assert scored(report) == report.baseline.value
    assert 0.9 < report.baseline.value < 1
    with pytest.raises(TrainingError, match="model loans has no pipeline, so nothing here trains it"):
        train(model, champion=as_version(report), upto=500, job="again")


def test_a_model_without_target_is_only_profiled(folder):
    report = train(a_model(folder, pipeline=None, target=None, features=("x", "job")))
    assert (report.baseline, report.metrics) == (None, {})


def test_what_an_earlier_attempt_left_is_replaced(folder):
    leftover = folder / "models" / "loans" / "versions" / "first-1"
    leftover.mkdir(parents=True)
    (leftover / "model.duet.part").write_text("half")
    train(a_model(folder))
    assert not (leftover / "model.duet.part").exists()


REFUSED = {
    "constant": (lambda f: f.assign(y="no"), {}, "same value in every labelled row"),
    "no labels": (lambda f: f.assign(y=None), {}, "no row has a label in column 'y'"),
    "one row of a class": (
        lambda f: f.assign(y=["rare", *["no", "yes"] * ((len(f) - 1) // 2), "no"][: len(f)]),
        {"task": "multiclass"},
        "1 labelled row of class 'rare'",
    ),
    "too few rows": (lambda f: f.head(20), {}, "20 rows have a label"),
    "three classes in a binary task": (
        lambda f: f.assign(y=np.resize(["a", "b", "c"], len(f))),
        {},
        "has 3 values, and a binary task has two; use multiclass",
    ),
    "words for numbers": (lambda f: f, {"task": "regression", "metric": "r2"}, "regression predicts numbers"),
    "nothing to learn from": (lambda f: f, {"features": ()}, "no feature columns to learn from"),
    "no target": (lambda f: f, {"target": None}, "has no target to learn"),
    "unknown hyperparameter": (
        lambda f: f,
        {"pipeline": {"model": {"algorithm": "svm", "hyperparameters": {"c": 1}}}},
        "svm has no hyperparameter 'c'",
    ),
    "hyperparameter out of range": (
        lambda f: f,
        {"pipeline": {"model": {"algorithm": "logistic_regression", "hyperparameters": {"C": -1}}}},
        "logistic_regression cannot learn from these rows",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_learned_from_is_refused_in_one_sentence(folder, name):
    change, settings, says = REFUSED[name]
    change(pd.read_parquet(folder / "reference.parquet")).to_parquet(folder / "reference.parquet")
    with pytest.raises(TrainingError, match=says) as refused:
        train(a_model(folder, **settings))
    assert "\n" not in str(refused.value)


def test_rows_without_a_label_are_dropped(folder):
    frame = pd.read_parquet(folder / "reference.parquet")
    frame.loc[frame.index % 3 == 0, "y"] = None
    frame.to_parquet(folder / "reference.parquet")
    assert train(a_model(folder)).train_size == REFERENCE * 2 / 3


def test_a_feature_that_production_lost_is_named(folder, first):
    pd.read_parquet(folder / "production.parquet").drop(columns="job").to_parquet(folder / "production.parquet")
    with pytest.raises(ColumnMissingError, match="'job'"):
        train(a_model(folder), champion=as_version(first), upto=5 * WINDOW, job="retrain")


def test_a_champion_whose_description_is_gone_is_said(folder, first):
    (first.folder / "version.json").unlink()
    with pytest.raises(ArtifactError, match=r"version\.json, which says what version 1 learned from, is damaged"):
        train(a_model(folder), champion=as_version(first), upto=5 * WINDOW, job="retrain")


def write_a_lost_part(folder):
    """Cooks, three in four, change for good; nurses only until the hold-out begins, so what learns of them is wrong."""
    rng = np.random.default_rng(8)
    frame = pd.read_parquet(folder / "production.parquet")
    job, score = np.where(rng.random(len(frame)) < 0.75, "cook", "nurse"), frame["x"].to_numpy() > 0
    last = np.arange(len(frame)) >= 5 * WINDOW - 300
    yes = np.where((job == "nurse") & last, score, ~score)
    frame.assign(job=job, y=np.where(yes, "yes", "no")).to_parquet(folder / "production.parquet")
    reference = pd.read_parquet(folder / "reference.parquet")
    reference.assign(y=np.where(reference["x"] > 0, "yes", "no")).to_parquet(folder / "reference.parquet")


def test_a_challenger_that_is_better_but_fails_a_part_of_the_traffic_is_not_promoted(folder):
    write_a_lost_part(folder)
    model = a_model(folder)
    report = train(model, champion=as_version(train(model)), upto=5 * WINDOW, job="retrain")
    assert report.gate.challenger > report.gate.champion
    assert (report.gate.verdict, report.gate.segment.where) == ("segment_worse", "job = 'nurse'")
    assert report.gate.segment.loss > report.gate.segment.allowed
    kept = json.loads((report.folder / "version.json").read_text())
    assert kept["gate"]["segment"]["where"] == "job = 'nurse'"
    # it stays as it was judged
    assert report.trained_rows[1] == 5 * WINDOW - 300


def test_rows_that_have_decided_as_often_as_they_may_decide_no_more(folder, first):
    model, champion = a_model(folder), as_version(first)
    spent = train(model, champion=champion, upto=5 * WINDOW, job="spent", spent_before=5 * WINDOW - 100)
    assert (spent.gate.verdict, spent.gate.spent, spent.gate.rows) == ("inconclusive", True, 100)
    assert "the rows up to 1150 have decided 5 times already" in spent.gate.reason
    assert "of the 300 newer labelled rows that are needed there are 100" in spent.gate.reason
    later = train(model, champion=champion, upto=6 * WINDOW, job="later", spent_before=5 * WINDOW - 100)
    assert later.gate.verdict == "better"
    assert later.judged_rows == (6 * WINDOW - 300, 6 * WINDOW)


def test_a_champion_that_has_seen_the_rows_lacks_labels_whatever_was_spent_before(folder, first):
    model = a_model(folder)
    second = train(model, champion=as_version(first), upto=5 * WINDOW, job="second")
    third = train(model, champion=as_version(second, 2), upto=6 * WINDOW, job="third", spent_before=100)
    assert (third.gate.verdict, third.gate.spent) == ("inconclusive", False)
    assert "there are 250 labelled rows that neither model was trained on" in third.gate.reason
