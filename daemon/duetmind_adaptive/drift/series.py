"""The history of a model's windows, small enough for the memory between checks: series to look back and ahead.

For each of the last `WINDOWS` windows: its rows, its end in time, the version that served it, the metric (filled in
when late labels come), the mean of the model's answers, the seconds that the check took and, of each column, the
effect and the share of missing values. Shares are kept in one byte, as the square root of the share in steps of 1/254:
off by at most 0.0013 at 0.1 and 0.0004 at 0.01, which is less than what chance moves them by in a window of some
thousand rows.

The history outlives a version, because rows, volume and missing values are the data's own. Metric and effects belong
to the version (and the reference) they were measured with, so `metric_series` and `column_series` answer with the
windows of the version that served last, and start anew with each retrain.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.records import Performance

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Singles = NDArray[np.float32]
Codes = NDArray[np.uint8]

#: windows kept; hourly ones are more than two weeks, daily ones more than a year
WINDOWS = 400
#: columns kept; of wider data those that moved most
COLUMNS = 200
#: steps of a share; one code more stands for an unknown one
_STEPS, _UNKNOWN = 254, 255


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One value per window, oldest first; unknown ones are left out. All arrays have shape (n,)."""

    values: Floats
    first_rows: Ints
    last_rows: Ints
    #: end of the window, seconds since 1970; NaN where windows have no time
    ends: Floats

    def __len__(self) -> int:
        """How many windows."""
        return self.values.size


def _no_floats() -> Floats:
    return np.empty(0)


def _no_ints() -> Ints:
    return np.empty(0, dtype=np.int64)


def _no_singles() -> Singles:
    return np.empty(0, dtype=np.float32)


