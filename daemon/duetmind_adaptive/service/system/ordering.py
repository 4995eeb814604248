"""An order of a training: looked at before anything of it is written down."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from duetmind_adaptive.errors import ColumnMissingError
from duetmind_adaptive.jobs.cpus import usable_cpus
from duetmind_adaptive.service.system.configured import Configured
from duetmind_adaptive.service.system.folder import SystemState, digest
from duetmind_adaptive.settings.named_pipelines import find_pipeline
from duetmind_adaptive.settings.pipeline import PipelineSettings
from duetmind_adaptive.sources.files import existing_files
from duetmind_adaptive.sources.whole import WholeFiles
from duetmind_adaptive.tasks.automated.wanted import Wanted
from duetmind_adaptive.training.custom_pipeline.named import PipelineRegistry


@dataclass(frozen=True, slots=True)
class Ordered:
    """As the caller said it."""

    data: str
    target: str
    pipeline: str | PipelineSettings | None
    automl: bool
    seed: int


def order_of(
    ordered: Ordered, told: Configured, state: SystemState, folder: Path, pipelines: PipelineRegistry
) -> Wanted:
    """The order with every default, without an id yet.

    Raises
    ------
    SourceError
        The data is not there, or has no such column.
    ConfigError
        There is no such pipeline.
    """
    facts = [f"{each.name} {each.size} {each.modified_ns}" for each in existing_files(ordered.data)]
    with WholeFiles(ordered.data) as files:
        if ordered.target not in files.names:
            listed = ", ".join(files.names[:20])
            raise ColumnMissingError(f"{ordered.data} has no column '{ordered.target}'; it has {listed}")
    return Wanted(
        id="training-0000",
        name=state.name,
        folder=folder,
        data=str(Path(ordered.data).absolute()),
        state=digest("\n".join(facts).encode()),
        target=ordered.target,
        columns=state.columns,
        baselines=tuple(state.baselines),
        pipeline=_pipeline(ordered, told, pipelines),
        automl=told.automl if ordered.automl else None,
        n_trials=told.n_trials,
        jobs=usable_cpus(),
        seed=ordered.seed,
        sections=state.sections,
    )


def _pipeline(ordered: Ordered, told: Configured, pipelines: PipelineRegistry) -> PipelineSettings | None:
    """The pipeline that is named; beside a search none has to be."""
    name = ordered.pipeline
    if name is None:
        return None if ordered.automl else told.config.pipeline_defaults
    if isinstance(name, str) and name not in told.config.pipelines and name in pipelines:
        return pipelines.get(name)
    return find_pipeline(name, told.config, Path.cwd())
