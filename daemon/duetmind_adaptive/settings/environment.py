"""Settings from the environment: `DUETMIND__HTTP__PORT=9000` overrides `http.port`.

Levels are separated by two underscores and matched without regard to case; `-` and `.` of a model's name are
written `_`. The value is YAML, so `[log, ops]` is a list, `null` is nothing and `'"1"'` is text; what is not
YAML (`*/5 * * * *`) is taken as text.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, cast

import yaml

from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.settings.document import Document, KeyPath

PREFIX = "DUETMIND__"


def apply_environment(document: Document, environ: Mapping[str, str]) -> Document:
    """The document with every `DUETMIND__…` variable applied; the document itself is not changed.

    >>> base = Document(name="c.yaml", data={"http": {"port": 1}})
    >>> apply_environment(base, {"DUETMIND__HTTP__PORT": "9000", "DUETMIND_URL": "no setting"}).data
    {'http': {'port': 9000}}

    Raises
    ------
    ConfigError
        If a variable names no setting, or goes through a value that is not a mapping.
    """
    names = sorted(name for name in environ if name.upper().startswith(PREFIX))
    if not names:
        return document
    data, origins = copy.deepcopy(document.data), dict(document.origins)
    for name in names:
        parts = name[len(PREFIX) :].split("__")
        if not all(parts):
            raise ConfigError(f"environment variable {name}: names no setting; write {PREFIX}SECTION__KEY")
        path = _assign(data, parts, _value(environ[name]), name)
        origins = {key: place for key, place in origins.items() if key[: len(path)] != path}
        origins[path] = f"environment variable {name}"
    return Document(name=document.name, data=data, origins=origins)


def _assign(data: dict[str, Any], parts: list[str], value: object, name: str) -> KeyPath:
    path: list[str | int] = []
    *parents, last = parts
    here = data
    for part in parents:
        key = _match(here, part)
        path.append(key)
        if here.get(key) is None:
            here[key] = {}
        if not isinstance(here[key], dict):
            raise ConfigError(f"environment variable {name}: {'.'.join(map(str, path))} is not a mapping")
        here = cast("dict[str, Any]", here[key])
    key = _match(here, last)
    here[key] = value
    return (*path, key)


def _match(mapping: Mapping[str, Any], part: str) -> str:
    """The key of `mapping` that `part` means; a new one is lower case."""
    return next((key for key in mapping if _plain(key) == _plain(part)), part.lower())


def _plain(key: str) -> str:
    return key.lower().replace("-", "_").replace(".", "_")


def _value(text: str) -> object:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return text
