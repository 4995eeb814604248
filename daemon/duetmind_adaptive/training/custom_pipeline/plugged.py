"""Transformers of one's own: found by entry point (`duetmind.transformers`) or by import path."""

from __future__ import annotations

import importlib
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.settings.pipeline import ALGORITHMS, CustomTransformerSettings
from duetmind_adaptive.training.custom_pipeline.algorithms import Algorithm

GROUP = "duetmind.transformers"


def make_transformer(settings: CustomTransformerSettings) -> Any:
    """The transformer, unfitted.

    Raises
    ------
    TrainingError
        When it cannot be found or made, or is no transformer; one sentence says what to change.
    """
    made = _find(settings.transformer)
    try:
        transformer = made(**settings.options)
    except Exception as error:
        raise TrainingError(
            f"transformer '{settings.transformer}' cannot be made with its options: {type(error).__name__}: {error}"
        ) from error
    if not (hasattr(transformer, "fit") and hasattr(transformer, "transform") and hasattr(transformer, "get_params")):
        raise TrainingError(
            f"'{settings.transformer}' is no scikit-learn transformer: it needs fit, transform and get_params"
        )
    return transformer


def plugged_types() -> frozenset[str]:
    """Full names of the classes that installed packages registered: those that artifacts may hold beside ours."""
    held = [_loaded(entry) for entry in entry_points(group=GROUP)]
    names = {f"{each.__module__}.{each.__qualname__}" for each in held if isinstance(each, type)}
    for algorithm in map(_loaded, entry_points(group=ALGORITHMS)):
        if isinstance(algorithm, Algorithm):
            paths = (path for path in (algorithm.classifier, algorithm.regressor) if path)
            names |= {*algorithm.artifact_types, *(path.replace(":", ".") for path in paths)}
    return frozenset(names)


def _loaded(entry: EntryPoint) -> Any:
    try:
        return entry.load()
    except Exception:  # noqa: BLE001 - a plug-in's import may raise anything; it must cost itself only
        return None


def _find(name: str) -> Any:
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    module, is_path, attribute = name.partition(":")
    if name not in found and not is_path:
        there = ", ".join(sorted(found)) or "none"
        raise TrainingError(f"there is no transformer '{name}'; installed: {there}; or write it as module:Class")
    try:
        return found[name].load() if name in found else getattr(importlib.import_module(module), attribute)
    except Exception as error:
        raise TrainingError(f"transformer '{name}' cannot be loaded: {type(error).__name__}: {error}") from error
