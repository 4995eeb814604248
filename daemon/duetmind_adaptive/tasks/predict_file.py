"""Scores a file of any size with a saved model, some rows at a time. What `duetmind predict` does."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from duetmind_adaptive.errors import ColumnMissingError, ConfigError, SourceMissingError
from duetmind_adaptive.registry.loaded import LoadedModel
from duetmind_adaptive.registry.loading import load_model
from duetmind_adaptive.sources.arrow_types import TEXT
from duetmind_adaptive.sources.feed import Feed, Place
from duetmind_adaptive.sources.files import existing_files
from duetmind_adaptive.sources.spot import ALL_ROWS

#: rows that are read, answered and written at a time
ROWS = 50_000

#: told how many rows of how many are answered
Progress = Callable[[int, int], None]


class _Writer(Protocol):
    def write_table(self, table: pa.Table) -> None: ...


def predict_file(
    artifact: str, data: str, output: Path, *, sha256: str | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Write a row of answers for each row of `data`, in its order: `prediction`, and `probability_CLASS` of each class.

    Parameters
    ----------
    artifact
        A file, a version's folder or a daemon's address, as `load_model` takes them.
    data
        CSV or Parquet: a file, a glob or a folder with at least the columns that the model learned from.
    output
        `.csv` or `.parquet`; written whole or not at all.
    sha256
        What the artifact's has to be.

    Raises
    ------
    ArtifactError
        The model is damaged, or not the one it should be.
    SourceError
        The data cannot be read or does not fit the model; the sentence names the columns.
    ConfigError
        The output cannot be written.
    """
    model = load_model(artifact, sha256=sha256)
    texts = {feature.name: TEXT for feature in model.manifest.features if feature.dtype == str(TEXT)}
    with Feed(existing_files(data), types=lambda: texts, at_rest=True) as feed:
        _refuse(feed, model)
        total, done = feed.walk(Place(), ALL_ROWS).rows, 0
        if not total:
            raise SourceMissingError(f"{data}: has no rows to answer")
        with _writing(output, _answers(model, feed.read(Place(), 1, model.features)).schema) as writer:
            for part in _parts(feed, model):
                writer.write_table(_answers(model, part))
                done += part.num_rows
                if progress:
                    progress(done, total)
    return {"model": model.manifest.model, "task": model.manifest.task, "rows": done, "output": str(output)}


def _refuse(feed: Feed, model: LoadedModel) -> None:
    """Name the columns that a file lacks."""
    for index, file in enumerate(feed.files):
        there = feed.opened(index).names or ()
        if missing := [name for name in model.features if name not in there]:
            listed = ", ".join(f"'{name}'" for name in missing)
            plural = "column" if len(missing) == 1 else "columns"
            raise ColumnMissingError(f"{file.path}: the model needs {plural} {listed}, which the file does not have")


def _parts(feed: Feed, model: LoadedModel) -> Iterator[pa.Table]:
    place = Place()
    while (walk := feed.walk(place, ROWS)).rows:
        yield feed.read(place, walk.rows, model.features)
        place = walk.place


def _answers(model: LoadedModel, rows: pa.Table) -> pa.Table:
    prediction, _ = model.answer(rows)
    columns: dict[str, Any] = {"prediction": pa.array(prediction.tolist())}
    if model.manifest.task != "regression":
        probabilities = model.predict_proba(rows)
        columns |= {
            f"probability_{name}": pa.array(probabilities[:, at]) for at, name in enumerate(model.manifest.classes)
        }
    return pa.table(columns)


@contextmanager
def _writing(path: Path, schema: pa.Schema) -> Generator[_Writer]:
    unfinished = path.with_name(f".{path.name}.tmp")
    make: Any = pq.ParquetWriter if path.suffix.lower() == ".parquet" else pc.CSVWriter
    try:
        with make(str(unfinished), schema) as writer:
            yield writer
        unfinished.replace(path)
    except OSError as refused:
        reason = (refused.strerror or str(refused)).lower()
        raise ConfigError(f"{path}: cannot be written ({reason}); choose another --output") from refused
    finally:
        unfinished.unlink(missing_ok=True)
