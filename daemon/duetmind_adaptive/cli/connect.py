"""Finds the daemon that a command means: by its address, or by the config that it runs with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from duetmind_adaptive.cli.client import Client
from duetmind_adaptive.errors import ConfigError

if TYPE_CHECKING:
    from duetmind_adaptive.settings.model import Loaded

DEFAULT_URL = "http://127.0.0.1:8420"
#: what may stand in an address and in a token: printable ASCII; a message about another token must not show it
_VISIBLE = re.compile(r"[!-~]+")
#: in the state folder: the token the daemon made for itself
TOKEN_FILE = "http-token"  # noqa: S105  # the file's name, not a token


def find_daemon(url: str | None, config: Path | None, token: str | None, environ: Mapping[str, str]) -> Client:
    """The daemon to talk to; what is given on the command line wins over the environment.

    Parameters
    ----------
    url, config, token
        The options of the command.
    environ
        The environment: DUETMIND_URL, DUETMIND_CONFIG, DUETMIND_TOKEN and the overrides of settings.

    Raises
    ------
    ConfigError
        If the address is none, the token cannot be one, or the config cannot be used.
    """
    url, config = _chosen(url, config, environ)
    loaded = _load(config, environ) if config is not None else None
    address = url or (_address(loaded) if loaded is not None else DEFAULT_URL)
    _refuse_bad_url(address)
    token, why = token or environ.get("DUETMIND_TOKEN") or None, ""
    if token is None:
        token, why = _config_token(loaded, environ)
    if token is not None and not _VISIBLE.fullmatch(token):
        raise ConfigError("the token holds characters that no token has, such as spaces or line ends")
    return Client(address.rstrip("/"), token, why)


def _chosen(url: str | None, config: Path | None, environ: Mapping[str, str]) -> tuple[str | None, Path | None]:
    """A config given by option is not overruled by an address in the environment."""
    if url is None and config is None:
        url = environ.get("DUETMIND_URL") or None
    if config is None and environ.get("DUETMIND_CONFIG"):
        config = Path(environ["DUETMIND_CONFIG"])
    return url, config


def _load(config: Path, environ: Mapping[str, str]) -> Loaded:
    from duetmind_adaptive.settings.load import load_config

    return load_config(config, environ)


def _address(loaded: Loaded) -> str:
    """Where a daemon with this config listens; one that listens everywhere is met on loopback."""
    http = loaded.config.http
    if http.port == 0:
        raise ConfigError(f"{loaded.path}: http.port is 0, so the daemon chose its port itself; name it with --url")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(http.host, http.host)  # noqa: S104  # compared, not bound
    return f"http://[{host}]:{http.port}" if ":" in host else f"http://{host}:{http.port}"


def _config_token(loaded: Loaded | None, environ: Mapping[str, str]) -> tuple[str | None, str]:
    """The token of the config or of its state folder, or None and why there is none."""
    if loaded is None:
        return None, "none was given"
    from duetmind_adaptive.settings.secrets import read_secret

    reference = loaded.config.http.token
    wanted = {"file": str(loaded.state / TOKEN_FILE)} if reference is None else reference.model_dump(exclude_none=True)
    try:
        return read_secret(wanted, environ, loaded.path.parent).get_secret_value(), ""
    except ConfigError as error:
        return None, str(error)


def _refuse_bad_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = (
            _VISIBLE.fullmatch(url) is not None
            and parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
        )
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f"{url!r} is no address of a daemon; write it as {DEFAULT_URL}")
