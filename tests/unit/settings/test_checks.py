"""The parts of a configuration fit each other, or one line says which do not."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Problems = Callable[..., tuple[str, ...]]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ({"prediction": "target"}, "prediction: is the same column as target, 'target'"),
        ({"features": "[age, target]"}, "features[1]: the column 'target' is also in target; name it once"),
        ({"features": "[age, site]", "exclude": "[site]"}, "features[1]: the column 'site' is also in exclude"),
        ({"features": "[age, age]"}, "features: names the column 'age' 2 times"),
        ({"features": "[]"}, "features: names no column; leave it out to use every column"),
        (
            {"columns": "{target: {kind: boolean}}"},
            "columns.target: is the column of target, and only inputs are compar",
        ),
        (
            {"columns": "{site: {kind: text}}", "exclude": "[site]"},
            "columns.site: is the column of exclude, and only i",
        ),
        (
            {"columns": "{agge: {kind: text}}", "features": "[age]"},
            "columns.agge: found 'agge', allowed: age; did you ",
        ),
        (
            {"columns": "{zip: {kind: categorical, tests: [chi2, ks]}}"},
            "columns.zip.tests[1]: found 'ks', allowed: chi2, chi2_grouped, g, fisher, psi, jensen_shannon",
        ),
        (
            {"columns": "{due: {kind: datetime, tests: [fisher]}}"},
            "columns.due.tests[0]: found 'fisher', allowed: ks, cramer_von_mises, anderson_darling, chi2, g, psi",
        ),
        ({"metric": "r2"}, "metric: found 'r2', allowed: accuracy, balanced_accuracy, f1, roc_auc, log_loss (task is"),
        ({"task": "regression", "metric": "f1"}, "metric: found 'f1', allowed: r2, mae, rmse (task is regression)"),
        ({"metric": "roc_auc", "prediction": "p"}, "metric: roc_auc is computed from scores: name their column in"),
        ({"reference": "{path: a, rows: [5, 5]}"}, "reference.rows: [5, 5] holds no row; the first must be less"),
        ({"production": "{path: a, rows: [9, 5]}"}, "production.rows: [9, 5] holds no row"),
        (
            {"reference": "{path: a, from: 2026-01-02, to: 2026-01-01}"},
            "reference.to: 2026-01-01T00:00:00+00:00 is not",
        ),
        ({"reference": "{path: a, rows: [0, 5], to: 2026-01-01}"}, "reference.rows: give rows, or from and to, not"),
        ({"reference": "{path: a, to: 2026-01-01}", "timestamp": ""}, "reference: from and to need the model's timest"),
        ({"reference": "{path: ' '}"}, "reference.path: found ' ', allowed: a file, glob or folder"),
        ({"production": "{path: a, window: {every: 1d}}", "timestamp": ""}, "production.window.every: windows by time"),
        ({"labels": "{delay: 24h}", "timestamp": ""}, "labels.delay: a delay is counted from the timestamp column"),
        ({"labels": "{path: a, key: id}", "target": ""}, "labels.path: labels need the name of their column; set targ"),
        ({"schedule": "{cron: '* * *'}"}, "schedule.cron: found '* * *', allowed: minute hour day month weekday, as i"),
        ({"schedule": "{cron: '61 * * * *'}"}, "schedule.cron: found '61 * * * *', allowed: minute hour day month"),
        ({"schedule": "{cron: '0 0 31 2 *'}"}, "schedule.cron: found '0 0 31 2 *', allowed: minute hour day month"),
        ({"schedule": "{cron: '@hourly'}"}, "schedule.cron: found '@hourly', allowed: minute hour day month weekday"),
        ({"schedule": "{every: 400d}"}, "schedule.every: found '400d', allowed: 1s to 366d"),
        ({"schedule": "{every: 1m, jitter: 2m}"}, "schedule.jitter: must be less than every, 1m"),
        ({"schedule": "{every: 1h, timezone: Europe/Berln}"}, "schedule.timezone: found 'Europe/Berln', allowed: an I"),
        ({"schedule": "{every: 1h, timezone: ../etc/passwd}"}, "schedule.timezone: found '../etc/passwd', allowed: an"),
        (
            {"schedule": "{every: 1h, timezone: Europe}"},
            "schedule.timezone: found 'Europe', allowed: an IANA time zone",
        ),
        (
            {"responses": "[retrain_modell]"},
            "responses[0]: found 'retrain_modell', allowed: retrain_model, rollback, p",
        ),
        ({"responses": "[retrain_model]", "target": ""}, "responses[0]: retrain_model needs the truth to learn from"),
        ({"pipeline": "my_pipeline", "target": ""}, "pipeline: a pipeline needs the truth to learn from; set target"),
        (
            {"pipeline": "my_pipelin"},
            "pipeline: found 'my_pipelin', allowed: advanced_pipeline, medical_classification",
        ),
        ({"pipeline": "none.yaml"}, "none.yaml: there is no such file"),
        ({"pipeline": "my_pipeline", "automl": "{}"}, "automl: give only one of pipeline and automl"),
        ({"target": "", "automl": "{}"}, "automl: a search needs the truth to learn from; set target"),
    ],
)
def test_a_model_that_cannot_work_is_refused(problems: Problems, model, lines: dict[str, str], said: str) -> None:
    (line,) = problems(model(**lines))
    assert f": models.loans.{said}" in line or line.endswith("'duetmind init DIR' writes one to start from")


@pytest.mark.parametrize("name", ["..", "a/b", ".hidden", "-x", "a b", "ä", "a" * 101, '"a\\nb"', '""'])
def test_a_models_name_can_be_a_folder_and_nothing_else(problems: Problems, model, name: str) -> None:
    (line,) = problems(model().replace("loans:", f"{name}:", 1))
    assert "a model's name becomes a folder: use letters, digits, '.', '_' and '-'" in line


@pytest.mark.parametrize("name", ["a", "loans-v2.1_x", "7days", "a" * 100])
def test_ordinary_names_are_fine(load, model, name: str) -> None:
    assert list(load(model().replace("loans:", f"{name}:", 1)).models) == [name]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("store: {url: postgresql://h/db}", "store.url: PostgreSQL comes with a later release; use sqlite:///PATH"),
        ("store: {url: postgresql+asyncpg://u:hunter2@h/db}", "store.url: PostgreSQL comes with a later release"),
        ("store: {url: mysql://u:hunter2@h/db}", "store.url: found 'mysql:…', allowed: sqlite:///PATH"),
        ("store: {url: state.db}", "store.url: found 'state.db', allowed: sqlite:///PATH"),
        ('store: {url: "sqlite:///:memory:"}', "store.url: found 'sqlite:///:memory:', allowed: sqlite:///PATH"),
        ('store: {url: "sqlite://"}', "store.url: found 'sqlite://', allowed: sqlite:///PATH"),
        ("http: {host: 0.0.0.0}", "http.host: '0.0.0.0' is reachable from other machines; set http.token, or listen"),
        ("http: {host: '::'}", "http.host: '::' is reachable from other machines"),
        ("http: {token: {}}", "http.token: give exactly one of env and file"),
        ("http: {token: {env: A, file: b}}", "http.token: give exactly one of env and file"),
        ("clock: {anchor: 2026-01-01}", "clock.anchor: needs clock.start, the time it stands for"),
        ("clock: {speed: 0}", "clock.speed: found 0, allowed: more than 0"),
        ("alerts: {channels: {ops: {url: x}}}", "alerts.channels.ops.type: missing; give log, email, slack, webhook"),
        ("alerts: {channels: {ops: {type: slak}}}", "alerts.channels.ops.type: found 'slak', allowed: log, email, sl"),
        (
            "alerts: {channels: {ops: {type: webhook, url: x, secret: hunter2}}}",
            "alerts.channels.ops.secret: holds the secret itself; give {env: NAME} or {file: PATH}",
        ),
        (
            "alerts: {channels: {ops: {type: webhook, url: x, secret: [{env: A}, hunter2]}}}",
            "alerts.channels.ops.secret[1]: holds the secret itself",
        ),
        (
            "alerts: {channels: {ops: {type: slack, webhook_url: https://hooks/hunter2}}}",
            "alerts.channels.ops.webhook_url: holds the secret itself",
        ),
        (
            "alerts: {channels: {ops: {type: apprise, url: json://hunter2}}}",
            "alerts.channels.ops.url: holds the secret itself; give {env: NAME} or {file: PATH}",
        ),
        ("alerts: {routes: [{channels: [opps]}]}", "alerts.routes[0].channels[0]: found 'opps', allowed: log"),
        ("alerts: {routes: [{channels: []}]}", "alerts.routes[0].channels: names no channel; give at least one"),
        ("alerts: {routes: [{channels: [log], match: {model: [x]}}]}", "match.model[0]: found 'x', allowed: none"),
        ("alerts: {routes: [{channels: [log], match: {severity: [hihg]}}]}", "severity[0]: found 'hihg', allowed: lo"),
        ("drift_monitoring: {alert_channels: [emial]}", "alert_channels[0]: found 'emial', allowed: log, email, slack"),
        (
            "drift_monitoring: {monitoring_interval: 0}",
            "monitoring_interval: found 0, allowed: a duration of 1s or more",
        ),
    ],
)
def test_a_daemon_that_cannot_work_is_refused(problems: Problems, text: str, said: str) -> None:
    (line,) = problems(text)
    assert line.startswith("c.yaml:1: ")
    assert said in line
    assert "hunter2" not in line


def test_a_near_miss_is_guessed(problems: Problems, model) -> None:
    (line,) = problems(model(schedule="{every: 1h, timezone: europe/berlin}"))
    assert line.endswith("; did you mean Europe/Berlin?")


@pytest.mark.parametrize(
    ("lines", "said"),
    [],
)
def test_what_comes_later_is_a_warning(load, model, lines: dict[str, str], said: str) -> None:
    (warning,) = load(model(**lines)).warnings
    assert warning.startswith("c.yaml:8: models.loans.")
    assert said in warning


def test_an_email_channel_without_settings_leaves_the_others_on(load, model) -> None:
    loaded = load(model(at_end="drift_monitoring: {alert_channels: [log, email]}"))
    assert list(loaded.channels) == ["log"]
    assert "email is off until alerts.channels.email says host, sender, recipients" in loaded.warnings[0]


def test_apprise_that_is_not_installed_leaves_the_others_on_and_names_its_extra(load, model, monkeypatch) -> None:
    text = model(at_end="alerts: {channels: {pager: {type: apprise, url: {env: PAGER_URL}}}}")
    assert load(text).warnings == ()
    monkeypatch.setitem(sys.modules, "apprise", None)
    (warning,) = load(text).warnings
    assert warning.endswith(
        "alerts.channels.pager.type: Apprise is not installed: pip install 'duetmind-adaptive[apprise]'; "
        "this channel is off until then, the others are not affected"
    )


def test_channels_are_those_configured_and_the_default_ones(load, model) -> None:
    text = model(at_end="alerts: {channels: {ops: {type: webhook, url: x, secret: {env: A}}}}")
    assert sorted(load(text).channels) == ["log", "ops"]
    assert sorted(load(text + "drift_monitoring: {alert_channels: []}").channels) == ["ops"]


def test_a_pipeline_file_is_read_beside_the_config_and_its_mistakes_name_it(load, problems: Problems, model) -> None:
    Path("mine.yaml").write_text("model: {algorithm: svm}\n")
    loaded = load(model(pipeline="mine.yaml"))
    assert loaded.models["loans"].pipeline.model.algorithm == "svm"
    Path("mine.yaml").write_text("model:\n  algorithm: svn\n")
    (line,) = problems(model(pipeline="mine.yaml"))
    assert line.startswith("c.yaml:8: models.loans.pipeline: ")
    assert "mine.yaml:2: model.algorithm: found 'svn'" in line
