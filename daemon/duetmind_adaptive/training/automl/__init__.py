"""AutoML: finds, tunes and blends models of a table within a time, in processes of its own (the guide's section 1).

The optimizer is imported when it is asked for: workers need its parts and not itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duetmind_adaptive.training.automl.optimizer import AutoMLOptimizer, create_automl_optimizer

#: what the fork server of a search imports
PRELOAD = ("duetmind_adaptive.training.automl.preload",)

__all__ = ["AutoMLOptimizer", "create_automl_optimizer"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from duetmind_adaptive.training.automl import optimizer  # noqa: PLC0415 - the reason for this function

    return getattr(optimizer, name)
