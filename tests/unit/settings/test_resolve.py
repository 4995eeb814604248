"""Every default is filled in, every path is absolute."""

from datetime import timedelta
from pathlib import Path

import pytest

from duetmind_adaptive.settings.model import Config
from duetmind_adaptive.settings.named_pipelines import find_pipeline, load_pipeline, shipped_names


def test_defaults_come_from_the_guides_sections(load, model) -> None:
    loans = load(
        model(
            at_end="""\
            drift_monitoring: {monitoring_interval: 600, drift_threshold: 0.3, opens_after: 2, clears_after: 3}
            pipeline_defaults: {model: {algorithm: svm}}
            responses: {retrain_model: {max_auto_retrains_per_day: 7}}
            orchestration: {job_timeout: 5m}
            """
        )
    ).models["loans"]
    assert loans.schedule.every == timedelta(minutes=10)
    assert (loans.drift_threshold, loans.opens_after, loans.clears_after) == (0.3, 2, 3)
    assert (loans.max_retrains_per_day, loans.job_timeout) == (7, timedelta(minutes=5))
    assert loans.pipeline.model.algorithm == "svm"
    assert (loans.responses, loans.metric) == ((), "accuracy")


def test_a_models_own_words_win(load, model) -> None:
    text = model(drift_threshold="0.2", schedule="{cron: '0 6 * * 1'}", metric="f1", responses="[rollback]")
    loans = load(text + "drift_monitoring: {auto_retrain_enabled: true}").models["loans"]
    assert (loans.drift_threshold, loans.schedule.cron, loans.metric) == (0.2, "0 6 * * 1", "f1")
    assert loans.responses == ("rollback",)


def test_a_search_is_for_the_models_metric_within_the_sections_bounds_unless_it_says_otherwise(load, model) -> None:
    section = "automl: {n_trials: 7, timeout: 90, objective_metric: f1}"
    assert load(model() + section).models["loans"].automl is None
    search = load(model(metric="log_loss", automl="{cv_folds: 3}") + section).models["loans"].automl
    assert (search.objective_metric, search.n_trials, search.cv_folds) == ("log_loss", 7, 3)
    assert search.timeout == timedelta(seconds=90)
    assert load(model(automl="{objective_metric: f1}")).models["loans"].automl.objective_metric == "f1"


def test_regression_is_measured_by_r2(load, model) -> None:
    assert load(model(task="regression")).models["loans"].metric == "r2"


@pytest.mark.parametrize(
    ("lines", "auto", "responses"),
    [
        ({}, False, ()),
        ({}, True, ("retrain_model",)),
        ({"responses": "[]"}, True, ()),
        ({"target": ""}, True, ()),
        ({"responses": "[scale_resources, rollback]"}, False, ("scale_resources", "rollback")),
    ],
)
def test_responses_are_the_models_own_or_retraining_where_enabled(load, model, lines, auto, responses) -> None:
    text = model(**lines) + f"drift_monitoring: {{auto_retrain_enabled: {str(auto).lower()}}}"
    assert load(text).models["loans"].responses == responses


@pytest.mark.parametrize(
    ("lines", "trains"),
    [
        ({}, True),
        ({"target": ""}, False),
        ({"prediction": "p"}, False),
        ({"prediction": "p", "responses": "[retrain_model]"}, True),
        ({"prediction": "p", "pipeline": "my_pipeline"}, True),
        ({"retrain": "{webhook: 'https://example.com/train'}"}, False),
    ],
)
def test_a_model_has_a_pipeline_only_if_something_here_trains_it(load, model, lines, trains) -> None:
    assert (load(model(**lines)).models["loans"].pipeline is not None) == trains


def test_paths_start_at_the_config_file(load, model, tmp_path: Path) -> None:
    loaded = load(model(labels="{path: labels.csv, key: id}", reference="{path: /data/r.csv}"))
    loans = loaded.models["loans"]
    assert (loans.reference.path, loans.labels.path) == ("/data/r.csv", str(tmp_path / "labels.csv"))
    assert loans.production.path == str(tmp_path / "loans" / "*.parquet")
    assert loaded.path == tmp_path / "c.yaml"
    assert loaded.state == tmp_path / "state"
    assert loaded.store_url == f"sqlite:///{tmp_path}/state/duetmind.db"
    assert loans.folder == tmp_path / "state" / "models" / "loans"


@pytest.mark.parametrize(
    ("text", "state", "url"),
    [
        ("store: {url: 'sqlite:////var/db/d.db'}", Path("/var/db"), "sqlite:////var/db/d.db"),
        ("store: {url: 'sqlite:////var/db/d.db'}\nstate: mine", Path("mine"), "sqlite:////var/db/d.db"),
        ("state: /srv/state", Path("/srv/state"), "sqlite:///{here}/state/duetmind.db"),
    ],
)
def test_the_state_folder_is_named_or_the_databases(load, tmp_path: Path, text: str, state: Path, url: str) -> None:
    loaded = load(text)
    assert (loaded.state, loaded.store_url) == (tmp_path / state, url.format(here=tmp_path))


def test_the_configs_own_pipelines_come_before_the_shipped_ones(load, model) -> None:
    own = "pipelines: {my_pipeline: {model: {algorithm: svm}}}"
    assert load(model(pipeline="my_pipeline", at_end=own)).models["loans"].pipeline.model.algorithm == "svm"


def test_an_inline_pipeline_is_taken_as_it_is(load, model) -> None:
    loans = load(model(pipeline="{model: {algorithm: svm, ensemble_method: voting}}")).models["loans"]
    assert (loans.pipeline.model.algorithm, loans.pipeline.model.ensemble_method) == ("svm", "voting")


@pytest.mark.parametrize("name", shipped_names())
def test_every_shipped_pipeline_loads_and_bears_its_name(name: str) -> None:
    assert find_pipeline(name, Config(), Path("/nowhere")).name == name


def test_the_guides_pipeline_yaml_loads_as_a_file(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        'name: "advanced_pipeline"\ndescription: "Advanced classification pipeline"\n'
        'preprocessing:\n  numerical_scaler: "robust"\n  categorical_encoding: "onehot"\n'
        '  missing_value_strategy: "median"\n  feature_selection: "selectkbest"\n'
        'model:\n  algorithm: "xgboost"\n  hyperparameters:\n    n_estimators: 200\n    max_depth: 6\n'
        '  ensemble_method: "voting"\nevaluation:\n  metrics: ["accuracy", "roc_auc", "f1"]\n'
    )
    assert load_pipeline(path) == find_pipeline("advanced_pipeline", Config(), tmp_path)


def test_a_thousand_models_load_with_every_name(load) -> None:
    one = "  m{}: {{task: binary, target: y, reference: {{path: a}}, production: {{path: b}}, pipeline: my_pipeline}}"
    loaded = load("models:\n" + "\n".join(one.format(number) for number in range(1000)))
    assert len(loaded.models) == 1000
