"""`duetmind init`, `config check` and `config schema`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from duetmind_adaptive.settings.schema import config_schema


def test_init_writes_a_config_that_checks_clean(duetmind, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "loans"
    outcome = duetmind("init", folder)
    assert outcome.status == 0
    assert outcome.out.endswith(f"Start it: duetmind run --config {folder}/duetmind.yaml\n")
    checked = duetmind("config", "check", folder / "duetmind.yaml")
    assert (checked.status, checked.out) == (0, f"{folder}/duetmind.yaml: valid, 1 model\n")


def test_init_prints_its_files_as_json(duetmind, tmp_path: Path) -> None:
    assert [Path(path).name for path in duetmind("init", tmp_path, "--json").json["files"]] == [
        "duetmind.yaml",
        "reference.csv",
        "production.csv",
    ]


@pytest.mark.parametrize("taken", ["duetmind.yaml", "reference.csv", "production.csv"])
def test_init_overwrites_nothing(fails, tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("mine")
    assert fails("init", tmp_path) == f"{tmp_path / taken} exists already and is not overwritten; choose another folder"
    assert [path.name for path in tmp_path.iterdir()] == [taken]


def test_init_into_a_file_is_refused(fails, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert fails("init", tmp_path / "file" / "x").startswith(f"{tmp_path / 'file' / 'x'}: cannot be written: ")


def test_check_lists_every_mistake_and_fails_with_the_first(duetmind, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("http: {port: x}\nmodells: {}\n")
    outcome = duetmind("config", "check", path)
    assert outcome.status == 2
    assert [line.partition(": ")[0] for line in outcome.out.splitlines()] == [f"{path}:1", f"{path}:2"]
    assert outcome.err == f"duetmind: {path}:1: http.port: found 'x', allowed: a whole number (+1 more)\n"


def test_check_prints_mistakes_as_json(duetmind, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("http: {port: x}\n")
    document = duetmind("config", "check", path, "--json").json
    assert document["valid"] is False
    assert document["errors"] == [f"{path}:1: http.port: found 'x', allowed: a whole number"]


def test_check_warns_of_secrets_that_are_not_there(duetmind, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "models: {}\nhttp: {token: {env: NO_SUCH_TOKEN}}\n"
        "alerts: {channels: {ops: {type: webhook, url: x, secret: {file: none}}}}\n"
    )
    outcome = duetmind("config", "check", path, "--json")
    assert outcome.status == 0
    _, secret, token = outcome.json["warnings"]
    assert secret.startswith(f"c.yaml: alerts.channels.ops.secret: the secret file {tmp_path}/none cannot be read: No")
    assert token == "c.yaml: http.token: the environment variable NO_SUCH_TOKEN is not set"


def test_check_takes_the_environment_into_account(fails, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("http: {port: 1}\n")
    monkeypatch.setenv("DUETMIND__HTTP__PORT", "x")
    assert fails("config", "check", path).startswith("environment variable DUETMIND__HTTP__PORT: http.port: found 'x'")


def test_schema_prints_the_schema(duetmind) -> None:
    outcome = duetmind("config", "schema")
    assert (outcome.status, json.loads(outcome.out)) == (0, config_schema())
