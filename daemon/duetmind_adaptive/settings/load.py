"""Loads a configuration file: read, overridden by the environment, validated, checked, resolved."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.settings.checks import active_channels, check, known_responses
from duetmind_adaptive.settings.document import Document, read_document
from duetmind_adaptive.settings.environment import apply_environment
from duetmind_adaptive.settings.model import Config, Loaded
from duetmind_adaptive.settings.model_checks import missing_extra
from duetmind_adaptive.settings.named_pipelines import find_pipeline
from duetmind_adaptive.settings.pipeline import PipelineSettings
from duetmind_adaptive.settings.problems import Problem, error_of, validate
from duetmind_adaptive.settings.resolve import database_path, resolve_models, state_folder


def load_config(path: Path, environ: Mapping[str, str]) -> Loaded:
    """Load the configuration in `path`, with the overrides of `environ` (see `settings.environment`).

    Nothing outside the config is looked at but the pipeline files it names: data, secrets and the store may
    still be missing.

    Raises
    ------
    ConfigError
        With the first problem as its message, one line that names file, line, key, what was found and what is
        allowed, and all of them in `problems`.
    """
    document = apply_environment(read_document(path), environ)
    config = validate(Config, document)
    base = path.absolute().parent
    problems = check(config)
    pipelines, more = _pipelines(config, base)
    problems += more
    errors = [problem for problem in problems if not problem.warning]
    if errors:
        raise error_of(errors, document)
    return _loaded(path, config, base, pipelines, _lines(problems, document))


def _loaded(
    path: Path, config: Config, base: Path, pipelines: Mapping[str, PipelineSettings], warnings: tuple[str, ...]
) -> Loaded:
    return Loaded(
        path=path.absolute(),
        state=state_folder(config, base),
        store_url=f"sqlite:///{database_path(config, base)}",
        config=config,
        models=resolve_models(config, base=base, pipelines=pipelines, known_responses=known_responses(config)),
        channels=active_channels(config),
        warnings=warnings,
    )


def _pipelines(config: Config, base: Path) -> tuple[dict[str, PipelineSettings], list[Problem]]:
    """By model, the pipeline it names; and what is wrong with them."""
    pipelines: dict[str, PipelineSettings] = {}
    problems: list[Problem] = []
    cache: dict[str, PipelineSettings | ConfigError] = {}
    for name, model in config.models.items():
        if model.pipeline is None:
            continue
        pipeline = _cached(model.pipeline, config, base, cache)
        path = ("models", name, "pipeline")
        if isinstance(pipeline, ConfigError):
            problems.append(Problem(path=path, text=str(pipeline)))
            continue
        pipelines[name] = pipeline
        if lacking := missing_extra(pipeline.model.algorithm):
            problems.append(Problem(path=path, text=lacking, warning=True))
    return pipelines, problems


def _cached(
    reference: str | PipelineSettings, config: Config, base: Path, cache: dict[str, PipelineSettings | ConfigError]
) -> PipelineSettings | ConfigError:
    """A pipeline, or why there is none; a file that a thousand models name is read once."""
    if isinstance(reference, PipelineSettings):
        return reference
    if reference not in cache:
        try:
            cache[reference] = find_pipeline(reference, config, base)
        except ConfigError as error:
            cache[reference] = error
    return cache[reference]


def _lines(problems: list[Problem], document: Document) -> tuple[str, ...]:
    return tuple(problem.line(document) for problem in problems if problem.warning)
