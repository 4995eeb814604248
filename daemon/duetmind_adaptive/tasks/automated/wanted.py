"""What an automated training is to do, as it is written down when it is ordered: nothing of it changes later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from duetmind_adaptive.settings.document import Document
from duetmind_adaptive.settings.model import Config, Model
from duetmind_adaptive.settings.pipeline import AutomlSettings, PipelineSettings
from duetmind_adaptive.settings.problems import validate
from duetmind_adaptive.settings.resolve import resolve_models
from duetmind_adaptive.settings.types import Metric, Section, Task

#: where, in the working folder, each training keeps its files; the database, the config, and the windows to come
TRAININGS, DATABASE, CONFIG, PRODUCTION = "training", "duetmind.db", "duetmind.yaml", "production"
#: the rows that the model learned from, in the folder of its training
LEARNED = "learned.parquet"


class Wanted(Section):
    """One order; paths are absolute."""

    id: str
    #: of the model that the version will be one of
    name: str
    #: of the system
    folder: Path
    data: str
    #: tells the data's files, as they were when it was ordered, from others: the same order of those is another one
    state: str
    target: str
    #: of the reference: a model learns from no others, because production has no others
    columns: tuple[str, ...]
    #: names of the baseline metrics
    baselines: tuple[str, ...] = ()
    #: None where only a search makes candidates
    pipeline: PipelineSettings | None = None
    #: None where nothing is searched for
    automl: AutomlSettings | None = None
    #: trials at most; None: until nothing more is to be gained
    n_trials: int | None = None
    #: trials at a time
    jobs: int = 1
    seed: int = 0
    #: sections of the config that the working folder gets beside its model
    sections: dict[str, Any] = Field(default_factory=dict[str, Any])

    @property
    def home(self) -> Path:
        """Where this training keeps its files."""
        return self.folder / TRAININGS / self.id


def document_of(wanted: Wanted, *, task: Task, metric: Metric, features: tuple[str, ...]) -> dict[str, Any]:
    """The config of the working folder once the model serves: what `duetmind run` goes on with; paths are relative."""
    model: dict[str, Any] = {
        "task": task,
        "target": wanted.target,
        "metric": metric,
        "features": list(features),
        "reference": {"path": f"{TRAININGS}/{wanted.id}/{LEARNED}"},
        "production": {"path": f"{PRODUCTION}/*.parquet", "window": {"rows": 1000}},
    }
    if wanted.pipeline is not None:
        model["pipeline"] = wanted.pipeline.model_dump(mode="json", exclude_defaults=True) or {"name": "default"}
    if wanted.automl is not None:
        model["automl"] = wanted.automl.model_dump(mode="json") | {"objective_metric": metric}
    return {"store": {"url": f"sqlite:///{DATABASE}"}, **wanted.sections, "models": {wanted.name: model}}


def model_of(document: dict[str, Any], folder: Path) -> Model:
    """The one model of such a config.

    Raises
    ------
    ConfigError
        The config cannot be.
    """
    config = validate(Config, Document(name=str(folder / CONFIG), data=document))
    pipelines = {
        name: model.pipeline for name, model in config.models.items() if isinstance(model.pipeline, PipelineSettings)
    }
    (model,) = resolve_models(config, base=folder, pipelines=pipelines, known_responses=frozenset()).values()
    return model
