"""Which daemon a command means, and with which token."""

from __future__ import annotations

from pathlib import Path

import pytest

from duetmind_adaptive.cli.connect import DEFAULT_URL, find_daemon
from duetmind_adaptive.errors import ConfigError


def written(folder: Path, text: str) -> Path:
    path = folder / "c.yaml"
    path.write_text(text)
    return path


def test_the_default_is_the_contracts_address() -> None:
    daemon = find_daemon(None, None, None, {})
    assert (daemon.url, daemon.token) == (DEFAULT_URL, None)


def test_options_win_over_the_environment(tmp_path: Path) -> None:
    config = written(tmp_path, "http: {port: 7}")
    environ = {"DUETMIND_URL": "http://env:1/", "DUETMIND_CONFIG": str(config), "DUETMIND_TOKEN": "env"}
    assert find_daemon("http://opt:2", config, "opt", environ).url == "http://opt:2"
    assert find_daemon("http://opt:2", config, "opt", environ).token == "opt"
    assert find_daemon(None, config, None, environ).url == "http://127.0.0.1:7"
    assert find_daemon(None, None, None, environ).url == "http://env:1"
    assert find_daemon(None, None, None, environ).token == "env"
    del environ["DUETMIND_URL"]
    assert find_daemon(None, None, None, environ).url == "http://127.0.0.1:7"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:8420"),
        ("'::'", "http://[::1]:8420"),
        ("'::1'", "http://[::1]:8420"),
        ("10.0.0.7", "http://10.0.0.7:8420"),
    ],
)
def test_a_daemon_that_listens_everywhere_is_met_on_loopback(tmp_path: Path, host: str, url: str) -> None:
    config = written(tmp_path, f"http: {{host: {host}, token: {{env: T}}}}")
    daemon = find_daemon(None, config, None, {"T": "secret"})
    assert (daemon.url, daemon.token) == (url, "secret")


def test_a_token_that_cannot_be_read_is_not_missed_before_it_is_needed(tmp_path: Path) -> None:
    daemon = find_daemon(None, written(tmp_path, "http: {token: {env: T}}"), None, {})
    assert (daemon.token, daemon.no_token) == (None, "the environment variable T is not set")


def test_a_chosen_port_must_be_named(tmp_path: Path) -> None:
    config = written(tmp_path, "http: {port: 0}")
    with pytest.raises(ConfigError, match=r"http\.port is 0, so the daemon chose its port itself; name it with --url"):
        find_daemon(None, config, None, {})
    assert find_daemon("http://127.0.0.1:9", config, None, {}).url == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    "url",
    [
        "localhost",
        "ftp://x",
        "http://",
        "http://x:port",
        "http://x:99999",
        "file:///etc",
        "http://x y",
        "http://ä.example",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="is no address of a daemon; write it as"):
        find_daemon(url, None, None, {})


@pytest.mark.parametrize("token", ["two\nlines", "a b", "schlüssel"])
def test_what_cannot_be_a_token_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(ConfigError, match="the token holds characters that no token has") as caught:
        find_daemon(None, None, token, {})
    assert token not in str(caught.value)
