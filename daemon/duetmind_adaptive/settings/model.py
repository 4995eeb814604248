"""What the operator writes, as frozen pydantic models: the shape of the contract's Configuration section.

The guide's `system_config.yaml` is valid as it is; its sections are the defaults of every model. A field's
description is its documentation: `duetmind config schema`, the commented starter and the docs come from it.
"""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from duetmind_adaptive.records import Kind, MetricReading
from duetmind_adaptive.settings.alerts import AlertsSettings, ChannelSettings
from duetmind_adaptive.settings.pipeline import AutomlSettings, PipelineSettings
from duetmind_adaptive.settings.schedule import ScheduleSettings
from duetmind_adaptive.settings.trainer import TrainerSettings
from duetmind_adaptive.settings.types import (
    DISTANCES,
    ColumnTest,
    Duration,
    Interval,
    Metric,
    Moment,
    Rate,
    RowRange,
    SecretRef,
    Section,
    Task,
)
from duetmind_adaptive.settings.workflows import WorkflowSettings

#: names the branch of a pipeline written in place in pydantic's error locations
PIPELINE_INLINE = "inline"


def _form(value: object) -> str:
    return "name" if isinstance(value, str) else PIPELINE_INLINE


class StoreSettings(Section):
    """Where the daemon keeps what it knows."""

    url: str = Field(
        default="sqlite:///state/duetmind.db", description="database URL; a relative path starts at the config file"
    )


class HttpSettings(Section):
    """Where the daemon listens."""

    host: str = Field(default="127.0.0.1", description="address to listen on; beyond loopback a token is required")
    port: int = Field(default=8420, ge=0, le=65535, description="port; 0 takes a free one")
    token: SecretRef | None = Field(
        default=None,
        description="bearer token of the API, {env: NAME} or {file: PATH}; default: made once, kept in the state",
    )


class ClockSettings(Section):
    """A rehearsal clock: `speed` seconds pass per real second, counted from `start` at the real time `anchor`."""

    speed: float = Field(default=1.0, gt=0, description="seconds that pass per real second")
    start: Moment | None = Field(default=None, description="the time the rehearsal starts at; default: now")
    anchor: Moment | None = Field(
        default=None, description="the real time at which it showed `start`; default: each start"
    )


class SourceSettings(BaseModel):
    """Rows that are in no file: a type and whatever that type asks for; secrets are `{env: NAME}` or `{file: PATH}`."""

    model_config = ConfigDict(extra="allow", frozen=True, defer_build=True)
    type: str = Field(description="sql, or the name of an entry point of `duetmind.sources`")

    @property
    def options(self) -> dict[str, Any]:
        """Everything but the type, as written: secrets are still references (see `settings.secrets`)."""
        return dict(self.model_extra or {})


class ReferenceSettings(Section):
    """The period to learn from and to compare with."""

    path: str = Field(default="", description="file, glob or folder of Parquet or CSV files")
    source: SourceSettings | None = Field(default=None, description="where the rows are when they are in no file")
    rows: RowRange | None = Field(default=None, description="half-open row range [start, end)")
    from_: Moment | None = Field(default=None, alias="from", description="first timestamp, included")
    to: Moment | None = Field(default=None, description="last timestamp, excluded")

    @property
    def named(self) -> str:
        """What sentences call it."""
        return self.path if self.source is None else f"source {self.source.type}"


class WindowSettings(Section):
    """How production data is cut: exactly one of `rows` and `every`."""

    rows: int | None = Field(default=None, ge=1, description="rows per window")
    every: Interval | None = Field(default=None, description="time per window, aligned to midnight UTC")

    @model_validator(mode="after")
    def _one_of(self) -> WindowSettings:
        if (self.rows is None) == (self.every is None):
            raise ValueError("give exactly one of rows and every")
        return self


class ProductionSettings(ReferenceSettings):
    """The data to watch."""

    window: WindowSettings = Field(
        default_factory=lambda: WindowSettings(rows=1000),
        description="how the data is cut into windows: {rows: 1000} or {every: 1d}",
    )


