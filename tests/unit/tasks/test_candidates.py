"""What a challenger is made of: a span, weights by age or a version from before, chosen by losses on the same rows."""

import hashlib
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from loans import REFERENCE, WINDOW, a_model, a_stream, as_version, train

import duetmind_adaptive
from duetmind_adaptive.registry.layout import ARTIFACT
from duetmind_adaptive.tasks.holdout import read_holdout

LOGISTIC = {"model": {"algorithm": "logistic_regression"}}
#: windows of the new world and of the old one that came back
NEW, OLD = 6, 2


@pytest.fixture
def folder(tmp_path):
    """A world that turned round and back again."""
    a_stream(REFERENCE).to_parquet(tmp_path / "reference.parquet")
    new = a_stream(NEW * WINDOW, seed=2, start=REFERENCE, flipped=True)
    old = a_stream(OLD * WINDOW, seed=3, start=REFERENCE + NEW * WINDOW)
    pd.concat([new, old]).to_parquet(tmp_path / "production.parquet")
    return tmp_path


@pytest.fixture
def served(folder):
    """The version of the old world, and the one that took its place in the new one."""
    model = a_model(folder)
    first = as_version(train(model))
    second = train(model, champion=first, upto=NEW * WINDOW, job="second")
    assert second.gate.verdict == "better"
    return first, as_version(second, 2)


def retrain(folder, served, upto=(NEW + OLD) * WINDOW, **changes):
    return train(a_model(folder), champion=served[1], upto=upto, job="back", former=(served[0],), **changes)


def test_the_version_of_a_world_that_came_back_is_chosen_proves_itself_and_is_the_very_same(folder, served):
    report = retrain(folder, served)
    assert (report.again, report.gate.verdict) == (1, "better")
    assert report.gate.reason.startswith("Version 1, which served before, answers the newest rows better than")
    assert report.sha256 == served[0].sha256
    assert hashlib.sha256((report.folder / ARTIFACT).read_bytes()).hexdigest() == served[0].sha256
    assert (report.trained_rows, report.train_size) == ((-REFERENCE, 0), REFERENCE)
    # nothing was fitted but the candidates, and none of them twice
    assert report.extra["fits"] == len(report.extra["spans"]) + len(report.extra["half_lives"])
    assert report.extra["versions"]["1"] < min(report.extra["spans"].values())


def test_its_folder_is_whole_and_of_today_s_rows(folder, served):
    report = retrain(folder, served)
    kept = json.loads((report.folder / "version.json").read_text())
    assert (kept["again"], kept["sha256"]) == (1, served[0].sha256)
    assert duetmind_adaptive.load_model(report.folder).predict(a_stream(50, seed=9)).shape == (50,)
    held = read_holdout(pa.ipc.open_file(report.folder / "holdout.arrow").read_all())
    assert (held.truth == held.prediction).mean() == report.baseline.value


def test_one_that_learned_from_the_rows_to_choose_on_is_no_candidate(folder, served):
    late = train(a_model(folder), champion=served[1], upto=(NEW + OLD) * WINDOW, job="late")
    again = train(
        a_model(folder), champion=served[0], upto=(NEW + OLD) * WINDOW, job="again", former=(as_version(late, 3),)
    )
    assert again.extra["versions"] == {}
    assert again.again is None


@pytest.mark.parametrize("harm", ["gone", "changed", "undescribed"])
def test_one_whose_files_are_gone_or_damaged_is_left_out_and_the_retrain_goes_on(folder, served, harm):
    artifact = served[0].folder / ARTIFACT
    if harm == "undescribed":
        (served[0].folder / "version.json").unlink()
    elif harm == "gone":
        artifact.unlink()
    else:
        artifact.write_bytes(b"not what it was")
    report = retrain(folder, served)
    assert report.extra["versions"] == {}
    assert report.again is None


def test_one_that_the_data_no_longer_fits_is_left_out(folder, served):
    frame = pd.read_parquet(folder / "production.parquet")
    for name in ("reference", "production"):
        frame = pd.read_parquet(folder / f"{name}.parquet")
        frame.drop(columns="noise").to_parquet(folder / f"{name}.parquet")
    fresh = train(a_model(folder), job="without noise")
    report = train(
        a_model(folder), champion=as_version(fresh, 3), upto=(NEW + OLD) * WINDOW, job="back", former=(served[0],)
    )
    assert report.extra["versions"] == {}


def turning(rows, seed):
    """The classes' boundary turns steadily, so that the newest rows are truest and few."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, rows))
    angle = np.linspace(0, 2.2, rows)
    yes = np.cos(angle) * x + np.sin(angle) * z + rng.normal(scale=0.3, size=rows) > 0
    return pd.DataFrame({"x": x, "z": z, "y": np.where(yes, "yes", "no")})


def test_weights_by_age_are_fitted_counted_and_chosen_only_where_they_are_clearly_better(folder):
    frame = turning(6000, 0)
    frame[:1200].to_parquet(folder / "reference.parquet")
    frame[1200:].to_parquet(folder / "production.parquet")
    model = a_model(folder, timestamp=None, pipeline=LOGISTIC)
    report = train(model, champion=as_version(train(model)), upto=4800, job="retrain")
    lives, spans = report.extra["half_lives"], report.extra["spans"]
    assert set(lives) == {str(2 * WINDOW), str(8 * WINDOW)}
    assert report.extra["fits"] == len(spans) + len(lives) + 2
    chosen = "whose weight halves every" in report.notes[0]
    assert chosen is (min(lives.values()) < min(spans.values()) - 0.002) or not chosen
    assert "2 weights by age" in report.notes[0]


def test_a_learner_that_cannot_weigh_rows_is_not_asked_to(folder):
    model = a_model(folder, pipeline={"model": {"algorithm": "svm"}})
    report = train(model, champion=as_version(train(model)), upto=NEW * WINDOW, job="retrain")
    assert report.extra["half_lives"] == {}
    assert "weights by age" not in report.notes[0]
