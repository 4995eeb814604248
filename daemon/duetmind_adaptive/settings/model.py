"""What the operator writes, as frozen pydantic models: the shape of the contract's Configuration section.

The guide's `system_config.yaml` is valid as it is; its sections are the defaults of every model. A field's
description is its documentation: `duetmind config schema`, the commented starter and the docs come from it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from duetmind_adaptive.settings.durations import parse_duration

Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
#: `[start, end)`; end may be null for an open range
RowRange = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)] | None]
Metric = Literal["accuracy", "balanced_accuracy", "f1", "roc_auc", "log_loss", "r2", "mae", "rmse"]
Task = Literal["binary", "multiclass", "regression"]


class Section(BaseModel):
    """Base of every section: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class StoreSettings(Section):
    """Where the daemon keeps what it knows."""

    url: str = Field("sqlite:///state/duetmind.db", description="database URL; a relative path starts at the config file")


class SecretRef(Section):
    """A secret is never written in the config: it is read from the environment or a file."""

    env: str | None = Field(None, description="name of the environment variable")
    file: str | None = Field(None, description="path of the file")

    @model_validator(mode="after")
    def _one_of(self) -> SecretRef:
        if (self.env is None) == (self.file is None):
            raise ValueError("give exactly one of env and file")
        return self


class HttpSettings(Section):
    """Where the daemon listens."""

    host: str = Field("127.0.0.1", description="address to listen on; beyond loopback a token is required")
    port: int = Field(8420, ge=0, le=65535, description="port; 0 takes a free one")
    token: SecretRef | None = Field(None, description="bearer token of the API; default: made once, kept in the state folder")


class ClockSettings(Section):
    """A rehearsal clock: `speed` seconds pass per real second, counted from `start` at the real time `anchor`."""

    speed: float = Field(1.0, gt=0)
    start: datetime | None = None
    anchor: datetime | None = None


class ReferenceSettings(Section):
    """The period to learn from and to compare with."""

    path: str = Field(description="file, glob or folder of Parquet or CSV files")
    rows: RowRange | None = Field(None, description="half-open row range [start, end)")
    from_: datetime | None = Field(None, alias="from", description="first timestamp, included")
    to: datetime | None = Field(None, description="last timestamp, excluded")


class WindowSettings(Section):
    """How production data is cut: exactly one of `rows` and `every`."""

    rows: int | None = Field(None, ge=1, description="rows per window")
    every: Duration | None = Field(None, description="time per window, aligned to midnight UTC")

    @model_validator(mode="after")
    def _one_of(self) -> WindowSettings:
        if (self.rows is None) == (self.every is None):
            raise ValueError("give exactly one of rows and every")
        return self


class ProductionSettings(ReferenceSettings):
    """The data to watch."""

    window: WindowSettings = Field(default_factory=lambda: WindowSettings(rows=1000))


class LabelSettings(Section):
    """When the truth is known, and where it is when it is not the target column."""

    delay: Duration = Field(timedelta(0), description="labels of a row are known this long after its timestamp")
    path: str | None = Field(None, description="file, glob or folder with the labels, when they live elsewhere")
    key: str | None = Field(None, description="column that joins labels to rows")

    @model_validator(mode="after")
    def _path_needs_key(self) -> LabelSettings:
        if (self.path is None) != (self.key is None):
            raise ValueError("path and key go together")
        return self


class ScheduleSettings(Section):
    """When to check: exactly one of `every` and `cron`."""

    every: Duration | None = Field(None, description="interval, counted from midnight in the time zone")
    cron: str | None = Field(None, description="five fields as in crontab(5), 0 and 7 are Sunday")
    timezone: str = Field("UTC", description="IANA time zone of the cron fields")
    jitter: Duration = Field(timedelta(0), description="a slot is delayed by up to this much, the same for the same slot")

    @model_validator(mode="after")
    def _one_of(self) -> ScheduleSettings:
        if (self.every is None) == (self.cron is None):
            raise ValueError("give exactly one of every and cron")
        return self


class PreprocessingSettings(Section):
    """The guide's preprocessing block; issue C widens it."""

    numerical_scaler: Literal["standard", "minmax", "robust", "none"] = "standard"
    categorical_encoding: Literal["onehot", "ordinal", "none"] = "onehot"
    missing_value_strategy: Literal["mean", "median", "most_frequent"] = "median"
    feature_selection: Literal["selectkbest", "none"] = "none"


class PipelineModelSettings(Section):
    """The guide's model block."""

    algorithm: Literal["random_forest", "logistic_regression", "svm", "hist_gradient_boosting", "xgboost", "lightgbm"] = "random_forest"
    hyperparameters: dict[str, Any] = Field(default_factory=dict[str, Any])
    ensemble_method: Literal["voting", "stacking", "bagging", "none"] = "none"


class EvaluationSettings(Section):
    """Which metrics a training run reports."""

    metrics: tuple[Metric, ...] = ()


class PipelineSettings(Section):
    """A guide pipeline: preprocessing and model."""

    name: str = "default"
    description: str = ""
    preprocessing: PreprocessingSettings = Field(default_factory=PreprocessingSettings)
    model: PipelineModelSettings = Field(default_factory=PipelineModelSettings)
    evaluation: EvaluationSettings = Field(default_factory=EvaluationSettings)


class AutomlSettings(Section):
    """The guide's automl section."""

    objective_metric: Metric = "roc_auc"
    n_trials: int = Field(100, ge=1)
    timeout: Duration = timedelta(hours=1)
    cv_folds: int = Field(5, ge=2)


