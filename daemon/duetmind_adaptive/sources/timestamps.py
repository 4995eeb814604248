"""Brings every way to write a moment to one: microseconds, UTC.

Naive moments are UTC. Text is ISO 8601. Whole numbers are epoch seconds, milli-, micro- or nanoseconds when every
value lies in 1980–2100 in exactly that unit (the four ranges do not overlap); other numbers are refused.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.errors import SourceFormatError
from duetmind_adaptive.sources.compute import integers, pc

MOMENT = pa.timestamp("us", tz="UTC")
#: what a missing timestamp is among the integers of `microseconds`
MISSING = int(np.iinfo(np.int64).min)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: an offset after the ten characters of the date, which ends like one
_ZONED = r"^.{10}.*(?:[Zz]|[+-]\d{2}(?::?\d{2})?)$"
_FIRST_SECOND = int(datetime(1980, 1, 1, tzinfo=UTC).timestamp())
_LAST_SECOND = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())
_UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def as_moments(column: pa.ChunkedArray, where: str) -> pa.ChunkedArray:
    """`column` as UTC microseconds; `where` begins the sentence of the SourceFormatError it may raise.

    >>> as_moments(pa.chunked_array([["2026-01-02T03:00+03:00", "2026-01-02", None]]), "a.csv").to_pylist()[0].hour
    0
    """
    kind = column.type
    if pa.types.is_timestamp(kind):
        return _to_utc(column)
    if pa.types.is_date(kind):
        return _to_utc(column.cast(pa.timestamp("us")))
    if pa.types.is_null(kind):
        return column.cast(MOMENT)
    if pa.types.is_integer(kind):
        return _from_epoch(column, where)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _from_text(column, where)
    raise SourceFormatError(f"{where} holds {kind} values, not moments; write ISO 8601 text or a timestamp type")


def microseconds(moments: pa.ChunkedArray) -> NDArray[np.int64]:
    """Moments as microseconds since 1970, `MISSING` where null."""
    values = moments.combine_chunks().view(pa.int64())
    if not len(values):
        return np.empty(0, np.int64)
    here = slice(values.offset, values.offset + len(values))
    valid, raw = values.buffers()
    stamps = np.frombuffer(raw, np.int64)[here]
    if not values.null_count:
        return stamps
    return np.where(np.unpackbits(np.frombuffer(valid, np.uint8), bitorder="little")[here], stamps, MISSING)


def to_microseconds(moment: datetime) -> int:
    """One moment as microseconds since 1970, exactly.

    >>> to_microseconds(datetime(1970, 1, 2, tzinfo=UTC))
    86400000000
    """
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)


def from_microseconds(value: int) -> datetime:
    """The inverse of `to_microseconds`."""
    return _EPOCH + timedelta(microseconds=value)


def _to_utc(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if column.type.tz is None:
        column = pc.assume_timezone(column, "UTC")
    return column.cast(MOMENT, safe=False)


def _from_epoch(column: pa.ChunkedArray, where: str) -> pa.ChunkedArray:
    bounds = pc.min_max(column).as_py()
    low, high = bounds["min"], bounds["max"]
    if low is None:
        return column.cast(pa.int64()).cast(MOMENT)
    for unit, factor in _UNITS.items():
        if low >= _FIRST_SECOND * factor and high < _LAST_SECOND * factor:
            return _to_utc(column.cast(pa.int64()).cast(pa.timestamp(unit)))
    raise SourceFormatError(
        f"{where} holds whole numbers from {low} to {high}, which are no epoch time of 1980–2100; "
        "write ISO 8601 text or a timestamp type, or leave `timestamp` out of the config"
    )


def _from_text(column: pa.ChunkedArray, where: str) -> pa.ChunkedArray:
    text = pc.utf8_trim_whitespace(column)
    zoned = pc.match_substring_regex(text, _ZONED)
    nothing = pa.nulls(len(text), text.type)
    try:
        aware = pc.if_else(zoned, text, nothing).cast(MOMENT)
        naive = _to_utc(pc.if_else(zoned, nothing, text).cast(pa.timestamp("us")))
        return pc.coalesce(aware, naive)
    except pa.ArrowInvalid:
        return _one_by_one(text, where)


def _one_by_one(text: pa.ChunkedArray, where: str) -> pa.ChunkedArray:
    moments: list[int] = []
    for row, value in enumerate(text.to_pylist()):
        try:
            moments.append(MISSING if value is None else to_microseconds(datetime.fromisoformat(value)))
        except ValueError as bad:
            raise SourceFormatError(
                f"{where} holds {value!r} (row {row} of those read), which is no ISO 8601 moment; mend the file"
            ) from bad
    values = np.array(moments, np.int64)
    return pa.chunked_array([integers(values, values != MISSING).view(MOMENT)])
