"""A channel's settings, read into a pydantic model; what is wrong becomes one sentence that names the setting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from duetmind_adaptive.errors import ConfigError

OptionsT = TypeVar("OptionsT", bound="Options")


class Options(BaseModel):
    """Base of every channel's settings: unknown keys are errors, values never show up in one."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    #: the channel's type as configured; the daemon may pass it along
    type: str = ""


def read_options(kind: type[OptionsT], name: str, options: Mapping[str, Any]) -> OptionsT:
    """The settings of channel `name`.

    Raises
    ------
    ConfigError
        With one sentence that names each missing or wrong setting, and never its value.

    Examples
    --------
    >>> read_options(Options, "ops", {"colour": "red"})
    Traceback (most recent call last):
    duetmind_adaptive.errors.ConfigError: alerts.channels.ops: `colour` is not a setting of this channel
    """
    try:
        return kind.model_validate(dict(options))
    except ValidationError as error:
        wrong = "; ".join(map(_sentence, error.errors(include_input=False, include_url=False)))
        raise ConfigError(f"alerts.channels.{name}: {wrong}") from None


def _sentence(error: Mapping[str, Any]) -> str:
    setting = str(error["loc"][0]) if error["loc"] else ""
    match error["type"]:
        case "missing":
            return f"`{setting}` is missing"
        case "extra_forbidden":
            return f"`{setting}` is not a setting of this channel"
        case _:
            message = error["msg"].removeprefix("Value error, ")
            return f"`{setting}`: {message}" if setting else message