class OrchestrationSettings(Section):
    """The guide's orchestration section."""

    use_ray: bool = False
    max_concurrent_tasks: int = Field(4, ge=1, description="training jobs at a time")
    job_timeout: Duration = Field(timedelta(hours=1), description="a training job that runs longer is killed")


class DriftMonitoringSettings(Section):
    """The guide's drift_monitoring section: defaults of every model."""

    monitoring_interval: Duration = Field(timedelta(hours=1), description="default schedule, in seconds or as a duration")
    drift_threshold: float = Field(0.1, gt=0, lt=1, description="smallest effect that counts as drift, in [0, 1]")
    alert_channels: tuple[str, ...] = Field(("log",), description="channels that are on by default")
    auto_retrain_enabled: bool = Field(False, description="whether models without `responses` retrain on drift")
    opens_after: int = Field(1, ge=1, description="drifted checks in a row that open an incident")
    clears_after: int = Field(2, ge=1, description="calm checks in a row that resolve it")


class RetrainBudget(Section):
    """How often a model may learn again on its own."""

    max_auto_retrains_per_day: int = Field(3, ge=0)


class ResponsesSettings(Section):
    """Bounds of the response actions."""

    retrain_model: RetrainBudget = Field(default_factory=RetrainBudget)


class ChannelSettings(BaseModel):
    """One alert channel: a type and whatever that type asks for; secrets are `{env: NAME}` or `{file: PATH}`."""

    model_config = ConfigDict(extra="allow", frozen=True)
    type: str = Field(description="log, email, slack, webhook, or the name of an entry point")


class MatchSettings(Section):
    """What a route takes; every stated field must fit."""

    model: tuple[str, ...] | None = None
    severity: tuple[Literal["low", "medium", "high", "critical"], ...] | None = None
    kind: tuple[Literal["data", "model", "concept"], ...] | None = None


class RouteSettings(Section):
    """Which alerts go where."""

    match: MatchSettings = Field(default_factory=MatchSettings)
    channels: tuple[str, ...]


class AlertsSettings(Section):
    """Who is told."""

    channels: dict[str, ChannelSettings] = Field(default_factory=dict[str, ChannelSettings])
    routes: tuple[RouteSettings, ...] = Field((), description="default: every alert to every channel")


class ModelSettings(Section):
    """One model in production and what to do about it."""

    task: Task
    target: str | None = None
    timestamp: str | None = None
    features: tuple[str, ...] | None = Field(None, description="default: every column not named elsewhere")
    exclude: tuple[str, ...] = ()
    prediction: str | None = Field(None, description="column with the answers of a model deployed elsewhere")
    score: str | None = Field(None, description="column with its scores")
    metric: Metric | None = Field(None, description="default: accuracy, or r2 for regression")
    reference: ReferenceSettings
    production: ProductionSettings
    labels: LabelSettings = Field(default_factory=LabelSettings)
    schedule: ScheduleSettings | None = Field(None, description="default: drift_monitoring.monitoring_interval")
    pipeline: str | PipelineSettings | None = Field(None, description="default: pipeline_defaults")
    automl: AutomlSettings | None = None
    retrain: dict[str, Any] | None = None
    false_alarms: str | None = None
    responses: tuple[str, ...] | None = Field(None, description="guide names; [] only watches")
    drift_threshold: float | None = Field(None, gt=0, lt=1)


class Config(Section):
    """The whole file."""

    store: StoreSettings = Field(default_factory=StoreSettings)
    state: str | None = Field(None, description="state folder; default: the SQLite file's folder")
    http: HttpSettings = Field(default_factory=HttpSettings)
    clock: ClockSettings = Field(default_factory=ClockSettings)
    models: dict[str, ModelSettings] = Field(default_factory=dict[str, ModelSettings])
    alerts: AlertsSettings = Field(default_factory=AlertsSettings)
    responses: ResponsesSettings = Field(default_factory=ResponsesSettings)
    automl: AutomlSettings = Field(default_factory=AutomlSettings)
    orchestration: OrchestrationSettings = Field(default_factory=OrchestrationSettings)
    drift_monitoring: DriftMonitoringSettings = Field(default_factory=DriftMonitoringSettings)
    pipeline_defaults: PipelineSettings = Field(default_factory=PipelineSettings)
    pipelines: dict[str, PipelineSettings] = Field(default_factory=dict[str, PipelineSettings])


class Model(Section):
    """A model with every default filled in and every path absolute: what the rest of the program works with."""

    name: str
    task: Task
    target: str | None
    timestamp: str | None
    features: tuple[str, ...] | None
    exclude: tuple[str, ...]
    prediction: str | None
    score: str | None
    metric: Metric
    reference: ReferenceSettings
    production: ProductionSettings
    labels: LabelSettings
    schedule: ScheduleSettings
    #: None: nothing here trains this model
    pipeline: PipelineSettings | None
    responses: tuple[str, ...]
    drift_threshold: float
    opens_after: int
    clears_after: int
    max_retrains_per_day: int
    job_timeout: timedelta
    #: where its versions live: <state>/models/NAME
    folder: Path


class Loaded(Section):
    """A config ready for use: `config` as written, `models` resolved, `warnings` a person should read."""

    path: Path
    state: Path
    store_url: str
    config: Config
    models: dict[str, Model]
    warnings: tuple[str, ...] = ()
