"""What the shape alone cannot say: whether the parts of a configuration fit each other and can work.

Each rule is a function from the whole `Config` to the problems it finds; `CHECKS` lists them in the order in
which their problems are of use. Rules about one model are in `model_checks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_address
from zoneinfo import available_timezones

from duetmind_adaptive.plugins import ACTIONS, CHANNELS, installed
from duetmind_adaptive.settings.alerts import ChannelSettings
from duetmind_adaptive.settings.extras import APPRISE_MISSING, is_installed
from duetmind_adaptive.settings.model import Config
from duetmind_adaptive.settings.model_checks import check_model
from duetmind_adaptive.settings.problems import Problem, found
from duetmind_adaptive.settings.ray import RAY_MISSING, ray_installed
from duetmind_adaptive.settings.secrets import literal_secrets
from duetmind_adaptive.settings.workflow_checks import check_workflow

#: what each built-in type needs besides its name
CHANNEL_TYPES = {
    "log": "", "email": "host, sender, recipients", "slack": "webhook_url", "webhook": "url, secret", "apprise": "url",
}  # fmt: skip
#: settings that are secrets for one type only
SECRET_SETTINGS = {"apprise": ("url",)}
#: the guide's response actions, and what carries out a yes to a version
RESPONSES = (
    "retrain_model", "rollback", "promote_version", "human_review", "scale_resources", "adjust_thresholds",
)  # fmt: skip


def check(config: Config) -> list[Problem]:
    """Every problem and warning of a configuration whose shape is right."""
    return [problem for rule in CHECKS for problem in rule(config)]


def active_channels(config: Config) -> dict[str, ChannelSettings]:
    """The channels that are on: those with settings of their own, and the default ones that need none."""
    implied = {
        name: ChannelSettings(type=name)
        for name in config.drift_monitoring.alert_channels
        if name not in config.alerts.channels and CHANNEL_TYPES.get(name) == ""
    }
    return implied | config.alerts.channels


def _store(config: Config) -> Iterator[Problem]:
    url = config.store.url
    if url.startswith(("postgresql", "postgres:")):
        text = "PostgreSQL comes with a later release; use sqlite:///PATH until then"
        yield Problem(path=("store", "url"), text=text)
    elif not url.startswith("sqlite:///") or url == "sqlite:///" or ":memory:" in url or "?" in url:
        scheme = url.partition(":")[0] + ":…" if "@" in url else url
        yield Problem(path=("store", "url"), text=found(scheme, "sqlite:///PATH"))


def _http(config: Config) -> Iterator[Problem]:
    http = config.http
    if http.token is None and not is_loopback(http.host):
        text = f"{http.host!r} is reachable from other machines; set http.token, or listen on 127.0.0.1"
        yield Problem(path=("http", "host"), text=text)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on `host`.

    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "db.example")]
    [True, True, True, False, False]
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _clock(config: Config) -> Iterator[Problem]:
    if config.clock.anchor is not None and config.clock.start is None:
        yield Problem(path=("clock", "anchor"), text="needs clock.start, the time it stands for")


def _channels(config: Config) -> Iterator[Problem]:
    for name, channel in config.alerts.channels.items():
        path = ("alerts", "channels", name)
        if channel.type not in CHANNEL_TYPES and channel.type not in (known := _known(CHANNELS, CHANNEL_TYPES)):
            yield Problem(path=(*path, "type"), text=found(channel.type, known, near=known))
        for inner, sentence in literal_secrets(channel.options, also=SECRET_SETTINGS.get(channel.type, ())):
            yield Problem(path=(*path, *inner), text=sentence)
        if channel.type == "apprise" and not is_installed("apprise"):
            text = f"{APPRISE_MISSING}; this channel is off until then, the others are not affected"
            yield Problem(path=(*path, "type"), text=text, warning=True)


def _manners(config: Config) -> Iterator[Problem]:
    """Who stands in for a channel, and when it keeps quiet."""
    channels = list(active_channels(config))
    for name, channel in config.alerts.channels.items():
        path, others = ("alerts", "channels", name), [other for other in channels if other != name]
        if channel.fallback is not None and channel.fallback not in others:
            yield Problem(path=(*path, "fallback"), text=found(channel.fallback, others, near=others))
        quiet = channel.quiet_hours
        if quiet is not None and quiet.timezone not in (zones := available_timezones()):
            text = found(quiet.timezone, "an IANA time zone such as Europe/Berlin", near=zones)
            yield Problem(path=(*path, "quiet_hours", "timezone"), text=text)
        if quiet is not None and quiet.begin == quiet.end:
            yield Problem(path=(*path, "quiet_hours"), text="begins when it ends; give two times of day")


def _default_channels(config: Config) -> Iterator[Problem]:
    for index, name in enumerate(config.drift_monitoring.alert_channels):
        path = ("drift_monitoring", "alert_channels", index)
        if name in active_channels(config):
            continue
        if name in CHANNEL_TYPES:
            text = (
                f"{name} is off until alerts.channels.{name} says {CHANNEL_TYPES[name]}; "
                "the other channels are not affected"
            )
            yield Problem(path=path, text=text, warning=True)
        else:
            known = [*dict.fromkeys([*config.alerts.channels, *CHANNEL_TYPES])]
            yield Problem(path=path, text=found(name, known, near=known))


def _routes(config: Config) -> Iterator[Problem]:
    channels = list(active_channels(config))
    for index, route in enumerate(config.alerts.routes):
        path = ("alerts", "routes", index)
        if not route.channels:
            yield Problem(path=(*path, "channels"), text="names no channel; give at least one")
        for place, name in enumerate(route.channels):
            if name not in channels:
                yield Problem(path=(*path, "channels", place), text=found(name, channels, near=channels))
        tags = sorted({tag for model in config.models.values() for tag in model.tags})
        matched = (("tags", route.match.tags, tags), ("model", route.match.model, list(config.models)))
        for key, names, near in matched:
            for place, name in enumerate(names or ()):
                if name not in near:
                    yield Problem(path=(*path, "match", key, place), text=found(name, near, near=near))


def _later(config: Config) -> Iterator[Problem]:
    if config.orchestration.ray_address and not ray_installed():
        text = f"{RAY_MISSING}; the daemon does not start without it"
        yield Problem(path=("orchestration",), text=text, warning=True)
    if not config.models and not config.workflows:
        yield Problem(path=("models",), text="no model is configured, so nothing is watched", warning=True)


def _responses(config: Config) -> Iterator[Problem]:
    """Those that are not the guide's must come from an installed package."""
    for name, model in config.models.items():
        for index, response in enumerate(model.responses or ()):
            path = ("models", name, "responses", index)
            if response not in RESPONSES and response not in _known(ACTIONS, RESPONSES):
                yield Problem(path=path, text=found(response, RESPONSES, near=RESPONSES))


def known_responses(config: Config) -> frozenset[str]:
    """The response actions that exist: the built ones, and those of installed packages that a model asks for."""
    asked = {response for model in config.models.values() for response in model.responses or ()}
    if asked <= set(RESPONSES):
        return frozenset(RESPONSES)
    return frozenset(_known(ACTIONS, RESPONSES))


def _models(config: Config) -> Iterator[Problem]:
    for name, model in config.models.items():
        yield from check_model(name, model)


def _workflows(config: Config) -> Iterator[Problem]:
    for name, workflow in config.workflows.items():
        yield from check_workflow(name, workflow)


def _known(group: str, built_in: dict[str, str] | tuple[str, ...]) -> list[str]:
    """The built-in names and those that installed packages add."""
    return [*dict.fromkeys([*built_in, *installed(group)])]


CHECKS: tuple[Callable[[Config], Iterator[Problem]], ...] = (
    _store,
    _http,
    _clock,
    _models,
    _workflows,
    _responses,
    _channels,
    _manners,
    _default_channels,
    _routes,
    _later,
)
