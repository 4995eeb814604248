"""Finds the pipeline that a model names: the config's own, one that ships with the package, or a YAML file.

The shipped ones are the names that the guide's examples use; they stand as YAML in `settings/pipelines/`.
"""

from __future__ import annotations

from pathlib import Path

from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.settings.document import read_document
from duetmind_adaptive.settings.model import Config
from duetmind_adaptive.settings.pipeline import PipelineSettings
from duetmind_adaptive.settings.problems import found, validate

SHIPPED = Path(__file__).parent / "pipelines"
_SUFFIXES = {".yaml", ".yml", ".json"}


def shipped_names() -> list[str]:
    """The pipelines that every installation has.

    >>> shipped_names()
    ['advanced_pipeline', 'medical_classification', 'my_pipeline']
    """
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def load_pipeline(path: Path) -> PipelineSettings:
    """Read a pipeline file in the guide's form.

    Raises
    ------
    ConfigError
        If the file cannot be read or is not a pipeline, naming line and key.
    """
    return validate(PipelineSettings, read_document(path))


def find_pipeline(reference: str | PipelineSettings, config: Config, base: Path) -> PipelineSettings:
    """The pipeline that `reference` means; relative files start at `base`.

    Raises
    ------
    ConfigError
        With one sentence, if there is none of that name, or the file is not a pipeline.
    """
    if isinstance(reference, PipelineSettings):
        return reference
    if reference in config.pipelines:
        return config.pipelines[reference]
    if reference in (shipped := shipped_names()):
        return load_pipeline(SHIPPED / f"{reference}.yaml")
    path = base / reference
    if path.suffix.lower() in _SUFFIXES or path.is_file():
        return load_pipeline(path)
    names = [*config.pipelines, *shipped]
    raise ConfigError(found(reference, [*names, "a YAML file"], near=names))
