"""The configuration of a pipeline as Python writes it: the settings of the YAML, and one sentence for what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from duetmind_adaptive.settings.document import Document, read_document
from duetmind_adaptive.settings.pipeline import (
    EvaluationSettings,
    PipelineModelSettings,
    PipelineSettings,
    PreprocessingSettings,
)
from duetmind_adaptive.settings.problems import explain, validate
from duetmind_adaptive.settings.types import Section


class _Config(Section):
    """Keyword arguments checked like a file's keys."""

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise explain(error, type(self), Document(name=type(self).__name__, data=values)) from None


class PreprocessingConfig(_Config, PreprocessingSettings):
    """What happens to the columns first; every argument is a key of the YAML's `preprocessing`.

    Examples
    --------
    >>> PreprocessingConfig(numerical_scaler="robust").missing_value_strategy
    'median'
    >>> PreprocessingConfig(numerical_scaler="robst")
    Traceback (most recent call last):
    duetmind_adaptive.errors.ConfigError: PreprocessingConfig: numerical_scaler: found 'robst', allowed: \
standard, minmax, robust, quantile, power, none; did you mean robust?
    """


class ModelConfig(_Config, PipelineModelSettings):
    """What learns; every argument is a key of the YAML's `model`."""


class EvaluationConfig(_Config, EvaluationSettings):
    """What is reported; every argument is a key of the YAML's `evaluation`."""


class PipelineConfig(_Config, PipelineSettings):
    """A pipeline: what happens to the columns, what learns, and what is reported.

    Raises
    ------
    ConfigError
        When an argument is unknown or has a value that is not allowed; one sentence names it and what is.

    Examples
    --------
    >>> config = PipelineConfig(name="mine", model=ModelConfig(algorithm="svm"))
    >>> PipelineConfig.from_dict(config.to_dict()).model.algorithm
    'svm'
    """

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> PipelineConfig:
        """A configuration from plain values, as `to_dict` gives them or YAML holds them."""
        return cls(
            **validate(PipelineSettings, Document(name=cls.__name__, data=values)).model_dump(exclude_unset=True)
        )

    @classmethod
    def from_yaml(cls, path: str | Path) -> PipelineConfig:
        """The configuration in a YAML file.

        Raises
        ------
        ConfigError
            When the file cannot be read or is not a pipeline, naming line and key.
        """
        return cls(**validate(PipelineSettings, read_document(Path(path))).model_dump(exclude_unset=True))

    def to_dict(self) -> dict[str, Any]:
        """What differs from the defaults, as plain values."""
        return {"name": self.name, **self.model_dump(mode="json", exclude_defaults=True)}

    def to_yaml(self) -> str:
        """The configuration as a YAML document that `from_yaml` reads."""
        return yaml.safe_dump(self.to_dict(), sort_keys=False, allow_unicode=True)


#: what stands for a configuration: itself, its plain values, or the YAML file that holds it
Configured = PipelineSettings | dict[str, Any] | str | Path


def as_config(config: Configured) -> PipelineSettings:
    """What a builder takes: a configuration, its plain values, or the YAML file that holds it.

    Raises
    ------
    ConfigError
        When it is none of these.
    """
    if isinstance(config, PipelineSettings):
        return config
    if isinstance(config, dict):
        return PipelineConfig.from_dict(config)
    return PipelineConfig.from_yaml(config)
