"""The channels of an `AlertConfig`, made by entry points' factories; one that cannot be is left out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr

from duetmind_adaptive.contracts import AlertChannel
from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.service.plugins import make_channel
from duetmind_adaptive.settings.secrets import is_reference, is_secret_key, read_secret


def make_channels(
    given: Mapping[str, Mapping[str, Any]], environ: Mapping[str, str]
) -> tuple[dict[str, AlertChannel], tuple[str, ...]]:
    """The channels, and a sentence for each that is off, naming what it lacks.

    Parameters
    ----------
    given
        By name, the settings; secrets as they are or as references.
    environ
        The environment.

    Examples
    --------
    >>> channels, problems = make_channels({"log": {}, "email": {"sender_email": "system@example.com"}}, {})
    >>> list(channels), problems[0]
    (['log'], 'the alert channel email is off: `host` is missing; `recipients` is missing; \
give them in email_config, the other channels go on')
    """
    made: dict[str, AlertChannel] = {}
    problems: list[str] = []
    for name, options in given.items():
        try:
            made[name] = make_channel(name, name, {key: _value(key, each, environ) for key, each in options.items()})
        except ConfigError as error:
            said = str(error).removeprefix(f"alerts.channels.{name}: ")
            problems.append(
                f"the alert channel {name} is off: {said}; give them in {name}_config, the other channels go on"
            )
    return made, tuple(problems)


def _value(key: str, value: object, environ: Mapping[str, str]) -> object:
    """A setting with its secrets wrapped, however deep they are."""
    if is_reference(value):
        return read_secret(cast("dict[str, Any]", value), environ, Path.cwd())
    if isinstance(value, str) and is_secret_key(key):
        return SecretStr(value)
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value).items()
        return {inner: _value(inner, each, environ) for inner, each in items}
    if isinstance(value, list | tuple):
        return [_value(key, each, environ) for each in cast("list[object]", value)]
    return value
