"""Writes the model of a search as an artifact; runs in the worker that has put it together."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from duetmind_adaptive.registry.artifact import save_artifact
from duetmind_adaptive.registry.manifest import Manifest
from duetmind_adaptive.tasks.libraries import library_versions
from duetmind_adaptive.training.automl.orders import Delivered


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
        libraries=library_versions(),
        pipeline={"automl": {"trials": {str(number): weight for number, weight in delivered.weights.items()}}},
        created=datetime.now(UTC),
    )
    save_artifact(path, pipeline, manifest)
