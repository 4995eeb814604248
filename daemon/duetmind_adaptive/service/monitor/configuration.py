"""What a monitor may be told: who is alerted and how, and what may be done about drift."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any

from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.settings.problems import found

NOTHING: Mapping[str, Any] = MappingProxyType({})
#: keys of `retrain_config`
RETRAIN_KEYS = ("max_auto_retrains_per_day", "pipeline", "callback", "gate_rows", "gate_rows_per_class")


class AlertChannel(StrEnum):
    """The channels that every installation has; an installed plug-in's is given by its name.

    Examples
    --------
    >>> AlertChannel("slack"), str(AlertChannel.LOG)
    (<AlertChannel.SLACK: 'slack'>, 'log')
    """

    EMAIL = "email"
    WEBHOOK = "webhook"
    SLACK = "slack"
    LOG = "log"


class ResponseAction(StrEnum):
    """What may be done about drift; an installed plug-in's action is given by its name.

    Examples
    --------
    >>> [str(action) for action in ResponseAction][:2]
    ['retrain_model', 'scale_resources']
    """

    RETRAIN_MODEL = "retrain_model"
    SCALE_RESOURCES = "scale_resources"
    ADJUST_THRESHOLDS = "adjust_thresholds"
    HUMAN_REVIEW = "human_review"
    ROLLBACK = "rollback"


class DriftSeverity(StrEnum):
    """How bad it is, in ascending order (`drift/severity.py` has the ladder).

    Examples
    --------
    >>> list(DriftSeverity)[-1]
    <DriftSeverity.CRITICAL: 'critical'>
    """

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class DriftType(StrEnum):
    """What drifts: the inputs, the model's performance, or the relation of inputs and label.

    Examples
    --------
    >>> DriftType.CONCEPT == "concept"
    True
    """

    DATA = "data"
    MODEL = "model"
    CONCEPT = "concept"


@dataclass(frozen=True, kw_only=True)
class AlertConfig:
    """Who is told of drift.

    Parameters
    ----------
    enabled_channels
        `AlertChannel` members, or names of installed channels.
    email_config, webhook_config, slack_config
        Settings of these channels: `host`, `sender_email` and `recipients`; `url` and `secret`; `webhook_url`. Secrets
        may be given as they are, or as ``{"env": NAME}`` or ``{"file": PATH}``. A channel that lacks a setting is off:
        a warning names the setting, and the others go on.
    other_configs
        Settings of installed channels, by name.
    minimum_severity
        Drift below it is not told.
    repeat
        An incident that stays is told again after so long; seconds, a duration such as "4h", or a timedelta.
    opens_after
        Checks that raise an incident before it is told; the daemon's own default is more patient.

    Raises
    ------
    ConfigError
        A channel or a severity that does not exist.

    Examples
    --------
    >>> AlertConfig(enabled_channels=[AlertChannel.LOG]).channels()
    {'log': {}}
    >>> AlertConfig(minimum_severity="grave")
    Traceback (most recent call last):
    duetmind_adaptive.errors.ConfigError: AlertConfig: minimum_severity: found 'grave', allowed: \
low, medium, high, critical
    """

    enabled_channels: Sequence[AlertChannel | str] = (AlertChannel.LOG,)
    email_config: Mapping[str, Any] | None = field(default=None, repr=False)
    webhook_config: Mapping[str, Any] | None = field(default=None, repr=False)
    slack_config: Mapping[str, Any] | None = field(default=None, repr=False)
    other_configs: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: NOTHING, repr=False)
    minimum_severity: DriftSeverity | str = DriftSeverity.LOW
    repeat: timedelta | float | str = "4h"
    opens_after: int = 1

    def __post_init__(self) -> None:
        known = installed("duetmind.alert_channels", AlertChannel)
        for name in self.enabled_channels:
            allowed("AlertConfig: enabled_channels", name, known)
        allowed("AlertConfig: minimum_severity", self.minimum_severity, list(DriftSeverity)[1:])

    def channels(self) -> dict[str, Mapping[str, Any]]:
        """The settings of each enabled channel, by name."""
        given = {"email": self.email_config, "webhook": self.webhook_config, "slack": self.slack_config}
        return {str(name): given.get(name) or self.other_configs.get(name, {}) for name in self.enabled_channels}


@dataclass(frozen=True, kw_only=True)
class ResponseConfig:
    """What may be done about drift.

    Parameters
    ----------
    enabled_actions
        `ResponseAction` members, or names of installed actions. Others are neither recommended nor carried out.
    retrain_config
        `max_auto_retrains_per_day` (3) bounds what the policy asks for by itself. `callback` retrains a model that
        serves elsewhere: a function, async or not, of a `RetrainOrder`; what it returns is described there.
        `pipeline` (a name, a file or a `PipelineConfig`) has the monitor itself make the versions, as the daemon does;
        it needs a `target`. `gate_rows` and `gate_rows_per_class` are the labelled rows that a promotion asks for.
    automatic
        Carry out what the policy asks for within `detect_comprehensive_drift`, as the daemon does, instead of only
        recommending it.

    Raises
    ------
    ConfigError
        An action or a key of `retrain_config` that does not exist.

    Examples
    --------
    >>> ResponseConfig(enabled_actions=[ResponseAction.RETRAIN_MODEL], retrain_config={"max_retrains": 3})
    Traceback (most recent call last):
    duetmind_adaptive.errors.ConfigError: ResponseConfig: retrain_config: found 'max_retrains', allowed: \
max_auto_retrains_per_day, pipeline, callback, gate_rows, gate_rows_per_class; \
did you mean max_auto_retrains_per_day?
    """

    enabled_actions: Sequence[ResponseAction | str] = ()
    retrain_config: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    automatic: bool = False

    def __post_init__(self) -> None:
        known = installed("duetmind.response_actions", ResponseAction)
        for name in self.enabled_actions:
            allowed("ResponseConfig: enabled_actions", name, known)
        for key in self.retrain_config:
            allowed("ResponseConfig: retrain_config", key, RETRAIN_KEYS)
        if self.callback is not None and not callable(self.callback):
            raise ConfigError(f"ResponseConfig: retrain_config: callback: {found(self.callback, 'a function')}")

    @property
    def callback(self) -> Callable[[Any], Awaitable[Any] | Any] | None:
        """What retrains a model that serves elsewhere.

        >>> ResponseConfig().callback is None
        True
        """
        return self.retrain_config.get("callback")


def installed(group: str, built_in: type[StrEnum]) -> list[str]:
    """The built-in names and those that installed packages add, sorted."""
    return sorted({*map(str, built_in), *(point.name for point in entry_points(group=group))})


def allowed(where: str, name: object, names: Sequence[str]) -> None:
    """Raise ConfigError with the sentence of what is allowed, unless `name` is one of the names."""
    if name not in names:
        raise ConfigError(f"{where}: {found(name, names, near=names)}")
