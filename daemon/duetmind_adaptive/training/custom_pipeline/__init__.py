"""The guide's pipelines: a configuration in, a plain scikit-learn `Pipeline` out.

Importing this package loads nothing heavy; each public name loads what it needs on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duetmind_adaptive.training.custom_pipeline.configuration import (
        EvaluationConfig,
        ModelConfig,
        PipelineConfig,
        PreprocessingConfig,
    )
    from duetmind_adaptive.training.custom_pipeline.dynamic import DynamicPipelineBuilder, create_pipeline_builder
    from duetmind_adaptive.training.custom_pipeline.named import PipelineRegistry

__all__ = [
    "DynamicPipelineBuilder",
    "EvaluationConfig",
    "ModelConfig",
    "PipelineConfig",
    "PipelineRegistry",
    "PreprocessingConfig",
    "create_pipeline_builder",
]

#: public name -> the module of this package that it comes from
_LAZY = {
    "DynamicPipelineBuilder": "dynamic",
    "EvaluationConfig": "configuration",
    "ModelConfig": "configuration",
    "PipelineConfig": "configuration",
    "PipelineRegistry": "named",
    "PreprocessingConfig": "configuration",
    "create_pipeline_builder": "dynamic",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
