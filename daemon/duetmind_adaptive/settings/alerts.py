"""Who is told, when and how: the `alerts` section of the config."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from duetmind_adaptive.settings.types import DayTime, Duration, Interval, Rate, SecretRef, Section

Severity = Literal["low", "medium", "high", "critical"]


class QuietHoursSettings(Section):
    """When a channel keeps quiet, every day; over midnight where it begins later than it ends."""

    begin: DayTime = Field(alias="from", description="time of day, such as 22:00")
    end: DayTime = Field(alias="to", description="time of day, such as 07:00")
    timezone: str = Field(default="UTC", description="of both times, such as Europe/Berlin")
    unless: tuple[Severity, ...] = Field(default=("critical",), description="severities that are told all the same")


class ChannelSettings(BaseModel):
    """One alert channel: a type and whatever that type asks for; secrets are `{env: NAME}` or `{file: PATH}`."""

    model_config = ConfigDict(extra="allow", frozen=True, defer_build=True)
    type: str = Field(description="log, email, slack, webhook, apprise, or the name of an entry point")
    quiet_hours: QuietHoursSettings | None = Field(default=None, description="what is not critical waits for their end")
    rate: Rate | None = Field(
        default=None, description="messages at most, evenly spaced, such as 20 per 1h; default: slack 1 per 1s"
    )
    fallback: str | None = Field(
        default=None, description="the channel that is told what this one cannot tell; default: the next one"
    )

    @property
    def options(self) -> dict[str, Any]:
        """Everything but the type, as written: secrets are still references (see `settings.secrets`)."""
        return dict(self.model_extra or {})


class MatchSettings(Section):
    """What a route takes; every stated field must fit."""

    model: tuple[str, ...] | None = Field(default=None, description="names of models")
    severity: tuple[Severity, ...] | None = Field(default=None, description="severities")
    kind: tuple[Literal["data", "model", "concept"], ...] | None = Field(default=None, description="kinds of drift")
    tags: tuple[str, ...] | None = Field(default=None, description="tags of models; one of them is enough")


class HeartbeatSettings(Section):
    """A dead man's switch: whoever listens raises the alarm when the daemon falls silent."""

    url: SecretRef = Field(description="fetched with GET; a secret, so {env: NAME} or {file: PATH}")
    every: Interval = Field(default=timedelta(minutes=5), description="how often")


class RouteSettings(Section):
    """Which alerts go where."""

    match: MatchSettings = Field(default_factory=MatchSettings, description="default: every alert")
    channels: tuple[str, ...] = Field(description="names of channels")


class AlertsSettings(Section):
    """Who is told."""

    channels: dict[str, ChannelSettings] = Field(
        default_factory=dict[str, ChannelSettings], description="name: {type: …, and what that type asks for}"
    )
    routes: tuple[RouteSettings, ...] = Field(default=(), description="default: every alert to every channel")
    group_wait: Duration = Field(
        default=timedelta(seconds=5), description="what opens of a model within this time is told together"
    )
    group_interval: Duration = Field(
        default=timedelta(minutes=5), description="the next message about a model comes no earlier than this"
    )
    repeat: Interval = Field(
        default=timedelta(hours=4), description="an incident that nobody took on is told again, at its next check"
    )
    templates: str | None = Field(
        default=None, description="a folder of Jinja files that word messages instead of the built-in text"
    )
    heartbeat: HeartbeatSettings | None = Field(
        default=None, description="an address outside that hears from the daemon while it is well"
    )
