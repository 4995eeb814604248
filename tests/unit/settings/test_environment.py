from collections.abc import Callable

import pytest

from duetmind_adaptive.errors import ConfigError


def test_a_variable_overrides_a_key_whatever_its_case(load) -> None:
    loaded = load("http: {port: 1}", {"DUETMIND__HTTP__PORT": "9000", "duetmind__Http__Host": "::1"})
    assert (loaded.config.http.port, loaded.config.http.host) == (9000, "::1")


def test_values_are_yaml_and_what_is_not_is_text(load, model) -> None:
    environ = {
        "DUETMIND__DRIFT_MONITORING__ALERT_CHANNELS": "[log]",
        "DUETMIND__MODELS__LOANS__SCHEDULE__CRON": "*/5 * * * *",
        "DUETMIND__MODELS__LOANS__TARGET": '"1"',
        "DUETMIND__MODELS__LOANS__TIMESTAMP": "null",
    }
    loans = load(model(), environ).models["loans"]
    assert (loans.schedule.cron, loans.target, loans.timestamp) == ("*/5 * * * *", "1", None)


def test_a_models_name_is_found_with_underscores_for_what_variables_cannot_hold(load, model) -> None:
    text = model().replace("loans:", "Big-loans.v2:")
    loaded = load(text, {"DUETMIND__MODELS__BIG_LOANS_V2__TARGET": "truth"})
    assert loaded.models["Big-loans.v2"].target == "truth"


def test_a_wrong_value_names_the_variable(problems: Callable[..., tuple[str, ...]]) -> None:
    assert problems("http: {port: 1}", {"DUETMIND__HTTP__PORT": "many"}) == (
        "environment variable DUETMIND__HTTP__PORT: http.port: found 'many', allowed: a whole number",
    )


def test_an_unknown_key_names_the_variable(problems: Callable[..., tuple[str, ...]]) -> None:
    (line,) = problems("http: {port: 1}", {"DUETMIND__HTTP__PROT": "1"})
    assert line.startswith("environment variable DUETMIND__HTTP__PROT: http.prot: unknown key; did you mean port?")


@pytest.mark.parametrize("name", ["DUETMIND__", "DUETMIND__HTTP__", "DUETMIND____PORT"])
def test_a_variable_that_names_nothing_is_refused(load, name: str) -> None:
    with pytest.raises(ConfigError, match=f"environment variable {name}: names no setting"):
        load("http: {port: 1}", {name: "1"})


def test_a_variable_through_a_value_is_refused(load) -> None:
    with pytest.raises(ConfigError, match=r"DUETMIND__HTTP__PORT__X: http\.port is not a mapping"):
        load("http: {port: 1}", {"DUETMIND__HTTP__PORT__X": "1"})


def test_other_variables_are_no_settings(load) -> None:
    assert load("http: {port: 1}", {"DUETMIND_URL": "x", "DUETMIND_TOKEN": "y", "PATH": "z"}).config.http.port == 1
