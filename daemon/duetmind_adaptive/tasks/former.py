"""Versions that served before, as candidates: where an old world comes back its model is there already.

They answer the rows that spans are chosen on, beside the models fitted anew, and cost no fit. One that does clearly
better goes through the same gate, and what proves itself serves under a new number: its artifact is the very same, its
profile, baseline and hold-out are of today's rows, which is what later windows have to be compared with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from duetmind_adaptive.durable import write_durably
from duetmind_adaptive.errors import ArtifactError, ColumnMismatchError, ColumnMissingError
from duetmind_adaptive.records import VersionRef
from duetmind_adaptive.registry.artifact import load_artifact
from duetmind_adaptive.registry.layout import ARTIFACT
from duetmind_adaptive.registry.loaded import LoadedModel
from duetmind_adaptive.tasks.requests import TrainRequest
from duetmind_adaptive.tasks.shown import Shown
from duetmind_adaptive.tasks.training_data import TrainingData
from duetmind_adaptive.tasks.version_folder import last_row_seen
from duetmind_adaptive.training.examples import Examples


@dataclass(frozen=True, slots=True, eq=False)
class Former:
    """A version that served before, verified and loaded."""

    version: VersionRef
    loaded: LoadedModel

    def show(self, data: TrainingData, examples: Examples) -> Shown | None:
        """What it answers; None where the data no longer fits it."""
        table = data.labelled_rows(examples.rows)
        if table.num_rows != len(examples):  # reference and production are of other types: not one table
            return None
        try:
            return Shown.of(self.loaded, table, examples)
        except (ColumnMissingError, ColumnMismatchError, ValueError, TypeError):
            return None


def formers(request: TrainRequest, data: TrainingData, judged: Examples) -> Iterator[tuple[Former, Shown]]:
    """Each version that served before and can be set beside new ones on `judged`, with its answers.

    One whose artifact is gone or damaged, that learned from those rows, or that the data no longer fits, cannot.
    """
    for version in request.former:
        try:
            loaded = load_artifact(version.artifact or Path(), version.sha256 or "")
            seen = last_row_seen(version)
        except ArtifactError:
            continue
        former = Former(version, loaded)
        shown = former.show(data, judged) if len(judged) and seen <= judged.rows[0] else None
        if shown is not None:
            yield former, shown


def copy_artifact(former: Former, folder: Path) -> str:
    """Put its artifact into another version's folder; the sha256, which is the one it has.

    Raises
    ------
    ArtifactError
        When it was changed after it was verified.
    """
    content = (former.version.artifact or Path()).read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != former.version.sha256:
        raise ArtifactError(f"{former.version.artifact} was changed while version {former.version.version} was judged")
    write_durably(folder / ARTIFACT, content)
    return sha256
