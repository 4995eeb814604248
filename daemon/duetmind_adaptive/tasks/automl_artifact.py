"""Writes the model of a search as an artifact; runs in the worker that has put it together."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from duetmind_adaptive.registry.artifact import save_artifact
from duetmind_adaptive.registry.manifest import Manifest
from duetmind_adaptive.training.automl.orders import Delivered

#: whose versions an artifact tells
LIBRARIES = ("duetmind-adaptive", "scikit-learn", "numpy", "pandas", "scipy", "lightgbm", "xgboost-cpu")


def write_artifact(path: Path, facts: dict[str, Any], pipeline: Any, delivered: Delivered) -> None:
    """Save the pipeline with what is known of it.

    Parameters
    ----------
    path
        The file; an older one is replaced whole.
    facts
        The manifest's fields that come from the data.
    pipeline, delivered
        The model, and what the search says of it.
    """
    score = {} if delivered.answers is None else {facts["metric"]: delivered.score}
    manifest = Manifest(
        **facts,
        threshold=delivered.threshold,
        metrics=score,
        libraries={"python": platform.python_version(), **_versions()},
        pipeline={"automl": {"trials": {str(number): weight for number, weight in delivered.weights.items()}}},
        created=datetime.now(UTC),
    )
    save_artifact(path, pipeline, manifest)


def _versions() -> dict[str, str]:
    found = dict[str, str]()
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
