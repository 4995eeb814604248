"""An artifact is loaded only if it is the registered one, sound, and made of types our pipelines have."""

import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from skops import io as skops

from duetmind_adaptive.errors import ArtifactError, ColumnMismatchError, ColumnMissingError
from duetmind_adaptive.registry import artifact as artifact_module
from duetmind_adaptive.registry.artifact import MANIFEST, PAYLOAD, load_artifact, parse_artifact, save_artifact
from duetmind_adaptive.registry.manifest import Feature, Manifest
from duetmind_adaptive.registry.tree_bounds import check_trees
from duetmind_adaptive.settings.pipeline import PipelineSettings
from duetmind_adaptive.training.custom_pipeline.builder import build_pipeline

KINDS = {"age": "numeric", "job": "categorical", "member": "boolean", "seen": "datetime"}
NOW = datetime(2026, 1, 2, tzinfo=UTC)
ROWS = 150


def a_table(rows=ROWS, seed=0):
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "age": rng.normal(40, 10, rows),
            "job": rng.choice(["cook", "nurse"], rows),
            "member": rng.random(rows) > 0.5,
            "seen": pd.date_range("2026-01-01", periods=rows, freq="h").to_numpy(),
        }
    )


def a_pipeline(task="binary", algorithm="hist_gradient_boosting", **hyperparameters):
    model = {"algorithm": algorithm, "hyperparameters": hyperparameters}
    settings = PipelineSettings.model_validate({"preprocessing": {"categorical_encoding": "ordinal"}, "model": model})
    frame = a_table().to_pandas()
    target = np.digitize(frame["age"], [35, 45] if task == "multiclass" else [40])
    return build_pipeline(settings, task, KINDS).fit(frame, target)


def a_manifest(task="binary", classes=("no", "yes"), **changes):
    features = tuple(Feature(name=name, kind=kind) for name, kind in KINDS.items())
    facts = {"model": "loans", "task": task, "target": "y", "features": features, "classes": classes}
    facts |= {"metric": "accuracy", "trained_rows": (-150, 0), "train_size": 150, "created": NOW}
    return Manifest(**(facts | changes))


@pytest.fixture(scope="module")
def boosted():
    return a_pipeline(max_iter=5)


@pytest.fixture
def saved(tmp_path, boosted):
    path = tmp_path / "model.duet"
    return path, save_artifact(path, boosted, a_manifest())


@pytest.mark.parametrize("algorithm", ["hist_gradient_boosting", "random_forest", "logistic_regression", "svm"])
@pytest.mark.parametrize(("task", "classes"), [("binary", (False, True)), ("multiclass", (1, 2, 3))])
def test_what_was_saved_answers_the_same_after_loading(tmp_path, algorithm, task, classes):
    pipeline = a_pipeline(task, algorithm)
    sha256 = save_artifact(tmp_path / "model.duet", pipeline, a_manifest(task, classes))
    loaded = load_artifact(tmp_path / "model.duet", sha256)
    table = a_table(seed=1)
    assert np.array_equal(loaded.predict_proba(table), pipeline.predict_proba(table.to_pandas()))
    assert set(loaded.predict(table)) <= set(classes)
    assert loaded.score(table).shape == ((ROWS,) if task == "binary" else (ROWS, 3))
    assert loaded.features == tuple(KINDS)
    prediction, score = loaded.answer(table)
    assert np.array_equal(prediction, loaded.predict(table))
    assert np.array_equal(score, loaded.score(table))


def test_regression_answers_with_numbers_and_has_no_probabilities(tmp_path):
    sha256 = save_artifact(tmp_path / "m", a_pipeline("regression", max_iter=5), a_manifest("regression", ()))
    loaded = load_artifact(tmp_path / "m", sha256)
    assert loaded.predict(a_table()).dtype == np.float64
    with pytest.raises(TypeError, match="predicts numbers"):
        loaded.predict_proba(a_table())


def test_a_threshold_moves_the_decision(tmp_path, boosted):
    sha256 = save_artifact(tmp_path / "m", boosted, a_manifest(threshold=1.0))
    assert set(load_artifact(tmp_path / "m", sha256).predict(a_table())) == {"no"}


def test_the_same_values_get_the_same_answer_however_they_are_stored(saved):
    model = load_artifact(*saved)
    plain = a_table(20)
    stored = pa.table(
        {
            "extra": pa.nulls(20),
            "seen": plain["seen"].cast(pa.timestamp("ms")).cast(pa.timestamp("ms", tz="UTC")),
            "member": pa.chunked_array([plain["member"].combine_chunks()[:7], plain["member"].combine_chunks()[7:]]),
            "job": plain["job"].dictionary_encode(),
            "age": pa.array([Decimal(str(value)) for value in plain["age"].to_pylist()]),
        }
    )
    assert np.allclose(model.predict_proba(stored), model.predict_proba(plain))
    assert np.allclose(model.predict_proba(plain.to_pandas()), model.predict_proba(plain))


def test_nulls_and_no_rows_are_answered(saved):
    model = load_artifact(*saved)
    nulls = pa.table({name: pa.nulls(3, a_table().schema.field(name).type) for name in KINDS})
    assert np.isfinite(model.predict_proba(nulls)).all()
    assert model.predict(a_table().slice(0, 0)).size == 0


def test_a_frame_whose_columns_do_not_fit_is_refused_by_name(saved):
    model = load_artifact(*saved)
    with pytest.raises(ColumnMissingError, match="columns 'age', 'seen'"):
        model.predict(a_table().drop_columns(["age", "seen"]))
    with pytest.raises(ColumnMismatchError, match="column 'age'"):
        model.predict(a_table().set_column(0, "age", pa.array(["old"] * ROWS)))
    twice = a_table().append_column("age", a_table()["age"])
    with pytest.raises(ColumnMismatchError, match="'age' more than once"):
        model.predict(twice)


