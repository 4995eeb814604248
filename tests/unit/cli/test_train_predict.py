"""`duetmind train` and `duetmind predict`: one pipeline measured and saved, then asked; what does not fit is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from duetmind_adaptive import load_model
from duetmind_adaptive.cli.app import run
from duetmind_adaptive.errors import ArtifactError

PIPELINE = """\
name: quick
preprocessing: {numerical_scaler: robust, categorical_encoding: target}
model: {algorithm: logistic_regression}
evaluation: {metrics: [accuracy, roc_auc, r2], folds: 3}
"""
Ran = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ran(capsys: pytest.CaptureFixture[str]) -> Ran:
    def call(*arguments: object) -> tuple[int, str, str]:
        status = run([str(argument) for argument in arguments])
        output = capsys.readouterr()
        return status, output.out, output.err

    return call


def a_frame(rows: int = 300, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    age, job = rng.normal(40, 9, rows).round(1), rng.choice(["cook", "nurse", "pilot"], rows)
    late = rng.uniform(size=rows) < 1 / (1 + np.exp((age - 40) / 4 - (job == "pilot")))
    when = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(rows), unit="h")
    frame = pd.DataFrame({"age": age, "job": job, "zip": "0815", "when": when, "late": np.where(late, "yes", "no")})
    frame.loc[::9, "age"] = np.nan
    return frame


@pytest.fixture
def loans(tmp_path: Path) -> Path:
    a_frame().to_parquet(tmp_path / "loans.parquet")
    (tmp_path / "quick.yaml").write_text(PIPELINE)
    return tmp_path


@pytest.fixture
def trained(loans: Path, ran: Ran) -> Path:
    command = ("train", loans / "loans.parquet", "--target", "late", "--pipeline", loans / "quick.yaml")
    assert ran(*command, "--exclude", "when", "--save", loans / "loans.duet", "--json")[0] == 0
    return loans


def test_training_prints_one_document_and_saves_a_model_that_tells_what_it_is(loans: Path, ran: Ran) -> None:
    saved = loans / "loans.duet"
    command = ("train", loans / "loans.parquet", "--target", "late", "--pipeline", loans / "quick.yaml")
    status, out, err = ran(*command, "--exclude", "when", "--save", saved, "--json")
    document = json.loads(out)
    assert (status, err) == (0, "")
    assert (document["task"], document["classes"], document["rows"]) == ("binary", ["no", "yes"], 300)
    assert document["features"] == {"age": "numeric", "job": "categorical"}
    assert list(document["metrics"]) == ["accuracy", "roc_auc"]
    assert document["metrics"]["roc_auc"]["low"] < document["metrics"]["roc_auc"]["value"] < 1
    model = load_model(saved, sha256=document["sha256"])
    assert model.manifest.fingerprint == document["fingerprint"]
    assert model.manifest.metrics["accuracy"] == document["metrics"]["accuracy"]["value"]
    assert {"python", "scikit-learn", "skops"} <= model.manifest.libraries.keys()
    assert model.manifest.pipeline["name"] == "quick"


def test_people_see_metrics_features_and_where_the_model_is(loans: Path, ran: Ran) -> None:
    command = ("train", loans / "loans.parquet", "--target", "late", "--pipeline", loans / "quick.yaml")
    status, out, err = ran(*command, "--save", loans / "m.duet", "--timestamp", "when")
    assert (status, err) == (0, "")
    assert out.startswith("accuracy 0.")
    assert "features: age (numeric), job (categorical)" in out
    assert "note: 1 column with one value only was left out: zip" in out
    assert f"saved: {loans / 'm.duet'} (sha256 " in out


def test_same_seed_and_data_same_model(loans: Path, ran: Ran) -> None:
    command = ("train", loans / "loans.parquet", "--target", "late", "--pipeline", loans / "quick.yaml", "--json")
    first, second = (json.loads(ran(*command, "--save", loans / name)[1]) for name in ("a.duet", "b.duet"))
    assert first["metrics"] == second["metrics"]
    assert first["fingerprint"] == second["fingerprint"]
    rows = a_frame(40, seed=1)
    answers = [load_model(loans / name).predict_proba(rows) for name in ("a.duet", "b.duet")]
    assert np.array_equal(*answers)


def test_groups_stay_together_and_are_no_feature(loans: Path, ran: Ran) -> None:
    frame = a_frame().drop(columns=["zip", "when"])
    (loans / "grouped.csv").write_text(frame.assign(site=np.arange(300) % 6).to_csv(index=False))
    command = ("train", loans / "grouped.csv", "--target", "late", "--pipeline", loans / "quick.yaml", "--json")
    status, out, _ = ran(*command, "--group", "site")
    assert (status, list(json.loads(out)["features"])) == (0, ["age", "job"])
    (loans / "grouped.csv").write_text(frame.assign(site=np.arange(300) % 2).to_csv(index=False))
    status, out, err = ran(*command, "--group", "site")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "the rows have 2 groups, and 3 folds need one each" in err


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_predicting_writes_a_row_of_answers_for_each_row(trained: Path, ran: Ran, ending: str) -> None:
    rows = a_frame(120, seed=2).drop(columns=["late", "zip"])[["job", "when", "age"]]
    rows.to_csv(trained / "new.csv", index=False)
    output = trained / f"scored{ending}"
    status, out, err = ran("predict", trained / "loans.duet", trained / "new.csv", "--output", output)
    assert (status, err) == (0, "")
    assert out == f"120 rows answered by loans: {output}\n"
    scored = pd.read_csv(output) if ending == ".csv" else pq.read_table(output).to_pandas()
    assert list(scored) == ["prediction", "probability_no", "probability_yes"]
    model = load_model(trained / "loans.duet")
    assert np.allclose(scored[["probability_no", "probability_yes"]], model.predict_proba(rows))
    assert (scored["prediction"] == model.predict(rows)).all()


def test_large_files_are_answered_in_parts_and_one_row_is_enough(
    trained: Path, ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("duetmind_adaptive.tasks.predict_file.ROWS", 7)
    for rows in (1, 50):
        a_frame(rows, seed=3).to_csv(trained / "new.csv", index=False)
        output = trained / "scored.csv"
        status, out, _ = ran("predict", trained / "loans.duet", trained / "new.csv", "--output", output, "--json")
        assert (status, json.loads(out)["rows"], len(pd.read_csv(output))) == (0, rows, rows)


def test_numbers_are_predicted_as_numbers(loans: Path, ran: Ran) -> None:
    frame = a_frame().assign(price=lambda f: np.nan_to_num(f["age"], nan=40) * 2.5)
    frame.to_csv(loans / "prices.csv", index=False)
    (loans / "numbers.yaml").write_text("model: {algorithm: hist_gradient_boosting, hyperparameters: {max_iter: 20}}\n")
    command = ("train", loans / "prices.csv", "--target", "price", "--pipeline", loans / "numbers.yaml")
    status, out, _ = ran(*command, "--save", loans / "p.duet", "--json")
    document = json.loads(out)
    assert (status, document["task"], list(document["metrics"])) == (0, "regression", ["r2", "mae", "rmse"])
    assert document["metrics"]["r2"]["value"] > 0.8
    ran("predict", loans / "p.duet", loans / "prices.csv", "--output", loans / "o.csv")
    assert list(pd.read_csv(loans / "o.csv")) == ["prediction"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda f: f.drop(columns=["age", "job"]),
            "the model needs columns 'age', 'job', which the file does not have",
        ),
        (lambda f: f.assign(age="old"), "column 'age' (numeric when the model learned"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused_by_name(
    trained: Path, ran: Ran, change: Callable[[pd.DataFrame], pd.DataFrame], says: str
) -> None:
    change(a_frame()).to_csv(trained / "new.csv", index=False)
    status, out, err = ran("predict", trained / "loans.duet", trained / "new.csv", "--output", trained / "o.csv")
    assert (status, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1
    assert not list(trained.glob("*o.csv*"))


HARD: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "a constant target": (lambda f: f.assign(late="no"), "has the same value in every labelled row"),
    "no labels": (lambda f: f.assign(late=None), "0 rows have a label"),
    "one row of a class": (
        lambda f: f.assign(late=["rare", *["no"] * (len(f) - 1)]),
        "one row only of class 'rare'",
    ),
    "no such column": (lambda f: f.drop(columns="late"), "has no column 'late'"),
}


@pytest.mark.parametrize("name", HARD)
def test_what_cannot_be_learned_is_refused_in_one_sentence(loans: Path, ran: Ran, name: str) -> None:
    change, says = HARD[name]
    change(a_frame()).to_parquet(loans / "hard.parquet")
    command = ("train", loans / "hard.parquet", "--target", "late", "--pipeline", loans / "quick.yaml")
    status, out, err = ran(*command, "--save", loans / "m.duet")
    assert (status, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1
    assert not (loans / "m.duet").exists()


def test_hard_columns_are_learned_from_or_left_out_and_said(loans: Path, ran: Ran) -> None:
    frame = a_frame(400).drop(columns=["zip"])
    frame["empty"] = np.nan
    frame["far"] = np.where(np.arange(400) % 5, frame["age"], np.inf)
    frame["who"] = [f"person {i}" for i in range(400)]
    frame.loc[frame.index[:40], "late"] = None
    frame.to_parquet(loans / "hard.parquet")
    command = ("train", loans / "hard.parquet", "--target", "late", "--pipeline", loans / "quick.yaml", "--json")
    status, out, _ = ran(*command)
    document = json.loads(out)
    assert (status, document["rows"]) == (0, 360)
    assert document["features"] == {
        "age": "numeric",
        "job": "categorical",
        "when": "datetime",
        "far": "numeric",
        "who": "text",
    }
    assert any("40 rows without a label were left out" in note for note in document["notes"])
    assert any("empty" in note for note in document["notes"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--pipeline", "nowhere.yaml"), "nowhere.yaml: there is no such file"),
        (("--pipeline", "quik"), "found 'quik', allowed: "),
        (("--pipeline", "my_pipeline", "--save", "no/such/m.duet"), "its folder does not exist"),
        (("--pipeline", "my_pipeline", "--timestamp", "late"), "must be different columns"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_mend(
    loans: Path, ran: Ran, arguments: tuple[str, ...], says: str
) -> None:
    status, out, err = ran("train", loans / "loans.parquet", "--target", "late", *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert says in err


def test_an_output_of_another_kind_is_refused_before_the_work(trained: Path, ran: Ran) -> None:
    command = ("predict", trained / "loans.duet", trained / "loans.parquet", "--output", trained / "o.xlsx")
    assert "its ending is not one of .csv, .parquet" in ran(*command)[2]


# ---------------------------------------------------------------- the file by itself


def test_a_saved_file_stands_alone_and_any_changed_byte_is_noticed(trained: Path) -> None:
    whole = (trained / "loans.duet").read_bytes()
    assert load_model(trained / "loans.duet").manifest.target == "late"
    for at in range(0, len(whole), len(whole) // 60):
        damaged = bytearray(whole)
        damaged[at] ^= 1
        (trained / "damaged.duet").write_bytes(damaged)
        with pytest.raises(ArtifactError, match="seal"):
            load_model(trained / "damaged.duet")


@pytest.mark.parametrize(("cut", "says"), [(-1, "its end is not a seal"), (0, "its end is not a seal")])
def test_a_file_that_was_cut_off_is_refused(trained: Path, cut: int, says: str) -> None:
    whole = (trained / "loans.duet").read_bytes()
    (trained / "cut.duet").write_bytes(whole[: cut or 0])
    with pytest.raises(ArtifactError, match=says):
        load_model(trained / "cut.duet")


def test_who_knows_the_sha256_is_served_that_file_only(trained: Path, ran: Ran) -> None:
    command = ("predict", trained / "loans.duet", trained / "loans.parquet", "--output", trained / "o.csv")
    status, _, err = ran(*command, "--sha256", "0" * 64)
    assert status == 2
    assert "is not the one that was registered" in err
