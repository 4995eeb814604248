"""Transformers of one's own: found by entry point (`duetmind.transformers`) or by import path."""

from __future__ import annotations

import contextlib
import importlib
from typing import Any

from duetmind_adaptive import plugins
from duetmind_adaptive.contracts import Algorithm
from duetmind_adaptive.errors import PluginError, TrainingError
from duetmind_adaptive.plugins import TRANSFORMERS
from duetmind_adaptive.settings.pipeline import CustomTransformerSettings


def make_transformer(settings: CustomTransformerSettings) -> Any:
    """The transformer, unfitted.

    Raises
    ------
    TrainingError
        When it cannot be found or made, or is no transformer; one sentence says what to change.
    """
    name = settings.transformer
    if name not in plugins.installed(TRANSFORMERS) and ":" not in name:
        there = ", ".join(sorted(plugins.installed(TRANSFORMERS))) or "none"
        raise TrainingError(f"there is no transformer '{name}'; installed: {there}; or write it as module:Class")
    try:
        factory = plugins.load(TRANSFORMERS, name) if ":" not in name else _imported(name)
        sentence = f"transformer '{name}' cannot be made with its options"
        transformer = plugins.guarded(lambda: factory(**settings.options), sentence)
    except PluginError as error:
        raise TrainingError(str(error)) from error
    if lacking := plugins.missing(TRANSFORMERS, transformer):
        raise TrainingError(f"'{name}' {lacking}")
    return transformer


def plugged_types() -> frozenset[str]:
    """Full names of the classes that installed packages registered: those that artifacts may hold beside ours."""
    held = _loaded(TRANSFORMERS)
    names = {f"{each.__module__}.{each.__qualname__}" for each in held if isinstance(each, type)}
    for algorithm in _loaded(plugins.ALGORITHMS):
        if isinstance(algorithm, Algorithm):
            paths = (path for path in (algorithm.classifier, algorithm.regressor) if path)
            names |= {*algorithm.artifact_types, *(path.replace(":", ".") for path in paths)}
    return frozenset(names)


def _loaded(group: str) -> list[Any]:
    """What can be loaded of a group: one that is broken costs itself only, and is named where it is asked for."""
    made: list[Any] = []
    for entry in plugins.installed(group).values():
        with contextlib.suppress(PluginError):
            made.append(plugins.load_entry(entry))
    return made


def _imported(path: str) -> Any:
    module, _, attribute = path.partition(":")
    sentence = f"transformer '{path}' cannot be loaded"
    return plugins.guarded(lambda: getattr(importlib.import_module(module), attribute), sentence)
