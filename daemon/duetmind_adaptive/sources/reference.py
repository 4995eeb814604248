"""The reference period: what a model learned from, and what its production data are compared with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import pyarrow as pa

from duetmind_adaptive.errors import ColumnMissingError, SourceError, SourceMissingError
from duetmind_adaptive.settings.model import Model, ReferenceSettings
from duetmind_adaptive.sources.arrow_types import Types
from duetmind_adaptive.sources.feed import Feed, Place
from duetmind_adaptive.sources.files import DataFile
from duetmind_adaptive.sources.labels import joined
from duetmind_adaptive.sources.plugged import files_of
from duetmind_adaptive.sources.selection import Selection
from duetmind_adaptive.sources.spot import Spot

#: models whose column types a worker remembers
TYPES_KEPT = 1024
#: bytes of the first file that tell one reference from another
HEAD = 4096


def read_reference(model: Model) -> pa.Table:
    """The reference's rows, the target joined where labels live elsewhere.

    Raises
    ------
    SourceError
        A file cannot be read, or the period has fewer rows than `rows` states (a growing reference is none).
    ColumnMissingError
        The target, a feature or one of `columns` that the config names is not there; the sentence lists what is.
    """
    table = joined(_selected(model.reference, model.timestamp, files_of(model.reference)), model)
    there = set(table.column_names)
    for name in (model.target, *(model.features or ()), *model.columns):
        if name is not None and name not in there:
            raise ColumnMissingError(
                f"{model.reference.named}: the reference has no column '{name}', which models.{model.name} names; "
                f"its columns are {', '.join(table.column_names[:40])}"
            )
    return table


def reference_types(model: Model) -> Types:
    """The types of the reference's columns, so that those of production text do not change from window to window.

    Empty when the reference cannot be read: then the text speaks for itself.
    """
    try:
        files = files_of(model.reference)
        head = hashlib.blake2b(_head(files[0]), digest_size=16).hexdigest()
        return _types(model.reference.model_dump_json(by_alias=True), model.timestamp, head)
    except SourceError:
        return {}


@lru_cache(maxsize=TYPES_KEPT)
def _types(document: str, timestamp: str | None, head: str) -> Types:  # noqa: ARG001 - part of the key
    settings = ReferenceSettings.model_validate_json(document)
    files = files_of(settings)
    if not all(file.is_typed for file in files):
        schema = _selected(settings, timestamp, files).schema
    else:
        with Feed(files) as feed:
            schema = feed.opened(0).read(Spot(), 0, None, {})[0].schema
    return {field.name: field.type for field in schema}


def _selected(settings: ReferenceSettings, timestamp: str | None, files: Sequence[DataFile]) -> pa.Table:
    selection = Selection.of(settings, timestamp)
    required = [timestamp] if timestamp is not None and (settings.from_ or settings.to) else []
    with Feed(files, required=required, timestamp=timestamp, at_rest=True) as feed:
        start = selection.begin(feed, Place(), 0)
        walk, closed = selection.walk(feed, start.place, start.skipped)
        if selection.last is not None and not closed:
            raise SourceError(
                f"{settings.named}: has {start.skipped + walk.rows} rows, but the reference asks for rows "
                f"{selection.first} to {selection.last}; mend `rows` in the config"
            )
        if not walk.rows:
            raise SourceMissingError(f"{settings.named}: no row is in the reference period; mend rows, from or to")
        return feed.read(start.place, walk.rows)


def _head(file: DataFile) -> bytes:
    try:
        with file.path.open("rb") as handle:
            return handle.read(HEAD)
    except OSError:
        return b""
