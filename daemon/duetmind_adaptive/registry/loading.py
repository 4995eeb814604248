"""`duetmind_adaptive.load_model`: the champion for whoever serves it, from the state folder or a running daemon."""

from __future__ import annotations

import json
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from duetmind_adaptive.errors import ArtifactError
from duetmind_adaptive.registry.artifact import MAX_BYTES, load_artifact, load_sealed, parse_artifact
from duetmind_adaptive.registry.layout import ARTIFACT, DESCRIPTION
from duetmind_adaptive.registry.loaded import LoadedModel

TIMEOUT_SECONDS = 30.0
#: the champion may be switched between asking for its sha256 and for its file
TRIES = 3
MAX_DESCRIPTION_BYTES = 2**20


def load_model(path_or_url: str | Path, *, token: str | None = None, sha256: str | None = None) -> LoadedModel:
    """Verify a model and load it.

    Parameters
    ----------
    path_or_url
        `<state>/models/NAME/champion`, any version's folder or artifact, what `duetmind train` or `automl` saved, or a
        daemon's `http://HOST:PORT/api/v1/models/NAME`.
    token
        Bearer token of the daemon's API, where it asks for one.
    sha256
        What the file's has to be. By default it is the one that was registered beside a version; a file that stands
        alone is held to the seal it ends with, which shows that it is whole and not who made it.

    Returns
    -------
    LoadedModel
        Its `predict`, `predict_proba` and `score` take pandas frames and Arrow tables.

    Raises
    ------
    ArtifactError
        When there is no model there, it cannot be read, or it is not the one that was registered.
    """
    text = str(path_or_url)
    if text.startswith(("http://", "https://")):
        return _from_url(text, token, sha256)
    return _from_path(Path(path_or_url), sha256)


def _from_path(path: Path, sha256: str | None) -> LoadedModel:
    # resolved once, so that a switch of the link in between cannot mix two versions
    real = path.resolve()
    artifact = real / ARTIFACT if real.is_dir() else real
    if sha256 is not None:
        return load_artifact(artifact, sha256)
    # only a version's artifact has this name and a description beside it; every other file stands alone
    if artifact.name == ARTIFACT and ((artifact.parent / DESCRIPTION).exists() or not artifact.is_file()):
        return load_artifact(artifact, _registered_sha256(artifact))
    return load_sealed(artifact)


def _registered_sha256(artifact: Path) -> str:
    beside = artifact.parent / DESCRIPTION
    try:
        return str(json.loads(beside.read_bytes())["sha256"])
    except OSError as error:
        raise ArtifactError(f"{beside}, which holds the artifact's sha256, cannot be read: {error.strerror}") from error
    except (ValueError, LookupError, TypeError) as error:
        raise ArtifactError(f"{beside} is damaged: it does not hold the artifact's sha256") from error


def _from_url(url: str, token: str | None, expected: str | None) -> LoadedModel:
    address = url.rstrip("/").removesuffix("/artifact").removesuffix("/champion") + "/champion"
    failure = ArtifactError(f"{address} holds no model")
    for _ in range(TRIES):
        sha256 = expected or _offered_sha256(address, token)
        content = _get(f"{address}/artifact", token, MAX_BYTES)
        try:
            return parse_artifact(content, sha256, name=f"{address}/artifact")
        except ArtifactError as error:
            failure = error
    raise failure


def _offered_sha256(address: str, token: str | None) -> str:
    try:
        return str(json.loads(_get(address, token, MAX_DESCRIPTION_BYTES))["sha256"])
    except (ValueError, LookupError, TypeError) as error:
        raise ArtifactError(f"{address} does not describe a model; is this the address of a daemon's model?") from error


def _opener() -> OpenerDirector:
    """An opener that follows no redirects: one would carry the token to another address."""
    opener = OpenerDirector()
    for handler in (ProxyHandler, HTTPHandler, HTTPSHandler, HTTPDefaultErrorHandler, HTTPErrorProcessor):
        opener.add_handler(handler())
    return opener


def _get(url: str, token: str | None, limit: int) -> bytes:
    request = Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310 - http or https only, see load_model
    try:
        response: Any = _opener().open(request, timeout=TIMEOUT_SECONDS)
        with response:
            content: bytes = response.read(limit + 1)
    except HTTPError as error:
        hint = "; give the API's token" if error.code in {401, 403} else ""
        raise ArtifactError(f"{_plain(url)} answers {error.code} {error.reason}{hint}") from error
    except (URLError, HTTPException, OSError) as error:
        raise ArtifactError(f"{_plain(url)} cannot be reached: {getattr(error, 'reason', error)}") from error
    if len(content) > limit:
        raise ArtifactError(f"{_plain(url)} answers with more than {limit} bytes")
    return content


def _plain(url: str) -> str:
    """The address without user and password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or ''}".rstrip(":") + parts.path
