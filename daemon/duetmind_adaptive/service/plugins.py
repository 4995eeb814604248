"""Finds what handles events by entry point: alert channels and response actions, the built-in ones included.

One that is missing or broken costs itself only: it is a sentence in the log and in `/status`, and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from duetmind_adaptive.contracts import (
    Alert,
    AlertChannel,
    Attempt,
    ChannelFactory,
    Outcome,
    ResponseAction,
    Retry,
)
from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.redaction import register_secret
from duetmind_adaptive.settings.alerts import ChannelSettings
from duetmind_adaptive.settings.model import Loaded
from duetmind_adaptive.settings.secrets import resolve_secrets

CHANNELS = "duetmind.alert_channels"
ACTIONS = "duetmind.response_actions"


@dataclass(frozen=True, slots=True)
class Handlers:
    """What was found, and a sentence for each that could not be made."""

    channels: Mapping[str, AlertChannel] = field(default_factory=dict[str, AlertChannel])
    actions: Mapping[str, ResponseAction] = field(default_factory=dict[str, ResponseAction])
    problems: tuple[str, ...] = ()


class OffChannel:
    """Stands in for a configured channel that could not be made: its alerts wait for the mend, they are not lost."""

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        self._problem = problem

    async def send(self, alert: Alert, attempt: Attempt) -> Outcome:  # noqa: ARG002 - the AlertChannel contract's
        """Not now."""
        return Retry(f"the channel is off: {self._problem}")

    async def close(self) -> None:
        """Nothing is open."""


def load_handlers(loaded: Loaded, environ: Mapping[str, str]) -> Handlers:
    """Make every channel that is on and every installed action."""
    problems: list[str] = []
    made: dict[str, AlertChannel] = {}
    for name, settings in loaded.channels.items():
        try:
            made[name] = _channel(name, settings, environ, loaded.path.parent)
        except ConfigError as error:
            problems.append(f"alert channel {name} is off: {error}")
            made[name] = OffChannel(name, str(error))
    actions, more = load_actions()
    return Handlers(made, actions, (*problems, *more))


def load_actions() -> tuple[dict[str, ResponseAction], tuple[str, ...]]:
    """Make every installed action; and a sentence for each that could not be made."""
    actions: dict[str, ResponseAction] = {}
    problems: list[str] = []
    for entry in entry_points(group=ACTIONS):
        try:
            actions[entry.name] = entry.load()()
        except Exception as error:  # noqa: BLE001 - a plug-in's import may raise anything; it must cost itself only
            problems.append(f"response {entry.name} is off: {type(error).__name__}: {error}")
    return actions, tuple(problems)


def _channel(name: str, settings: ChannelSettings, environ: Mapping[str, str], base: Path) -> AlertChannel:
    return make_channel(settings.type, name, resolve_secrets(settings.options, environ, base))


def make_channel(kind: str, name: str, options: Mapping[str, Any]) -> AlertChannel:
    """The channel, its secrets known to the logs from now on.

    Parameters
    ----------
    kind
        The name of an entry point.
    name
        What it is called.
    options
        Its settings, secrets as `SecretStr`.

    Raises
    ------
    ConfigError
        When there is no such entry point, or a setting is missing or wrong.
    """
    _keep_out_of_logs(dict(options))
    return _factory(kind)(name, options)


def _factory(kind: str) -> ChannelFactory:
    found: dict[str, EntryPoint] = {entry.name: entry for entry in entry_points(group=CHANNELS)}
    if kind not in found:
        raise ConfigError(f"no alert channel of type '{kind}' is installed; there are: {', '.join(sorted(found))}")
    try:
        return found[kind].load()
    except Exception as error:
        raise ConfigError(f"type '{kind}' cannot be loaded: {type(error).__name__}: {error}") from error


def _keep_out_of_logs(value: object) -> None:
    match value:
        case SecretStr():
            register_secret(value.get_secret_value())
        case dict():
            for inner in value.values():
                _keep_out_of_logs(inner)
        case list() | tuple():
            for inner in value:
                _keep_out_of_logs(inner)
        case _:
            pass
