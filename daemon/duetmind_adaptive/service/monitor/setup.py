"""A monitor's arguments as the config that the engine works with: the same checks, the same defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from duetmind_adaptive.drift.metrics import needs_score
from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.records import SEVERITIES, MetricReading
from duetmind_adaptive.service.monitor.configuration import AlertConfig, ResponseAction, ResponseConfig
from duetmind_adaptive.service.monitor.frames import PRODUCTION, check_roles
from duetmind_adaptive.settings.alerts import ChannelSettings
from duetmind_adaptive.settings.checks import check
from duetmind_adaptive.settings.document import Document
from duetmind_adaptive.settings.model import Config, Loaded, Model
from duetmind_adaptive.settings.model_checks import REGRESSION_METRICS
from duetmind_adaptive.settings.named_pipelines import find_pipeline
from duetmind_adaptive.settings.pipeline import PipelineSettings
from duetmind_adaptive.settings.problems import error_of, validate
from duetmind_adaptive.settings.resolve import resolve_models

#: what sentences call the place of a wrong setting
WHERE = "create_enhanced_drift_monitor"
#: rows that a window is expected to have until the first one comes
WINDOW_ROWS = 1000


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `create_enhanced_drift_monitor` was given beside data; as described there."""

    name: str = "model"
    task: str | None = None
    target: str | None = None
    prediction: str | None = None
    score: str | None = None
    timestamp: str | None = None
    exclude: tuple[str, ...] = ()
    check_every: timedelta | float | str = "1h"
    false_alarms: str = "1 per 30d"
    drift_threshold: float | None = None
    alerts: AlertConfig = field(default_factory=AlertConfig)
    responses: ResponseConfig = field(default_factory=ResponseConfig)
    #: whether the reference's labels are of more than two classes
    several_classes: bool = False

    def fitting(self, table: pa.Table) -> Options:
        """The options with the task that the reference's labels are of, where that was not said.

        Raises
        ------
        ColumnMissingError
            The reference lacks a column that an argument names.
        """
        needed = self.target if self.responses.retrain_config.get("pipeline") else None
        check_roles(table.column_names, {"timestamp": self.timestamp, "target": needed}, "reference_data")
        if (
            self.task is None
            and self.target in table.column_names
            and not pa.types.is_floating(table[self.target].type)
        ):
            several = len(table[self.target].drop_null().unique()) > 2
            return replace(self, several_classes=several)
        return self


def loaded_for(
    options: Options, folder: Path, store_url: str, reference: Path, baselines: tuple[MetricReading, ...]
) -> Loaded:
    """The config of one model, resolved.

    Raises
    ------
    ConfigError
        With one sentence for the first setting that cannot be.
    """
    document = Document(name=WHERE, data=_document(options, reference, baselines, folder))
    config = validate(Config, document)
    if problems := [problem for problem in check(config) if not problem.warning]:
        raise error_of(problems, document)
    (model,) = resolve_models(config, base=folder, pipelines={}, known_responses=frozenset()).values()
    return Loaded(
        path=folder / "duetmind.yaml",
        state=folder,
        store_url=store_url,
        config=config,
        models={model.name: _model(model, options, config, folder, baselines)},
        channels={name: ChannelSettings(type=name) for name in options.alerts.channels()},
    )


def _document(options: Options, reference: Path, baselines: tuple[MetricReading, ...], folder: Path) -> dict[str, Any]:
    retrain = options.responses.retrain_config
    bounds = ("max_auto_retrains_per_day", "gate_rows", "gate_rows_per_class")
    model = {
        "task": options.task or _task(baselines, options.several_classes),
        "target": options.target,
        "timestamp": options.timestamp,
        "exclude": list(options.exclude),
        "prediction": options.prediction,
        "score": options.score,
        "metric": _metric(options, baselines),
        "reference": {"path": str(reference)},
        "production": {"path": str(folder / PRODUCTION), "window": {"rows": WINDOW_ROWS}},
        "schedule": {"every": _seconds(options.check_every)},
        "false_alarms": options.false_alarms,
        "drift_threshold": options.drift_threshold,
        "responses": [],
    }
    least = SEVERITIES.index(str(options.alerts.minimum_severity))  # pyright: ignore[reportArgumentType] - checked
    names = list(options.alerts.channels())
    routes = [{"match": {"severity": list(SEVERITIES[least:])}, "channels": names}] if names else []
    return {
        "models": {options.name: model},
        "drift_monitoring": {"alert_channels": [], "opens_after": options.alerts.opens_after},
        "responses": {"retrain_model": {key: retrain[key] for key in bounds if key in retrain}},
        "alerts": {
            "channels": {name: {"type": name} for name in names},
            "routes": routes,
            "group_wait": 0,
            "group_interval": 0,
            "repeat": _seconds(options.alerts.repeat),
        },
    }


def _seconds(value: timedelta | float | str) -> float | str:
    return value.total_seconds() if isinstance(value, timedelta) else value


def _task(baselines: tuple[MetricReading, ...], several_classes: bool) -> str:
    if baselines and baselines[0].name in REGRESSION_METRICS:
        return "regression"
    return "multiclass" if several_classes else "binary"


def _metric(options: Options, baselines: tuple[MetricReading, ...]) -> str | None:
    """The one that is measured where labels and answers are in the frames: the first stated one that can be."""
    blind = options.prediction is not None and options.score is None
    return next((each.name for each in baselines if not (blind and needs_score(each.name))), None)


def _model(model: Model, options: Options, config: Config, folder: Path, baselines: tuple[MetricReading, ...]) -> Model:
    enabled = tuple(map(str, options.responses.enabled_actions))
    pipeline = _pipeline(options, config)
    first = sorted(baselines, key=lambda each: each.name != model.metric)
    return model.model_copy(
        update={
            "pipeline": pipeline,
            "baselines": tuple(first),
            "responses": enabled,
            # what nothing can carry out is recommended all the same, and refused with the reason when it is asked for
            "retrained_by_caller": pipeline is None and ResponseAction.RETRAIN_MODEL in enabled,
            "folder": folder / "models" / options.name,
        }
    )


def _pipeline(options: Options, config: Config) -> PipelineSettings | None:
    given: Any = options.responses.retrain_config.get("pipeline")
    if given is None:
        return None
    if options.target is None:
        raise ConfigError(f"{WHERE}: a pipeline needs the truth to learn from; name its column in target")
    if options.responses.callback is not None:
        raise ConfigError("ResponseConfig: retrain_config: give only one of pipeline and callback")
    if isinstance(given, Mapping):
        return validate(PipelineSettings, Document(name="retrain_config: pipeline", data=dict(given)))
    return find_pipeline(given if isinstance(given, PipelineSettings) else str(given), config, Path.cwd())
