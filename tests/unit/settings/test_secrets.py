"""Secrets come from the environment or a file, and no message holds one."""

import logging
from pathlib import Path

import pytest
from pydantic import SecretStr

from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.settings.secrets import read_secret, resolve_secrets


def test_references_are_read_at_any_depth(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-file\n")
    options = {
        "url": "https://example.com",
        "secret": [{"env": "A"}, {"file": "key"}],
        "headers": {"X-Api": {"env": "A"}},
        "port": 25,
    }
    resolved = resolve_secrets(options, {"A": "from-env"}, tmp_path)
    assert resolved["secret"] == [SecretStr("from-env"), SecretStr("from-file")]
    assert resolved["headers"]["X-Api"].get_secret_value() == "from-env"
    assert (resolved["url"], resolved["port"]) == ("https://example.com", 25)
    assert "from-" not in repr(resolved)


def test_an_absolute_file_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("x")
    assert read_secret({"file": str(tmp_path / "key")}, {}, Path("/nowhere")) == SecretStr("x")


@pytest.mark.parametrize(
    "options",
    [
        {"secret": "hunter2"},
        {"password": "hunter2"},
        {"webhook_url": "https://hooks.example.com/hunter2"},
        {"bot_token": "hunter2"},
        {"signing_secret": "hunter2"},
        {"secret": [{"env": "A"}, "hunter2"]},
        {"auth": {"password": "hunter2"}},
        {"password": 12345},
        {"secret": {"value": "hunter2"}},
        {"token": {"env": "A", "file": "hunter2"}},
    ],
)
def test_a_secret_in_the_config_is_refused_and_not_shown(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="holds the secret itself; give") as caught:
        resolve_secrets(options, {"A": "a"}, Path())
    assert "hunter2" not in str(caught.value)
    assert "12345" not in str(caught.value)


@pytest.mark.parametrize("environ", [{}, {"OPS": ""}, {"OPS": "  "}])
def test_a_variable_that_is_not_set_is_named(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"^secret: the environment variable OPS is not set$"):
        resolve_secrets({"secret": {"env": "OPS"}}, environ, Path())


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "cannot be read: No such file"), (b"\xff\xfe", "cannot be read: not UTF-8 text"), (b" \n", "is empty")],
)
def test_a_file_that_holds_no_secret_is_named(tmp_path: Path, content: bytes | None, reason: str) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    with pytest.raises(ConfigError, match=reason) as caught:
        resolve_secrets({"secret": {"file": "key"}}, {}, tmp_path)
    assert str(tmp_path / "key") in str(caught.value)


def test_loading_logs_nothing(load, model, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        load(model(at_end="alerts: {channels: {ops: {type: webhook, url: x, secret: {env: OPS}}}}"), {"OPS": "canary"})
    assert caplog.records == []
