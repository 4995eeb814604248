"""Who may: a bearer token for whatever changes something, and for every read beyond loopback.

The token is the operator's own or made once and kept in the state folder, readable by its owner only. The
server keeps and compares no more than its hash. On loopback the Host header must be a loopback name, so
that a web page that rebinds its own name to 127.0.0.1 cannot read the daemon through a browser.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import secrets
import stat
from pathlib import Path

from aiohttp import web
from pydantic import SecretStr

from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.redaction import register_secret
from duetmind_adaptive.service.http.problems import problem

TOKEN_NAME = "http-token"  # noqa: S105 - the name of a file
#: shortest token an operator may configure, in characters
SHORTEST_TOKEN = 16
#: what may be asked without a token from anywhere: container and load-balancer probes
PUBLIC = frozenset({"/healthz", "/readyz"})
READING = frozenset({"GET", "HEAD", "OPTIONS"})


def ensure_token(state: Path, configured: SecretStr | None) -> str:
    """The API's token: the configured one, else the state folder's, made there on first use (mode 0600).

    Raises
    ------
    ConfigError
        If the configured token is too short or not ASCII, or the file cannot be made, is empty or readable by others.
    """
    if configured is not None:
        token = configured.get_secret_value()
        if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable():
            raise ConfigError(f"http.token must be at least {SHORTEST_TOKEN} printable ASCII characters")
    else:
        token = _kept_token(state / TOKEN_NAME)
    register_secret(token)
    return token


def _kept_token(path: Path) -> str:
    try:
        if not path.exists():
            _write_private(path, secrets.token_urlsafe(32))
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ConfigError(f"{path} can be read by others; run: chmod 600 {path}")
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the API's token cannot be kept in {path}: {error}") from error
    if len(token) < SHORTEST_TOKEN:
        raise ConfigError(f"{path} holds no token; delete it and a new one is made")
    return token


def _write_private(path: Path, token: str) -> None:
    """Whole or not at all, whatever dies in between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "w", encoding="ascii") as handle:
        handle.write(token + "\n")
        handle.flush()
        os.fsync(handle.fileno())
    draft.rename(path)


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine only.

    Examples
    --------
    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "example.org", "")]
    [True, True, True, False, False, False]
    """
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def host_name(header: str) -> str:
    """The name in a Host header, without port and brackets.

    Examples
    --------
    >>> [host_name(header) for header in ("localhost:8420", "[::1]:8420", "evil.example")]
    ['localhost', '::1', 'evil.example']
    """
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]


class Guard:
    """Decides on each request before its handler runs.

    Parameters
    ----------
    token
        The only accepted bearer token.
    host
        The address the server listens on.
    """

    def __init__(self, token: str, host: str) -> None:
        self._digest = hashlib.sha256(token.encode()).digest()
        self._on_loopback = is_loopback(host)

    def refusal(self, request: web.Request) -> web.Response | None:
        """The problem to answer with, or None when the request may pass."""
        if request.path in PUBLIC and request.method in READING:
            return None
        if self._on_loopback and not is_loopback(host_name(request.headers.get("Host", ""))):
            return problem(421, "This daemon listens on loopback and answers to loopback names only.")
        if (self._on_loopback and request.method in READING) or self._holds_token(request):
            return None
        answer = problem(401, "Give the daemon's token: Authorization: Bearer TOKEN.")
        answer.headers["WWW-Authenticate"] = 'Bearer realm="duetmind"'
        return answer

    def _holds_token(self, request: web.Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        digest = hashlib.sha256(given.strip().encode(errors="surrogateescape")).digest()
        return hmac.compare_digest(digest, self._digest) and scheme.lower() == "bearer"
