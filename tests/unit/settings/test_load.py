"""A wrong key or value names file, line, key, what was found and what is allowed."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from duetmind_adaptive.settings.load import load_config

Problems = Callable[..., tuple[str, ...]]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("task", "binry", "found 'binry', allowed: binary, multiclass, regression; did you mean binary?"),
        ("task", "3", "found 3, allowed: binary, multiclass, regression"),
        ("target", "1", "found 1, allowed: text (in quotes, if it looks like a number, a date or yes and no)"),
        ("target", "[a]", "found a list, allowed: text (in quotes, if it looks like a number, a date or yes and no)"),
        ("features", "age", "found 'age', allowed: a list"),
        ("drift_threshold", "1.5", "found 1.5, allowed: less than 1"),
        ("drift_threshold", "0", "found 0, allowed: more than 0"),
        ("drift_threshold", "little", "found 'little', allowed: a number"),
        ("false_alarms", "often", "found 'often', allowed: a rate such as 1 per 30d"),
        ("false_alarms", "0 per 1d", "found '0 per 1d', allowed: a rate such as 1 per 30d"),
        ("labels", "24h", "found '24h', allowed: a mapping"),
        ("labels", "{path: x}", "path and key go together"),
        ("schedule", "{}", "give exactly one of every and cron"),
        ("schedule", "{every: 1h, cron: '* * * * *'}", "give exactly one of every and cron"),
    ],
)
def test_a_wrong_value_is_one_line(problems: Problems, model, key: str, value: str, said: str) -> None:
    text = model(**{key: value})
    line = text.splitlines().index(f"    {key}: {value}") + 1
    assert problems(text) == (f"c.yaml:{line}: models.loans.{key}: {said}",)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("labels", "{delay: soon}", "labels.delay: found 'soon', allowed: a duration such as 90s"),
        ("schedule", "{every: 0s}", "schedule.every: found '0s', allowed: a duration of 1s or more"),
        ("reference", "{path: a, rows: [0]}", "reference.rows[1]: missing, allowed: two values, as in [0, 1000]"),
        ("reference", "{path: a, rows: [0, 1, 2]}", "reference.rows: found a list, allowed: two values"),
        ("reference", "{path: a, rows: [-1, 5]}", "reference.rows[0]: found -1, allowed: 0 or more"),
        ("reference", "{path: a, from: soon}", "reference.from: found 'soon', allowed: a time such as 2026-01-31"),
        ("reference", "{rows: [0, 5]}", "reference.path: missing; give file, glob or folder of Parquet or CSV files"),
        ("production", "{path: a, window: {}}", "production.window: give exactly one of rows and every"),
        ("production", "{path: a, window: {rows: 0}}", "production.window.rows: found 0, allowed: 1 or more"),
        ("production", "{path: a, windw: 1}", "production.windw: unknown key; did you mean window?; allowed here: "),
        ("pipeline", "{model: {algorithm: xgbost}}", "pipeline.model.algorithm: found 'xgbost', allowed: random_for"),
        ("pipeline", "{modle: {}}", "pipeline.modle: unknown key; did you mean model?; allowed here: name, descript"),
        ("pipeline", "3", "pipeline: found 3, allowed: a name, a file or a mapping"),
    ],
)
def test_a_wrong_value_deeper_down_is_one_line(problems: Problems, model, key: str, value: str, said: str) -> None:
    (line,) = problems(model(**{key: value}))
    assert f": models.loans.{said}" in line


def test_an_unknown_section_lists_the_known_ones(problems: Problems) -> None:
    (line,) = problems("modells: {}")
    assert line.startswith("c.yaml:1: modells: unknown key; did you mean models?; allowed here: store, state, http")


def test_a_missing_key_says_what_it_is_for(problems: Problems, model) -> None:
    (line,) = problems(model(task=""))
    assert line.startswith("c.yaml:2: models.loans.task: missing; give what kind of answer the model gives: binary, m")


def test_every_problem_is_listed_in_the_order_of_lines(problems: Problems, model) -> None:
    lines = problems("http: {port: 99999}\n" + model(task="x", metric="y", at_end="zzz: 1\n"))
    assert [line.split(":")[1] for line in lines] == ["1", "8", "9", "10"]


def test_a_secret_in_place_of_its_reference_is_not_shown(problems: Problems) -> None:
    lines = problems("http: {host: 0.0.0.0, token: hunter2}")
    assert lines == ("c.yaml:1: http.token: found a value that is not shown, allowed: a mapping",)


def test_hostile_names_are_shown_inert(problems: Problems, model) -> None:
    (line,) = problems(model(task='"bin\\nary\\e[31m"'))
    assert r"found 'bin\nary\x1b[31m'" in line


def test_the_guides_config_loads_as_written(load, tmp_path: Path) -> None:
    loaded = load_config(Path(__file__).parents[3] / "config" / "system_config.yaml", {})
    assert loaded.config.drift_monitoring.drift_threshold == 0.15
    assert loaded.config.pipeline_defaults.model.hyperparameters == {"n_estimators": 100, "random_state": 42}
    assert list(loaded.channels) == ["log"]
    email, models = loaded.warnings
    assert "email is off until alerts.channels.email says host, sender, recipients" in email
    assert "no model is configured" in models


def test_the_contracts_example_loads_as_written(load) -> None:
    loaded = load("""
        store: {url: "sqlite:///state/duetmind.db"}
        http: {host: 127.0.0.1, port: 8420}
        models:
          loans:
            task: binary
            target: target
            timestamp: timestamp
            features: [a, b]
            exclude: [site]
            prediction: prediction
            score: prediction_proba
            metric: accuracy
            reference: {path: loans.parquet, rows: [0, 50000]}
            production: {path: "loans/*.parquet", rows: [50000, null], window: {rows: 1000}}
            labels: {delay: 24h}
            schedule: {every: 1h}
            pipeline: advanced_pipeline
            false_alarms: 1 per 30d
            responses: [retrain_model]
        alerts:
          channels:
            log: {type: log}
            ops: {type: webhook, url: "https://…", secret: {env: OPS_SECRET}}
          routes: [{match: {severity: [high, critical]}, channels: [ops]}]
        responses: {retrain_model: {max_auto_retrains_per_day: 3}}
    """)
    loans = loaded.models["loans"]
    assert loans.pipeline is not None
    assert loans.pipeline.model.algorithm == "xgboost"
    assert loans.production.rows == (50000, None)


def test_times_without_an_offset_are_utc(load, model) -> None:
    loans = load(model(reference="{path: a, from: 2026-01-01, to: 2026-01-02T12:00:00+02:00}")).models["loans"]
    assert loans.reference.from_ == datetime(2026, 1, 1, tzinfo=UTC)
    assert loans.reference.to == datetime(2026, 1, 2, 10, tzinfo=UTC)
