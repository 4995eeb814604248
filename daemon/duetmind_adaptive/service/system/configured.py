"""What the guide's `system_config.yaml` means for a system: search, pipeline, workflows, monitor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.service.monitor.configuration import AlertConfig, ResponseAction, ResponseConfig
from duetmind_adaptive.settings.document import Document, read_document
from duetmind_adaptive.settings.model import Config
from duetmind_adaptive.settings.pipeline import AutomlSettings
from duetmind_adaptive.settings.problems import validate

#: what a search may take where no config says so; it stops earlier when nothing more is to be gained
SEARCH_SECONDS = 60
#: sections that the folder itself settles
OWN = ("store", "state", "models", "clock")


@dataclass(frozen=True, kw_only=True)
class Configured:
    """The config, and what follows from it for each part."""

    config: Config
    #: as given, for the config of the folder
    sections: dict[str, Any]
    automl: AutomlSettings
    #: trials at most; None: until nothing more is to be gained
    n_trials: int | None
    orchestration: dict[str, Any]
    alerts: AlertConfig
    responses: ResponseConfig
    #: keyword arguments of the monitor
    watch: dict[str, Any]


def configured(
    given: str | Path | Mapping[str, Any] | None, alerts: AlertConfig | None, responses: ResponseConfig | None
) -> Configured:
    """Read and check the config.

    Raises
    ------
    ConfigError
        It cannot be read, is no config, or settles what the folder itself settles.

    Examples
    --------
    >>> told = configured({"drift_monitoring": {"drift_threshold": 0.15}}, None, None)
    >>> told.watch["drift_threshold"], told.n_trials, told.automl.timeout.total_seconds()
    (0.15, None, 60.0)
    """
    document = _document(given)
    for name in OWN:
        if name in document.data:
            raise ConfigError(f"{document.where((name,))}: {name}: the system's own; leave it out")
    config = validate(Config, document)
    searches, monitoring = config.automl, config.drift_monitoring
    trials = searches.n_trials if "n_trials" in searches.model_fields_set else None
    if "timeout" not in searches.model_fields_set:
        searches = searches.model_copy(update={"timeout": timedelta(seconds=SEARCH_SECONDS)})
    watch: dict[str, Any] = {}
    if "drift_threshold" in monitoring.model_fields_set:
        watch["drift_threshold"] = monitoring.drift_threshold
    if "monitoring_interval" in monitoring.model_fields_set:
        watch["check_every"] = monitoring.monitoring_interval
    enabled = [ResponseAction.RETRAIN_MODEL] if monitoring.auto_retrain_enabled else []
    running = config.orchestration
    return Configured(
        config=config,
        sections=dict(document.data),
        automl=searches,
        n_trials=trials,
        orchestration={
            "use_ray": running.use_ray, "address": running.address,
            "max_concurrent_tasks": running.max_concurrent_tasks,
        },
        alerts=alerts or AlertConfig(enabled_channels=monitoring.alert_channels),
        responses=responses or ResponseConfig(enabled_actions=enabled),
        watch=watch,
    )  # fmt: skip


def _document(given: str | Path | Mapping[str, Any] | None) -> Document:
    if given is None or isinstance(given, Mapping):
        return Document(name="config", data=dict(given or {}))
    return read_document(Path(given))
