"""Fills in every default: from what the operator wrote to the `Model`s the rest of the program works with.

Pure: what can go wrong was found by `checks` before.
"""

from __future__ import annotations

import glob
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from duetmind_adaptive.settings.checks import RESPONSES
from duetmind_adaptive.settings.durations import parse_duration
from duetmind_adaptive.settings.model import (
    Config,
    LabelSettings,
    Model,
    ModelSettings,
    ReferenceSettings,
    SourceSettings,
)
from duetmind_adaptive.settings.pipeline import AutomlSettings, PipelineSettings
from duetmind_adaptive.settings.schedule import ScheduleSettings
from duetmind_adaptive.settings.secrets import located_secrets
from duetmind_adaptive.settings.types import Metric

SourceT = TypeVar("SourceT", bound=ReferenceSettings)
_SQLITE = "sqlite:///"


def database_path(config: Config, base: Path) -> Path:
    """The SQLite file, absolute; a relative one starts at `base`.

    >>> database_path(Config(), Path("/etc/duetmind"))
    PosixPath('/etc/duetmind/state/duetmind.db')
    """
    return base / config.store.url.removeprefix(_SQLITE)


def state_folder(config: Config, base: Path) -> Path:
    """Where versions, tokens and locks live: `state`, else the folder of the SQLite file."""
    return base / config.state if config.state is not None else database_path(config, base).parent


def resolve_models(
    config: Config, *, base: Path, pipelines: Mapping[str, PipelineSettings], known_responses: frozenset[str]
) -> dict[str, Model]:
    """Every model with its defaults.

    Parameters
    ----------
    config
        As loaded and checked.
    base
        Folder of the config file, absolute.
    pipelines
        By model, the pipeline that its `pipeline` names.
    known_responses
        Response actions that exist; others are left out.
    """
    models: dict[str, Model] = {}
    for name, model in config.models.items():
        responses = tuple(response for response in wanted_responses(model, config) if response in known_responses)
        pipeline = _pipeline(model, pipelines.get(name, config.pipeline_defaults), responses)
        models[name] = _model(name, model, config, base=base, pipeline=pipeline, responses=responses)
    return models


def _model(
    name: str,
    model: ModelSettings,
    config: Config,
    *,
    base: Path,
    pipeline: PipelineSettings | None,
    responses: tuple[str, ...],
) -> Model:
    monitoring = config.drift_monitoring
    return Model(
        name=name,
        task=model.task,
        target=model.target,
        timestamp=model.timestamp,
        features=model.features,
        exclude=model.exclude,
        tags=model.tags,
        gate_rows=config.responses.retrain_model.gate_rows,
        gate_rows_per_class=config.responses.retrain_model.gate_rows_per_class,
        trainer=model.retrain,
        trainer_folder=base,
        prediction=model.prediction,
        score=model.score,
        metric=model.metric or _default_metric(model),
        reference=_located(model.reference, base),
        production=_located(model.production, base),
        labels=_labels(model.labels, base),
        schedule=model.schedule or ScheduleSettings(every=monitoring.monitoring_interval),
        pipeline=pipeline,
        automl=_automl(model, config),
        responses=responses,
        mode=model.mode,
        drift_threshold=model.drift_threshold or monitoring.drift_threshold,
        columns=model.columns,
        detectors=model.detectors,
        false_alarm_every=time_between(model.false_alarms),
        opens_after=monitoring.opens_after,
        opens_within=monitoring.opens_within,
        clears_after=monitoring.clears_after,
        opens_at=monitoring.opens_at,
        clears_below=monitoring.clears_below,
        max_retrains_per_day=config.responses.retrain_model.max_auto_retrains_per_day,
        job_timeout=config.orchestration.job_timeout,
        folder=state_folder(config, base) / "models" / name,
    )


def wanted_responses(model: ModelSettings, config: Config) -> tuple[str, ...]:
    """The model's own responses, or the default: to retrain where that is enabled and there is a truth to learn."""
    if model.responses is not None:
        return model.responses
    retrains = config.drift_monitoring.auto_retrain_enabled and model.target is not None
    return RESPONSES[:1] if retrains else ()


def _pipeline(model: ModelSettings, pipeline: PipelineSettings, responses: tuple[str, ...]) -> PipelineSettings | None:
    """None for a model that nothing here trains: no truth, a trainer of its own, or only watched where it serves."""
    only_watched = model.prediction is not None and model.pipeline is None and RESPONSES[0] not in responses
    trains = model.target is not None and model.retrain is None and not only_watched
    return pipeline if trains else None


def _automl(model: ModelSettings, config: Config) -> AutomlSettings | None:
    """The model's own search: what it does not say is the section's, its metric the model's."""
    if model.automl is None:
        return None
    own = {name: getattr(model.automl, name) for name in model.automl.model_fields_set}
    metric = {"objective_metric": model.metric or _default_metric(model)}
    return config.automl.model_copy(update=metric | own)


def time_between(rate: str) -> timedelta:
    """The average time between two events of a rate such as `1 per 30d`."""
    count, _, period = rate.partition(" per ")
    return parse_duration(period) / int(count)


def _default_metric(model: ModelSettings) -> Metric:
    return "r2" if model.task == "regression" else "accuracy"


def _located(source: SourceT, base: Path) -> SourceT:
    if source.source is not None:
        options = located_secrets(source.source.options, base)
        return source.model_copy(update={"source": SourceSettings(type=source.source.type, **options)})
    return source.model_copy(update={"path": absolute(source.path, base)})


def _labels(labels: LabelSettings, base: Path) -> LabelSettings:
    return labels if labels.path is None else labels.model_copy(update={"path": absolute(labels.path, base)})


def absolute(path: str, base: Path) -> str:
    """A file, glob or folder relative to `base`; in a glob, `base` itself is taken literally.

    >>> absolute("loans/*.parquet", Path("/data [1]")), absolute("/else/where.csv", Path("/data"))
    ('/data [[]1]/loans/*.parquet', '/else/where.csv')
    """
    if Path(path).is_absolute():
        return path
    return f"{glob.escape(str(base))}/{path}" if glob.has_magic(path) else str(base / path)