class LabelSettings(Section):
    """When the truth is known, and where it is when it is not the target column."""

    delay: Duration = Field(default=timedelta(0), description="labels of a row are known this long after its timestamp")
    path: str | None = Field(default=None, description="file, glob or folder with the labels, when they live elsewhere")
    key: str | None = Field(default=None, description="column that joins labels to rows")

    @model_validator(mode="after")
    def _path_needs_key(self) -> LabelSettings:
        if (self.path is None) != (self.key is None):
            raise ValueError("path and key go together")
        return self


class OrchestrationSettings(Section):
    """The guide's orchestration section."""

    use_ray: bool = Field(default=False, description="run jobs on a Ray cluster instead of the local process pool")
    address: str | None = Field(
        default=None, description="the cluster's head, as HOST:PORT; says by itself that jobs run on Ray"
    )
    max_concurrent_tasks: int = Field(default=4, ge=1, description="training jobs at a time")
    job_timeout: Interval = Field(default=timedelta(hours=1), description="a training job that runs longer is killed")
    job_memory_gb: float | None = Field(
        default=None, gt=0, description="a training job that holds a tenth more is killed, and tried once with twice it"
    )
    job_cpu_cores: float = Field(
        default=0.5,
        gt=0,
        description="cores of a training job, and threads of its libraries; a check takes half a core",
    )
    job_gpus: int = Field(default=0, ge=0, description="GPUs of a training job, each its own; it sees no others")

    @property
    def ray_address(self) -> str | None:
        """The cluster that jobs run on, `local` for one of the daemon's own; None: this machine, without Ray."""
        return self.address or ("local" if self.use_ray else None)


class DriftMonitoringSettings(Section):
    """The guide's drift_monitoring section: defaults of every model."""

    monitoring_interval: Interval = Field(
        default=timedelta(hours=1), description="default schedule, in seconds or as a duration"
    )
    drift_threshold: float = Field(
        default=0.02, gt=0, lt=1, description="smallest effect that counts as drift, in [0, 1]"
    )
    alert_channels: tuple[str, ...] = Field(default=("log",), description="channels that are on by default")
    auto_retrain_enabled: bool = Field(default=False, description="whether models without `responses` retrain on drift")
    opens_after: int = Field(default=2, ge=1, description="so many checks that raise a cause open its incident")
    opens_within: int = Field(default=3, ge=1, le=100, description="out of so many of the newest")
    clears_after: int = Field(default=2, ge=1, description="so many calm checks in a row resolve it")
    opens_at: float | None = Field(
        default=1.1, ge=1, description="a score so many times its threshold opens it at once; null: none does"
    )
    clears_below: float = Field(default=0.8, gt=0, le=1, description="calm is below this share of the threshold")

    @model_validator(mode="after")
    def _can_open(self) -> Self:
        if self.opens_after > self.opens_within:
            raise ValueError(
                f"opens_after asks for {self.opens_after} of the newest {self.opens_within} checks (opens_within), "
                f"which can never be; set opens_within to {self.opens_after} or more"
            )
        return self


class RetrainBudget(Section):
    """How often a model may learn again on its own."""

    max_auto_retrains_per_day: int = Field(
        default=3, ge=0, description="retrains per model and day that nobody asked for; 0 allows none"
    )
    gate_rows: int = Field(
        default=500, ge=30, description="labelled rows without which nothing is promoted; a person is asked instead"
    )
    gate_rows_per_class: int = Field(default=50, ge=1, description="of them in the second most frequent class")


