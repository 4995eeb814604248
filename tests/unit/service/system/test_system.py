"""The system in process: what it makes, what it says no to, and that a folder is whole or not there."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from duetmind_adaptive import load_model
from duetmind_adaptive.errors import ConfigError, DuetMindError, SourceError, StoreBusyError, WorkflowError
from duetmind_adaptive.training.automation_system import (
    AutomationScalabilitySystem,
    create_automation_system,
    setup_complete_system,
)
from duetmind_adaptive.training.custom_pipeline import ModelConfig, PipelineConfig

BASELINE = {"accuracy": 0.8, "roc_auc": 0.85}
QUICK = PipelineConfig(name="quick", model=ModelConfig(algorithm="logistic_regression"))


def rows(count: int = 400, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(count, 3)), columns=list("abc")).assign(job=rng.choice(["x", "y"], count))
    return frame, (frame["a"].to_numpy() + 0.5 * rng.normal(size=count) > 0).astype(int)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A file with a target `ill` that `a` tells."""
    frame, ill = rows()
    frame.assign(ill=ill).to_csv(tmp_path / "data.csv", index=False)
    return tmp_path / "data.csv"


@pytest.fixture
def system(tmp_path: Path) -> Iterator[AutomationScalabilitySystem]:
    with setup_complete_system(rows()[0], BASELINE, tmp_path / "auto") as made:
        yield made


def trained(system: AutomationScalabilitySystem, data: Path, target: str = "ill", **more: Any) -> Any:
    order = {"pipeline_name": QUICK, "enable_automl": False} | more
    return system.run_workflow(system.create_automated_training_workflow(data, target, **order))


def test_a_workflow_makes_a_version_that_serves_and_is_watched(system: AutomationScalabilitySystem, data: Path) -> None:
    results = trained(system, data)
    assert results["version"] == 2
    assert results["serves"]
    assert results["metrics"]["roc_auc"] > 0.85
    assert results["rows"] == {"learned": 320, "held": 80}
    assert results["best_algorithm"] == "logistic_regression"
    link = system.working_dir / "models" / "model" / "champion"
    assert link.resolve() == Path(results["model_path"]).resolve()
    assert load_model(link).manifest.metrics == results["metrics"]
    # with labels in the frame its metric is measured on the model's own answers
    frame, ill = rows(500, seed=1)
    checked = system.monitor.detect_comprehensive_drift(frame.assign(ill=ill))
    assert not checked["drift"], checked
    assert checked["version"] == 2
    assert checked["metric"] > 0.85
    assert system.monitor.detect_comprehensive_drift(frame.assign(a=frame["a"] + 3))["drift"]
    shown = results._repr_html_()
    assert "preprocess" in shown
    assert "roc_auc" in shown


def test_a_workflow_that_has_ended_is_not_run_again(system: AutomationScalabilitySystem, data: Path) -> None:
    results = trained(system, data)
    again = system.run_workflow(results["workflow_id"])
    assert json.loads(json.dumps(results.to_dict())) == again.to_dict()
    assert system.workflows == {results["workflow_id"]: "completed"}


def test_the_same_order_goes_on_until_it_has_ended_and_is_another_of_other_data(
    system: AutomationScalabilitySystem, data: Path
) -> None:
    def order() -> str:
        return system.create_automated_training_workflow(data, "ill", QUICK, enable_automl=False)

    first = order()
    assert order() == first
    rows(300)[0].assign(ill=rows(300)[1]).to_csv(data, index=False)
    second = order()
    assert second != first
    assert system.run_workflow(second)["rows"]["learned"] == 240
    assert order() not in {first, second}


def test_a_second_system_takes_the_folder_up_when_the_first_has_let_go(
    system: AutomationScalabilitySystem, data: Path
) -> None:
    results = trained(system, data)
    with pytest.raises(StoreBusyError, match=r"pid \d+"):
        create_automation_system(system.working_dir)
    system.close()
    with create_automation_system(system.working_dir) as other:
        assert other.workflows == {results["workflow_id"]: "completed"}
        frame, ill = rows(500, seed=1)
        checked = other.monitor.detect_comprehensive_drift(frame.assign(ill=ill))
        assert (checked["version"], checked["drift"]) == (2, False)
        assert checked["metric"] > 0.85
        assert trained(other, data, seed=3)["version"] == 3


def test_a_model_that_is_no_better_than_chance_is_kept_and_does_not_serve(
    system: AutomationScalabilitySystem, tmp_path: Path
) -> None:
    frame, _ = rows()
    path = tmp_path / "random.csv"
    frame.assign(coin=np.random.default_rng(5).integers(0, 2, len(frame))).to_csv(path, index=False)
    results = trained(system, path, "coin")
    assert not results["serves"]
    assert results["better_than_chance"] is False
    assert "no better than chance by roc_auc" in results["notes"][0]
    assert not (system.working_dir / "models" / "model" / "champion").exists()
    assert Path(results["model_path"]).is_file()
    assert system.monitor.detect_comprehensive_drift(frame)["version"] == 1