def _no_codes() -> Codes:
    return np.empty((0, 0), dtype=np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """The windows of one model, oldest first: arrays of shape (n,), shares of shape (columns, n).

    Examples
    --------
    >>> from duetmind_adaptive.drift.verdict import DataVerdict, draft
    >>> from duetmind_adaptive.records import ColumnReport, Window
    >>> history = History()
    >>> for first, effect in ((0, 0.02), (1000, 0.2)):
    ...     window = Window(first_row=first, last_row=first + 1000)
    ...     columns = (ColumnReport(name="x", kind="numeric", effect=effect),)
    ...     history = append(history, draft(window, 1, DataVerdict(columns=columns), None, ()))
    >>> history = History.from_section(history.to_section())
    >>> history.column_series("x").values.round(2), history.column_series("x").first_rows
    (array([0.02, 0.2 ]), array([   0, 1000]))
    """

    first_rows: Ints = field(default_factory=_no_ints)
    last_rows: Ints = field(default_factory=_no_ints)
    versions: Ints = field(default_factory=_no_ints)
    #: seconds since 1970; NaN where windows have no time
    ends: Floats = field(default_factory=_no_floats)
    #: value and standard error; NaN until the labels are in
    metric: Floats = field(default_factory=_no_floats)
    error: Floats = field(default_factory=_no_floats)
    #: mean answer and seconds of the check; NaN where they are not known
    answers: Singles = field(default_factory=_no_singles)
    seconds: Singles = field(default_factory=_no_singles)
    columns: tuple[str, ...] = ()
    #: coded shares, a row for each column
    effects: Codes = field(default_factory=_no_codes)
    missing: Codes = field(default_factory=_no_codes)

    def __len__(self) -> int:
        """How many windows."""
        return self.first_rows.size

    def metric_series(self) -> Series:
        """The metric of the version that served last, in the windows whose labels are in."""
        return self._series(self.metric, self._serving())

    def column_series(self, name: str) -> Series:
        """The effect of a column against the reference of the version that served last; empty for unknown columns."""
        return self._series(self._shares(self.effects, name), self._serving())

    def all_effects(self) -> tuple[tuple[str, ...], Floats]:
        """Of every column in the windows of the version that served last, shape (columns, n); NaN is unknown."""
        return self.columns, _decoded(self.effects[:, self._serving()])

    def missing_series(self, name: str) -> Series:
        """The share of missing values of a column, whatever version served; empty for unknown columns."""
        return self._series(self._shares(self.missing, name), np.ones(len(self), dtype=np.bool_))

    def volume_series(self) -> Series:
        """Rows per window, whatever version served."""
        return self._series((self.last_rows - self.first_rows).astype(np.float64), np.ones(len(self), dtype=np.bool_))

    def answers_series(self) -> Series:
        """The mean answer of the version that served last."""
        return self._series(self.answers.astype(np.float64), self._serving())

    def seconds_series(self) -> Series:
        """How long each check took."""
        return self._series(self.seconds.astype(np.float64), np.ones(len(self), dtype=np.bool_))

    def all_missing(self) -> tuple[tuple[str, ...], Floats]:
        """The shares of missing values of every column, whatever version served, shape (columns, n); NaN is unknown."""
        return self.columns, _decoded(self.missing)

    def _serving(self) -> NDArray[np.bool_]:
        return self.versions == self.versions[-1:]

    def _shares(self, codes: Codes, name: str) -> Floats:
        if name not in self.columns:
            return np.full(len(self), np.nan)
        return _decoded(codes[self.columns.index(name)])

    def _series(self, values: Floats, chosen: NDArray[np.bool_]) -> Series:
        at = np.flatnonzero(chosen & np.isfinite(values))
        return Series(values[at], self.first_rows[at], self.last_rows[at], self.ends[at])

    def to_section(self) -> dict[str, Any]:
        """JSON values for the memory between checks."""
        return {"columns": list(self.columns), **{name: _packed(array) for name, array in _arrays(self).items()}}

    @classmethod
    def from_section(cls, section: Mapping[str, Any] | None) -> History:
        """What `to_section` gave; an empty history from None."""
        if section is None:
            return cls()
        columns = tuple(section["columns"])
        first_rows = _integers(section["first_rows"])
        shape = len(columns), first_rows.size
        return cls(
            first_rows=first_rows,
            last_rows=_integers(section["last_rows"]),
            versions=_integers(section["versions"]),
            ends=np.frombuffer(_unpacked(section["ends"])),
            metric=np.frombuffer(_unpacked(section["metric"])),
            error=np.frombuffer(_unpacked(section["error"])),
            answers=_singles(section.get("answers"), first_rows.size),
            seconds=_singles(section.get("seconds"), first_rows.size),
            columns=columns,
            effects=np.frombuffer(_unpacked(section["effects"]), dtype=np.uint8).reshape(shape),
            missing=np.frombuffer(_unpacked(section["missing"]), dtype=np.uint8).reshape(shape),
        )


def append(
    history: History, report: CheckReport, *, answers: float | None = None, seconds: float | None = None
) -> History:
    """The history with one window more, and the oldest one less when there were `WINDOWS`.

    A window that starts before the newest one ended takes the place of what it overlaps: a source that was read anew
    leaves no second copy behind. `answers` is the mean of the model's, `seconds` how long the check took.
    """
    history = _cut(history, history.last_rows <= report.window.first_row)
    history = _cut(history, np.arange(len(history)) > len(history) - WINDOWS)
    reading = report.performance.reading if report.performance else None
    end = report.window.end
    return _with_shares(
        replace(
            history,
            first_rows=np.append(history.first_rows, report.window.first_row),
            last_rows=np.append(history.last_rows, report.window.last_row),
            versions=np.append(history.versions, report.version or 0),
            ends=np.append(history.ends, end.timestamp() if end else np.nan),
            metric=np.append(history.metric, reading.value if reading else np.nan),
            error=np.append(history.error, reading.error if reading else np.nan),
            answers=_with(history.answers, answers),
            seconds=_with(history.seconds, seconds),
        ),
        report,
    )


def fill_late(history: History, late: Sequence[Performance]) -> History:
    """The history with the metric of windows whose labels have come in since."""
    metric, error = history.metric.copy(), history.error.copy()
    for performance in late:
        at = np.flatnonzero(history.first_rows == performance.window.first_row)
        metric[at], error[at] = performance.reading.value, performance.reading.error
    return replace(history, metric=metric, error=error)


def without_holes(rows: Floats) -> Floats:
    """Every row with its mean where it is not known, for a quick look at many; a row needs one known value.

    >>> without_holes(np.array([[1.0, np.nan, 3.0]]))
    array([[1., 2., 3.]])
    """
    known = np.isfinite(rows)
    if known.all():
        return rows
    means = np.where(known, rows, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(known, rows, means[:, np.newaxis])


def _cut(history: History, kept: NDArray[np.bool_]) -> History:
    if kept.all():
        return history
    parts: dict[str, Any] = {name: array[..., kept] for name, array in _arrays(history).items()}
    return replace(history, **parts)


def _arrays(history: History) -> dict[str, NDArray[Any]]:
    return {part.name: getattr(history, part.name) for part in fields(history) if part.name != "columns"}


def _with_shares(history: History, report: CheckReport) -> History:
    """Add the newest codes of every column, new columns included, and keep those that moved most."""
    tested = {column.name: column for column in report.columns}
    columns = tuple(dict.fromkeys([*history.columns, *tested]))
    before = len(history) - 1
    effects, missing = (np.full((len(columns), before + 1), _UNKNOWN, dtype=np.uint8) for _ in range(2))
    effects[: len(history.columns), :before] = history.effects
    missing[: len(history.columns), :before] = history.missing
    at = np.array([place for place, name in enumerate(columns) if name in tested], dtype=np.intp)
    newest = [tested[columns[place]] for place in at]
    effects[at, -1] = _coded(np.array([np.nan if column.untested else column.effect for column in newest]))
    missing[at, -1] = _coded(np.array([column.missing_current for column in newest]))
    kept = np.flatnonzero((effects != _UNKNOWN).any(axis=1) | (missing != _UNKNOWN).any(axis=1))
    if kept.size > COLUMNS:
        largest = np.where(effects == _UNKNOWN, 0, effects).max(axis=1)[kept]
        kept = np.sort(kept[np.argsort(-largest.astype(np.int64), kind="stable")[:COLUMNS]])
    return replace(
        history, columns=tuple(columns[place] for place in kept), effects=effects[kept], missing=missing[kept]
    )


def _coded(shares: Floats) -> Codes:
    """Shares in [0, 1] as codes; NaN is unknown.

    >>> _decoded(_coded(np.array([0.0, 0.1, np.nan, 1.0]))).round(3)
    array([0.   , 0.099,   nan, 1.   ])
    """
    codes = np.sqrt(np.clip(shares, 0.0, 1.0)) * _STEPS
    return np.where(np.isnan(codes), _UNKNOWN, np.rint(np.nan_to_num(codes))).astype(np.uint8)


def _decoded(codes: Codes) -> Floats:
    return np.where(codes == _UNKNOWN, np.nan, (codes / _STEPS) ** 2)


def _with(singles: Singles, value: float | None) -> Singles:
    return np.append(singles, np.float32(np.nan if value is None else value))


def _singles(text: str | None, count: int) -> Singles:
    """What was packed; unknown in what an older program left."""
    if text is None:
        return np.full(count, np.nan, dtype=np.float32)
    return np.frombuffer(_unpacked(text), dtype=np.float32)


def _packed(array: NDArray[Any]) -> str:
    """Compressed bytes as text; whole numbers as their differences, which repeat."""
    plain = np.diff(array, prepend=0) if array.dtype == np.int64 else array
    return base64.b64encode(zlib.compress(np.ascontiguousarray(plain).tobytes())).decode("ascii")


def _unpacked(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))


def _integers(text: str) -> Ints:
    return np.cumsum(np.frombuffer(_unpacked(text), dtype=np.int64))