class ScaleBounds(Section):
    """How far the number of jobs at a time may grow and shrink."""

    min_concurrent_tasks: int = Field(default=1, ge=1, description="jobs at a time when there is little to do")
    max_concurrent_tasks: int = Field(
        default=8, ge=1, le=1000, description="jobs at a time when many wait; here no more than there are cores"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_concurrent_tasks > self.max_concurrent_tasks:
            raise ValueError("min_concurrent_tasks is larger than max_concurrent_tasks; swap them")
        return self


class ResponsesSettings(Section):
    """Bounds of the response actions."""

    retrain_model: RetrainBudget = Field(default_factory=RetrainBudget, description="bounds of automatic retraining")
    scale_resources: ScaleBounds = Field(default_factory=ScaleBounds, description="bounds of scaling")


class ColumnSettings(Section):
    """How one column is compared with the reference's, where the default does not fit."""

    kind: Kind | None = Field(default=None, description="numeric, categorical, boolean, datetime or text")
    tests: tuple[ColumnTest, ...] | None = Field(
        default=None, description="default: by kind and size; at least one of them must give a p-value"
    )

    @model_validator(mode="after")
    def _gives_a_p_value(self) -> ColumnSettings:
        if self.tests is not None and set(self.tests) <= set(DISTANCES):
            raise ValueError("tests need one that gives a p-value, such as ks or chi2")
        return self


class ModelSettings(Section):
    """One model in production and what to do about it."""

    task: Task = Field(description="what kind of answer the model gives")
    target: str | None = Field(default=None, description="column with the truth")
    timestamp: str | None = Field(default=None, description="column with the time of each row")
    features: tuple[str, ...] | None = Field(default=None, description="default: every column not named elsewhere")
    exclude: tuple[str, ...] = Field(default=(), description="columns that the model must not see")
    prediction: str | None = Field(default=None, description="column with the answers of a model deployed elsewhere")
    score: str | None = Field(default=None, description="column with its scores")
    metric: Metric | None = Field(default=None, description="default: accuracy, or r2 for regression")
    reference: ReferenceSettings = Field(description="the period to learn from and to compare with")
    production: ProductionSettings = Field(description="the data to watch")
    labels: LabelSettings = Field(
        default_factory=LabelSettings, description="default: the target column, without delay"
    )
    schedule: ScheduleSettings | None = Field(
        default=None, description="when to check; default: every drift_monitoring.monitoring_interval"
    )
    pipeline: (
        Annotated[
            Annotated[str, Tag("name")] | Annotated[PipelineSettings, Tag(PIPELINE_INLINE)],
            Discriminator(_form),
        ]
        | None
    ) = Field(default=None, description="a name, a file or an inline pipeline; default: pipeline_defaults")
    automl: AutomlSettings | None = Field(default=None, description="search for a pipeline instead")
    retrain: TrainerSettings | None = Field(default=None, description="the model's own trainer instead of a pipeline")
    tags: tuple[str, ...] = Field(default=(), description="words that routes of alerts may ask for")
    false_alarms: Rate = Field(
        default="1 per 30d", description="how often a wrong alarm is tolerable; default: 1 per 30d"
    )
    responses: tuple[str, ...] | None = Field(
        default=None, description="what to do about drift; [] only watches; default: see auto_retrain_enabled"
    )
    mode: Literal["observe", "suggest", "act"] = Field(
        default="act", description="observe only says what it would do; suggest asks a person first; default: act"
    )
    drift_threshold: float | None = Field(
        default=None, gt=0, lt=1, description="default: drift_monitoring.drift_threshold"
    )
    columns: dict[str, ColumnSettings] = Field(
        default_factory=dict[str, ColumnSettings], description="how single columns are compared, by name"
    )
    detectors: dict[str, dict[str, Any]] = Field(
        default_factory=dict[str, dict[str, Any]],
        description="entry points of `duetmind.detectors` that look at each window, too, with their options",
    )


class Config(Section):
    """The whole file."""

    store: StoreSettings = Field(default_factory=StoreSettings, description="where the daemon keeps things")
    state: str | None = Field(default=None, description="state folder; default: the SQLite file's folder")
    http: HttpSettings = Field(default_factory=HttpSettings, description="where the daemon listens")
    clock: ClockSettings = Field(default_factory=ClockSettings, description="a rehearsal clock")
    models: dict[str, ModelSettings] = Field(
        default_factory=dict[str, ModelSettings], description="the models to look after, by name"
    )
    alerts: AlertsSettings = Field(default_factory=AlertsSettings, description="who is told")
    responses: ResponsesSettings = Field(
        default_factory=ResponsesSettings, description="bounds of the response actions"
    )
    automl: AutomlSettings = Field(default_factory=AutomlSettings, description="defaults of the search")
    orchestration: OrchestrationSettings = Field(default_factory=OrchestrationSettings, description="how jobs run")
    drift_monitoring: DriftMonitoringSettings = Field(
        default_factory=DriftMonitoringSettings, description="defaults of every model's checks"
    )
    pipeline_defaults: PipelineSettings = Field(
        default_factory=PipelineSettings, description="the pipeline of models that name none"
    )
    pipelines: dict[str, PipelineSettings] = Field(
        default_factory=dict[str, PipelineSettings], description="pipelines that models may name"
    )
    workflows: dict[str, WorkflowSettings] = Field(
        default_factory=dict[str, WorkflowSettings], description="tasks that depend on one another, by name"
    )


class Model(Section):
    """A model with every default filled in and every path absolute: what the rest of the program works with."""

    name: str
    task: Task
    target: str | None
    timestamp: str | None
    features: tuple[str, ...] | None
    exclude: tuple[str, ...]
    tags: tuple[str, ...] = ()
    prediction: str | None
    score: str | None
    metric: Metric
    reference: ReferenceSettings
    production: ProductionSettings
    labels: LabelSettings
    schedule: ScheduleSettings
    #: None: nothing here trains this model
    pipeline: PipelineSettings | None
    #: what a model deployed elsewhere scores while it is well, where whoever deployed it says so
    baselines: tuple[MetricReading, ...] = ()
    #: whoever holds the engine retrains it, in process
    retrained_by_caller: bool = False
    gate_rows: int = 500
    gate_rows_per_class: int = 50
    #: a trainer of its own, in the config file's folder
    trainer: TrainerSettings | None = None
    trainer_folder: Path = Path()
    #: a search makes its versions; `pipeline` is then what compares spans of rows
    automl: AutomlSettings | None = None
    responses: tuple[str, ...]
    #: whether the policy only says what it would do, asks a person first, or acts
    mode: Literal["observe", "suggest", "act"] = "act"
    drift_threshold: float
    columns: dict[str, ColumnSettings] = Field(default_factory=dict[str, ColumnSettings])
    #: by name, with their options
    detectors: dict[str, dict[str, Any]] = Field(default_factory=dict[str, dict[str, Any]])
    #: while nothing changes, time between two alarms, on average at least
    false_alarm_every: timedelta = timedelta(days=30)
    opens_after: int
    opens_within: int = 3
    opens_at: float | None = 1.1
    clears_after: int
    clears_below: float = 0.8
    max_retrains_per_day: int
    job_timeout: timedelta
    #: where its versions live: <state>/models/NAME
    folder: Path

    @property
    def band(self) -> tuple[float, float]:
        """Shares of a threshold: below the first is calm, from the second on nobody waits for another check."""
        return self.clears_below, math.inf if self.opens_at is None else self.opens_at

    @property
    def column_tests(self) -> dict[str, tuple[ColumnTest, ...]]:
        """The tests chosen for single columns."""
        return {name: column.tests for name, column in self.columns.items() if column.tests is not None}

    @property
    def column_kinds(self) -> dict[str, Kind]:
        """The kinds chosen for single columns."""
        return {name: column.kind for name, column in self.columns.items() if column.kind is not None}


class Loaded(Section):
    """A config ready for use: `config` as written, the rest resolved, `warnings` a person should read."""

    path: Path
    state: Path
    store_url: str
    config: Config
    models: dict[str, Model]
    #: the channels that are on: `alerts.channels` and those of `drift_monitoring.alert_channels` that can be
    channels: dict[str, ChannelSettings] = Field(default_factory=dict[str, ChannelSettings])
    warnings: tuple[str, ...] = ()