def test_numbers_and_words_are_learned_too(tmp_path: Path) -> None:
    frame, _ = rows()
    frame["price"] = 3 * frame["a"] + (frame["job"] == "x") + np.random.default_rng(1).normal(size=len(frame)) / 5
    frame["kind"] = np.where(frame["b"] > 0.5, "high", np.where(frame["b"] < -0.5, "low", "mid"))
    frame.to_parquet(tmp_path / "data.parquet")
    with setup_complete_system(frame[[*list("abc"), "job"]], {}, tmp_path / "auto") as system:
        prices = trained(system, tmp_path / "data.parquet", "price", pipeline_name=None)
        assert prices["task"] == "regression"
        assert prices["metrics"]["r2"] > 0.9
        kinds = trained(system, tmp_path / "data.parquet", "kind")
        assert kinds["task"] == "multiclass"
        assert kinds["classes"] == ["high", "low", "mid"]
        assert kinds["serves"]
        assert "not learned from, because the reference lacks them: price" in kinds["notes"][0]


@pytest.mark.parametrize(
    ("reference", "baseline", "sentence"),
    [
        (pd.DataFrame({"a": []}), BASELINE, "reference_data has no rows; give at least 2"),
        ([1, 2], BASELINE, "reference_data"),
        (rows()[0], {"auc": 0.9}, "did you mean roc_auc?"),
        (rows()[0], {"accuracy": float("nan")}, "baseline_metrics: accuracy: found nan"),
    ],
)
def test_a_start_that_cannot_be_is_one_sentence_and_leaves_no_folder(
    reference: Any, baseline: Any, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(DuetMindError) as refused:
        setup_complete_system(reference, baseline, tmp_path / "auto")
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "auto").exists()


def test_orders_that_cannot_be_are_one_sentence_and_leave_nothing(
    system: AutomationScalabilitySystem, data: Path
) -> None:
    before = sorted(system.working_dir.rglob("*"))
    with pytest.raises(SourceError, match=r"nowhere\.csv: no such file"):
        system.create_automated_training_workflow("nowhere.csv", "ill")
    with pytest.raises(SourceError, match=r"has no column 'sick'; it has a, b, c, job, ill"):
        system.create_automated_training_workflow(data, "sick")
    with pytest.raises(ConfigError, match="did you mean my_pipeline"):
        system.create_automated_training_workflow(data, "ill", "my_pipelin")
    with pytest.raises(WorkflowError, match="there is no workflow 'training-0007'"):
        system.run_workflow("training-0007")
    assert sorted(system.working_dir.rglob("*")) == before


def test_a_step_that_fails_says_which_and_why_and_runs_again_when_it_is_mended(
    system: AutomationScalabilitySystem, tmp_path: Path
) -> None:
    path = tmp_path / "other.csv"
    pd.DataFrame({"z": range(50), "ill": [0, 1] * 25}).to_csv(path, index=False)
    with pytest.raises(WorkflowError, match=r"validate failed: .*none of the reference's columns \(a, b, c, job\)"):
        trained(system, path)
    rows()[0].assign(ill=7).to_csv(path, index=False)
    with pytest.raises(WorkflowError, match="has the same value in every labelled row"):
        trained(system, path)
    rows()[0].assign(ill=rows()[1]).to_csv(path, index=False)
    assert trained(system, path)["serves"]


def test_a_baseline_that_such_a_target_has_none_of_is_one_sentence(data: Path, tmp_path: Path) -> None:
    with (
        setup_complete_system(rows()[0], {"r2": 0.8}, tmp_path / "auto") as system,
        pytest.raises(WorkflowError, match="baseline metric r2 measures numbers, and column 'ill' holds classes"),
    ):
        trained(system, data)


def test_nothing_is_made_before_the_system_knows_a_reference(data: Path, tmp_path: Path) -> None:
    system = create_automation_system(tmp_path / "auto")
    with pytest.raises(ConfigError, match="call initialize_system"):
        system.create_automated_training_workflow(data, "ill")
    assert not (tmp_path / "auto").exists()


def test_the_guides_config_sets_the_defaults(data: Path, tmp_path: Path) -> None:
    config = Path(__file__).parents[4] / "config" / "system_config.yaml"
    with pytest.warns(UserWarning, match="the alert channel email is off: `host` is missing"):
        system = setup_complete_system(rows()[0], BASELINE, tmp_path / "auto", config=config)
    with system:
        results = trained(system, data, pipeline_name=None)
        assert results["best_algorithm"] == "random_forest"
        assert results["best_params"] == {"n_estimators": 100, "random_state": 42}
    written = (tmp_path / "auto" / "duetmind.yaml").read_text()
    assert "drift_threshold: 0.15" in written
    with pytest.raises(ConfigError, match="models: the system's own; leave it out"):
        create_automation_system(tmp_path / "other", config={"models": {}})


def test_a_config_that_a_person_has_changed_is_left_alone(system: AutomationScalabilitySystem, data: Path) -> None:
    path = system.working_dir / "duetmind.yaml"
    path.write_text(path.read_text() + "# mine\n")
    results = trained(system, data)
    assert results["serves"]
    assert results["config"] is None
    assert path.read_text().endswith("# mine\n")


@pytest.mark.parametrize("lost", ["system.json", "reference"])
def test_a_damaged_folder_is_one_sentence(lost: str, system: AutomationScalabilitySystem) -> None:
    system.close()
    file = next(system.working_dir.glob(f"{lost}*"))
    file.write_bytes(b"{")
    with pytest.raises(DuetMindError, match=f"{file.name} cannot be read; restore it"):
        create_automation_system(system.working_dir)
