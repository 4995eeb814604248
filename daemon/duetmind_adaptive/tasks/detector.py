"""`Detector`: drift of a stream of windows against one reference, with a promise on false alarms over all of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.drift.calm.evidence import Evidence
from duetmind_adaptive.drift.calm.learn import Cuts, learn
from duetmind_adaptive.drift.calm.verdict import decide
from duetmind_adaptive.drift.calm.watch import Watch
from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.drift.series import History
from duetmind_adaptive.drift.verdict import compare, draft, settle
from duetmind_adaptive.errors import ColumnMissingError, SourceFormatError
from duetmind_adaptive.records import Window
from duetmind_adaptive.sources.timestamps import MISSING, microseconds
from duetmind_adaptive.tasks.ahead import Ahead
from duetmind_adaptive.tasks.compare import EFFECT
from duetmind_adaptive.tasks.sides import frame_table

#: checks of a month, one an hour
A_MONTH = 720.0
#: bumped when the state changes its meaning
_FORMAT = 1


class Detector:
    """Watches the columns of windows that come one after the other; the same engine as the daemon's checks.

    Evidence adds up over windows and is anytime-valid: while nothing changes, false alarms are at most one in `checks`
    windows on average, however long it runs and whatever the columns' dependence on each other.

    Parameters
    ----------
    reference
        A pandas, Arrow or Polars frame, or anything else with `__arrow_c_stream__`; rows in the order they came.
    window
        Rows per window, about: windows of the reference, against each other, show how much is natural.
    checks
        False alarms are at most one in so many windows.
    timestamp
        The column that says when a row came, so that hour of day and day of week are taken out; it is not tested.
    threshold
        Smallest effect that counts as drift, in [0, 1].

    Raises
    ------
    SourceError
        The reference is no frame, or has no such timestamp.

    Examples
    --------
    >>> rows = np.random.default_rng(1).normal(size=22_000)
    >>> detector = Detector(pa.table({"x": rows[:20_000]}), window=1_000)
    >>> detector.update(pa.table({"x": rows[20_000:21_000]})).drift
    False
    >>> state = detector.state()
    >>> report = detector.update(pa.table({"x": rows[21_000:] + 0.5}))
    >>> [column.name for column in report.drifted], report.calm.since_row
    (['x'], 1000)
    """

    def __init__(
        self,
        reference: Any,
        *,
        window: int = 1_000,
        checks: float = A_MONTH,
        timestamp: str | None = None,
        threshold: float = EFFECT,
    ) -> None:
        if window < 1 or checks < 1:
            raise ValueError(f"window and checks must be at least 1, found window={window} and checks={checks}")
        table = frame_table(reference, "the reference")
        self._timestamp, self._checks, self._threshold = timestamp, checks, threshold
        times = self._seconds(table, "the reference")
        names = [name for name in table.column_names if name != timestamp]
        moments = table[timestamp] if timestamp is not None and times is not None else None
        self._reference = Reference.from_table(table, names, moments=moments)
        plain = Watch.of(self._reference.columns)
        ordered = times if times is not None and bool((np.diff(times) >= 0).all()) else None
        natural = learn(plain.rows(table, times), Cuts.of(table.num_rows, window, None, ordered))
        self._watch = Watch.of(self._reference.columns, natural)
        self._evidence, self._next_row = Evidence.none(self._watch.size), 0
        self._ahead = Ahead(self._reference, table.select(names), checks=checks, threshold=threshold)

    def update(self, frame: Any) -> CheckReport:
        """Check the next window: its columns sorted by effect, its findings, and which columns have moved by now.

        `predicted` of the report says when a column will drift at this rate, `odd_rows` and `anomalies` which rows look
        like none of the reference, and which of the windows' own series is out of line.

        Parameters
        ----------
        frame
            As the reference. Columns it lacks and columns that are new are findings.

        Raises
        ------
        SourceError
            It is no frame, has no rows, or has no such timestamp.
        """
        table = frame_table(frame, "the window")
        if not table.num_rows:
            raise SourceFormatError("the window has no rows; give the next rows, or nothing until there are some")
        times = self._seconds(table, "the window")
        start, end = (None, None) if times is None else (_moment(times.min()), _moment(times.max()))
        window = Window(first_row=self._next_row, last_row=self._next_row + table.num_rows, start=start, end=end)
        data = compare(
            self._reference,
            table,
            threshold=self._threshold,
            ignore=[self._timestamp] if self._timestamp else [],
            clock=times,
        )
        report, self._evidence = decide(
            self._watch,
            self._evidence,
            draft(window, None, data, None, ()),
            table,
            moment=None if times is None else float(times[0] + times[-1]) / 2,
            checks=self._checks,
            threshold=self._threshold,
            clock=times,
        )
        self._next_row = window.last_row
        return self._ahead.look(settle(report), table)

    def state(self) -> str:
        """The evidence and the history so far as text, for `resume` of a detector with the same reference."""
        facts = {"format": _FORMAT, "next_row": self._next_row, "evidence": self._evidence.to_json()}
        return json.dumps({**facts, "history": self._ahead.history.to_section()})

    def resume(self, state: str) -> None:
        """Go on from what `state` gave.

        Raises
        ------
        ValueError
            It is no such text, or one about other columns.
        """
        try:
            held = json.loads(state)
            known, row, evidence = held["format"], int(held["next_row"]), held["evidence"]
            before = Evidence.from_json(evidence, self._watch.size)
            history = History.from_section(held.get("history"))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError("this is no state of a detector; give what `state()` returned") from error
        if known != _FORMAT:
            raise ValueError(f"the state has format {known}, this version reads {_FORMAT}; start without it")
        self._evidence, self._next_row, self._ahead.history = before, row, history

    def _seconds(self, table: pa.Table, what: str) -> np.ndarray[Any, np.dtype[np.float64]] | None:
        """When each row came, in seconds since 1970; None where not every row says so."""
        if self._timestamp is None:
            return None
        if self._timestamp not in table.column_names:
            raise ColumnMissingError(f"{what} has no column '{self._timestamp}', which `timestamp` names")
        stamps = microseconds(table[self._timestamp])
        return stamps / 1e6 if stamps.size and bool((stamps != MISSING).all()) else None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(float(seconds), UTC)
