"""What training leaves for checks: rows of the reference, and labelled rows with honest answers."""

import numpy as np
import pyarrow as pa
import pytest

from duetmind_adaptive.registry.layout import HOLDOUT, SAMPLE
from duetmind_adaptive.tasks import holdout
from duetmind_adaptive.tasks.holdout import read_holdout, write_holdout, write_sample


def stored(path):
    return pa.ipc.open_file(path).read_all()


@pytest.fixture
def table():
    return pa.table({"x": np.arange(50.0), "job": ["cook", None] * 25, "y": ["no", "yes"] * 25})


@pytest.mark.parametrize("kind", ["binary", "positive", "multiclass", "regression", "answers"])
def test_what_was_answered_is_read_back(tmp_path, table, kind):
    rng = np.random.default_rng(0)
    classes = {"multiclass": np.array(["a", "b", "c"]), "regression": np.array([])}.get(kind, np.array(["no", "yes"]))
    scores = None if kind in {"regression", "answers"} else rng.dirichlet(np.ones(classes.size), 50)
    prediction = rng.normal(size=50) if kind == "regression" else rng.choice(classes, 50)
    given = scores[:, 1] if scores is not None and kind == "positive" else scores
    write_holdout(tmp_path, table, "y", prediction=prediction, scores=given, classes=classes)
    read = read_holdout(stored(tmp_path / HOLDOUT))
    assert list(read.truth) == table["y"].to_pylist()
    assert list(read.prediction) == list(prediction)
    assert read.classes == tuple(classes.tolist())
    assert read.features.equals(table.select(["x", "job"]))
    assert (read.scores is None) if scores is None else np.allclose(read.scores, scores)
    assert read.score is None or read.score.ndim == (2 if kind == "multiclass" else 1)


@pytest.mark.parametrize("classes", [[0, 1], [False, True], [0.5, 1.5], ["no", "yes"]])
def test_classes_keep_their_type(tmp_path, table, classes):
    rows = table.set_column(2, "y", pa.array(classes * 25))
    write_holdout(
        tmp_path, rows, "y", prediction=np.array(classes * 25), scores=np.full(50, 0.5), classes=np.array(classes)
    )
    read = read_holdout(stored(tmp_path / HOLDOUT))
    assert [(type(each), each) for each in read.classes] == [(type(each), each) for each in classes]
    assert (read.truth == read.prediction).all()


def test_a_score_that_is_of_no_class_is_left_out(tmp_path, table):
    write_holdout(
        tmp_path, table, "y", prediction=np.array(["a"] * 50), scores=np.full(50, 0.5), classes=np.array(list("abc"))
    )
    assert read_holdout(stored(tmp_path / HOLDOUT)).scores is None


def test_rows_beyond_the_bound_are_thinned_evenly_in_their_order(tmp_path, table, monkeypatch):
    monkeypatch.setattr(holdout, "SAMPLE_ROWS", 8)
    write_sample(tmp_path, table, ["x", "y", "y", None, "gone"])
    kept = stored(tmp_path / SAMPLE)
    assert kept.column_names == ["x", "y"]
    assert kept["x"].to_pylist() == [0, 7, 14, 21, 28, 35, 42, 49]


def test_wide_rows_are_fewer_rows(tmp_path):
    write_sample(tmp_path, pa.table({f"x{place}": np.zeros(3000) for place in range(500)}), ["x0", "x1"])
    assert stored(tmp_path / SAMPLE).num_rows == 3000
    write_sample(tmp_path, (wide := pa.table({f"x{place}": np.zeros(3000) for place in range(500)})), wide.column_names)
    assert stored(tmp_path / SAMPLE).num_rows == 2000