def test_another_file_than_the_registered_one_is_not_parsed(saved):
    path, sha256 = saved
    path.write_bytes(b"not a zip at all")
    with pytest.raises(ArtifactError, match="not the one that was registered"):
        load_artifact(path, sha256)


def test_a_missing_file_is_said_in_one_sentence(tmp_path):
    with pytest.raises(ArtifactError, match="cannot be read: No such file"):
        load_artifact(tmp_path / "gone", "0" * 64)


def test_a_torn_write_leaves_the_old_file(saved, boosted, monkeypatch):
    path, sha256 = saved

    def fail(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        save_artifact(path, boosted, a_manifest())
    assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def zipped(**entries):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name.replace("__", "."), data)
    return content.getvalue()


def forged(payload, manifest=None, **changes):
    """An artifact with the right hashes and whatever payload: what an attacker who can write the store could do."""
    facts = {"payload_sha256": hashlib.sha256(payload).hexdigest(), "payload_bytes": len(payload)}
    described = (manifest or a_manifest()).model_copy(update=facts | changes).model_dump_json()
    return zipped(**{MANIFEST.replace(".", "__"): described, PAYLOAD.replace(".", "__"): payload})


def evil_payload():
    """A skops file that asks for os.system."""
    state = {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode", "content": "x", "protocol": 2}
    return zipped(schema__json=json.dumps(state | {"_skops_version": "0.16"}))


def deep_payload():
    deep = '{"a":' * 100_000 + "1" + "}" * 100_000
    return zipped(schema__json=deep)


HOSTILE = {
    "no zip": b"PK\x03\x04 nonsense",
    "empty": b"",
    "other entries": zipped(readme__txt=b"hello"),
    "no manifest": zipped(model__skops=b""),
    "manifest no json": zipped(manifest__json=b"{", model__skops=b""),
    "manifest of a later format": forged(b"x", format=99),
    "payload too short": forged(b"x", payload_bytes=5),
    "payload swapped": forged(b"x", payload_sha256="0" * 64),
    "payload no zip": forged(b"garbage"),
    "payload empty zip": forged(zipped()),
    "foreign type": forged(evil_payload()),
    "pickle": forged(zipped(schema__json=b"\x80\x04cos\nsystem\n")),
    "too deep": forged(deep_payload()),
    "estimator of nonsense": forged(
        zipped(schema__json=json.dumps({"__class__": "SVC", "__module__": "sklearn.svm._classes", "__loader__": "No"}))
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_artifact_is_refused_with_one_sentence_even_when_its_hash_is_right(name):
    content = HOSTILE[name]
    with pytest.raises(ArtifactError, match="damaged") as refused:
        parse_artifact(content, hashlib.sha256(content).hexdigest(), name="it")
    assert "\n" not in str(refused.value)


def test_bombs_are_refused_before_they_inflate(monkeypatch, boosted):
    monkeypatch.setattr(artifact_module, "MAX_BYTES", 2**20)
    outer = forged(bytes(2**21))
    inner = forged(zipped(schema__json=bytes(2**21)))
    for bomb in (outer, inner):
        assert len(bomb) < 2**16
        with pytest.raises(ArtifactError, match=r"unpack to more than 1048576 bytes"):
            parse_artifact(bomb, hashlib.sha256(bomb).hexdigest(), name="it")


def test_a_model_of_foreign_types_cannot_be_saved(tmp_path, boosted):
    class Foreign(type(boosted[-1])):
        pass

    boosted_by_others = a_pipeline(max_iter=5)
    boosted_by_others.steps[-1] = ("model", Foreign())
    with pytest.raises(ArtifactError, match=r"unknown types: .*Foreign"):
        save_artifact(tmp_path / "m", boosted_by_others, a_manifest())
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(("field", "value"), [("left", 0), ("right", 10_000), ("feature_idx", 99), ("bitset_idx", 99)])
def test_a_histogram_tree_that_points_outside_itself_is_refused(field, value):
    pipeline = a_pipeline(max_iter=2)
    nodes = pipeline[-1]._predictors[0][0].nodes
    inner = np.flatnonzero(nodes["is_leaf"] == 0)[0]
    nodes["is_categorical"][inner] = field == "bitset_idx"
    nodes[field][inner] = value
    with pytest.raises(ArtifactError, match="outside itself"):
        check_trees(pipeline)


def test_a_forest_s_tree_that_points_outside_its_inputs_is_refused():
    pipeline = a_pipeline(algorithm="random_forest", n_estimators=2)
    check_trees(pipeline)
    pipeline[-1].estimators_[1].tree_.feature[0] = 99
    with pytest.raises(ArtifactError, match="outside itself"):
        check_trees(pipeline)


def test_skops_gets_an_allow_list_and_never_a_blank_cheque(saved):
    """What loading trusts beyond skops' own list is what our pipelines hold, by name."""
    path, _ = saved
    with zipfile.ZipFile(path) as archive:
        found = set(skops.get_untrusted_types(data=archive.read(PAYLOAD)))
    assert found <= set(artifact_module.ALLOWED_TYPES)
    assert not any(name.startswith(("os.", "builtins.", "subprocess.")) for name in artifact_module.ALLOWED_TYPES)


def test_loading_does_not_import_the_service():
    code = "import sys, duetmind_adaptive.registry.loading; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not [name for name in done.stdout.split() if name.startswith(("aiohttp", "duetmind_adaptive.service"))]
