"""Secrets stay out of the config: it names an environment variable or a file, and only here they are read.

No message of this module contains a secret: it names the key, the variable or the file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr

from duetmind_adaptive.errors import ConfigError

_SECRET_KEY = re.compile(r"(?:.*[_-])?(?:secrets?|password|passwd|token|webhook_url|api_key)", re.IGNORECASE)
_HOW = "give {env: NAME} or {file: PATH}, so that the secret itself stays out of the file"


def is_secret_key(key: str | int) -> bool:
    """Whether a setting of this name holds a secret.

    >>> [is_secret_key(key) for key in ("secret", "bot_token", "webhook_url", "url", "tokens_per_day")]
    [True, True, True, False, False]
    """
    return isinstance(key, str) and _SECRET_KEY.fullmatch(key) is not None


def is_reference(value: object) -> bool:
    """Whether a value is `{env: NAME}` or `{file: PATH}`.

    >>> is_reference({"env": "OPS_SECRET"}), is_reference({"env": "A", "file": "b"}), is_reference("literal")
    (True, False, False)
    """
    if not isinstance(value, dict):
        return False
    items = list(cast("dict[object, object]", value).items())
    return len(items) == 1 and items[0][0] in ("env", "file") and isinstance(items[0][1], str)


def literal_secrets(
    options: object, path: tuple[str | int, ...] = (), *, also: Collection[str] = ()
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every key that should name a secret but holds something else, with the sentence that says so.

    Keys that hold one by their name count, and those in `also`.

    >>> [found for found, _ in literal_secrets({"url": "https://…", "secret": "hunter2"})]
    [('secret',)]
    """
    if is_reference(options) or options is None:
        return
    if isinstance(options, dict):
        for key, value in cast("dict[str, object]", options).items():
            yield from literal_secrets(value, (*path, key), also=also)
    elif isinstance(options, list):
        for index, value in enumerate(cast("list[object]", options)):
            yield from literal_secrets(value, (*path, index), also=also)
    elif any(is_secret_key(key) or key in also for key in path):
        yield path, f"holds the secret itself; {_HOW}"


def resolve_secrets(options: Mapping[str, Any], environ: Mapping[str, str], base: Path) -> dict[str, Any]:
    """A channel's options with every `{env: NAME}` and `{file: PATH}`, at any depth, read as a `SecretStr`.

    Parameters
    ----------
    options
        As the config has them.
    environ
        The environment.
    base
        Folder of the config file; relative paths start there.

    Raises
    ------
    ConfigError
        Naming the key, if a variable is not set, a file cannot be read, or a secret stands in the config itself.
    """
    for path, sentence in literal_secrets(dict(options)):
        raise ConfigError(f"{'.'.join(map(str, path))}: {sentence}")
    return {key: _resolve(value, environ, base, key) for key, value in options.items()}


def located_secrets(options: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """The same options with every `{file: PATH}` absolute, for a process that does not know where the config lies.

    >>> located_secrets({"password": {"file": "pw"}, "table": "loans"}, Path("/etc"))
    {'password': {'file': '/etc/pw'}, 'table': 'loans'}
    """
    return {key: _located(value, base) for key, value in options.items()}


def _located(value: object, base: Path) -> object:
    if is_reference(value):
        reference = cast("dict[str, str]", value)
        return {"file": str(base / reference["file"])} if "file" in reference else reference
    if isinstance(value, dict):
        return located_secrets(cast("dict[str, Any]", value), base)
    return [_located(each, base) for each in cast("list[object]", value)] if isinstance(value, list) else value


def read_secret(reference: Mapping[str, Any], environ: Mapping[str, str], base: Path) -> SecretStr:
    """The secret that `{env: NAME}` or `{file: PATH}` names; white space around it is not part of it.

    Raises
    ------
    ConfigError
        Naming the variable or the file, never what is in it.
    """
    name = reference.get("env")
    if isinstance(name, str):
        value = environ.get(name, "").strip()
        if not value:
            raise ConfigError(f"the environment variable {name} is not set")
        return SecretStr(value)
    path = base / str(reference["file"])
    try:
        value = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "not UTF-8 text"
        raise ConfigError(f"the secret file {path} cannot be read: {reason}") from None
    if not value:
        raise ConfigError(f"the secret file {path} is empty")
    return SecretStr(value)


def _resolve(value: object, environ: Mapping[str, str], base: Path, key: str) -> object:
    if is_reference(value):
        try:
            return read_secret(cast("dict[str, Any]", value), environ, base)
        except ConfigError as error:
            raise ConfigError(f"{key}: {error}") from None
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return {inner: _resolve(item, environ, base, f"{key}.{inner}") for inner, item in items}
    if isinstance(value, list):
        return [_resolve(item, environ, base, f"{key}[{n}]") for n, item in enumerate(cast("list[object]", value))]
    return value
