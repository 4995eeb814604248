"""Configurations are kept by name and version; what is kept is never changed."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.training.custom_pipeline import ModelConfig, PipelineConfig, PipelineRegistry


def a_config(name="mine", trees=100):
    return PipelineConfig(name=name, model=ModelConfig(hyperparameters={"n_estimators": trees}))


@pytest.fixture(params=["in memory", "in a folder"])
def registry(request, tmp_path):
    return PipelineRegistry(tmp_path / "pipelines" if request.param == "in a folder" else None)


def test_the_guides_pipelines_are_there_out_of_the_box(registry):
    assert {"medical_classification", "advanced_pipeline"} <= set(registry)
    assert registry.get("advanced_pipeline").model.algorithm == "xgboost"
    assert registry.versions("medical_classification") == [1]
    assert len(registry) == len(list(registry))


def test_every_version_stays_as_it_was(registry):
    assert [registry.register(a_config(trees=trees)) for trees in (10, 20, 30)] == [1, 2, 3]
    assert registry.versions("mine") == [1, 2, 3]
    assert [registry.get("mine", version).model.hyperparameters["n_estimators"] for version in (1, 2, 3)] == [
        10,
        20,
        30,
    ]
    assert registry.get("mine").to_dict() == a_config(trees=30).to_dict()
    assert "mine" in registry
    assert "mine" in list(registry)


def test_what_is_there_already_gets_no_new_version(registry):
    assert [registry.register(a_config()), registry.register(a_config())] == [1, 1]


def test_a_shipped_name_goes_on_with_version_2(registry):
    assert registry.register(a_config("medical_classification")) == 2
    assert registry.get("medical_classification").to_dict() == a_config("medical_classification").to_dict()
    assert registry.get("medical_classification", 1).model.class_weight == "balanced"


def test_a_file_and_plain_values_are_registered_alike(registry, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(a_config().to_yaml())
    assert registry.register(path) == registry.register(a_config().to_dict()) == 1


def test_a_folder_outlives_the_registry(tmp_path):
    PipelineRegistry(tmp_path).register(a_config())
    again = PipelineRegistry(tmp_path)
    assert again.versions("mine") == [1]
    assert (tmp_path / "mine" / "0001.yaml").read_text() == a_config().to_yaml()
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["0001.yaml"]


def test_registering_at_the_same_time_loses_nothing(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda trees: PipelineRegistry(tmp_path).register(a_config(trees=trees)), range(1, 25)))
    assert sorted(made) == list(range(1, 25))
    kept = PipelineRegistry(tmp_path)
    trees = {kept.get("mine", version).model.hyperparameters["n_estimators"] for version in made}
    assert trees == set(range(1, 25))


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (
            lambda registry: registry.get("my_pipelin"),
            "no pipeline 'my_pipelin'; there are: .*did you mean my_pipeline",
        ),
        (lambda registry: registry.get("my_pipeline", 9), "has no version 9; it has 1"),
        (lambda registry: registry.register(a_config("../evil")), "'../evil' cannot name a pipeline"),
        (lambda registry: registry.get("../evil"), "there is no pipeline '../evil'"),
        (lambda registry: registry.register({"modell": {}}), "modell: unknown key"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(registry, act, says):
    with pytest.raises(ConfigError, match=says) as refused:
        act(registry)
    assert "\n" not in str(refused.value)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        PipelineRegistry(tmp_path / "file").register(a_config())
