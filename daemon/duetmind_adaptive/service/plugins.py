"""Finds what handles events by entry point: alert channels and response actions, the built-in ones included.

One that is missing or broken costs itself only: it is a sentence in the log and in `/status`, and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from duetmind_adaptive import plugins
from duetmind_adaptive.contracts import Alert, AlertChannel, Attempt, Outcome, ResponseAction, Retry
from duetmind_adaptive.errors import ConfigError, PluginError
from duetmind_adaptive.plugins import ACTIONS, CHANNELS
from duetmind_adaptive.redaction import register_secret
from duetmind_adaptive.settings.alerts import ChannelSettings
from duetmind_adaptive.settings.model import Loaded
from duetmind_adaptive.settings.secrets import resolve_secrets


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
    for name in plugins.installed(ACTIONS):
        try:
            actions[name] = _action(name)
        except PluginError as error:
            problems.append(f"response {name} is off: {error}")
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
        When there is no such entry point, it is broken, or a setting is missing or wrong.
    """
    _keep_out_of_logs(dict(options))
    factory = plugins.load(CHANNELS, kind)
    made = _made(lambda: factory(name, options), f"type '{kind}' cannot make it")
    if lacking := plugins.missing(CHANNELS, made):
        raise PluginError(f"what type '{kind}' made {lacking}")
    return made


def _made(create: Callable[[], AlertChannel], sentence: str) -> AlertChannel:
    """A channel; its factory says itself, by a ConfigError, which of the settings is wrong."""
    try:
        return create()
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:  # a plug-in may raise anything; it must cost itself only
        raise PluginError(f"{sentence}: {type(error).__name__}") from error  # its text might quote a secret


def _action(name: str) -> ResponseAction:
    action: ResponseAction = plugins.make(ACTIONS, name)
    if action.name != name:
        raise PluginError(f"response action '{name}' calls itself '{action.name}'; its name must be its entry point's")
    return action


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
