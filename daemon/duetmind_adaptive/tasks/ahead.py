"""What a `Detector` sees beside drift: what is to come, rows that are odd, and windows that are out of line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.drift.budget import SHARES
from duetmind_adaptive.drift.forecast.outlook import column_forecasts
from duetmind_adaptive.drift.odd_rows.model import OddRowsModel
from duetmind_adaptive.drift.odd_rows.verdict import known_columns, name_odd_rows
from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.drift.series import History, append
from duetmind_adaptive.drift.unusual.look import unusual
from duetmind_adaptive.records import Kind

#: rows of the reference, evenly spaced, that odd rows are told from
SAMPLED = 10_000


class Ahead:
    """Keeps the series of the windows; `history` may be replaced by what was stored."""

    def __init__(self, reference: Reference, table: pa.Table, *, checks: float, threshold: float) -> None:
        rows = np.linspace(0, max(table.num_rows - 1, 0), min(table.num_rows, SAMPLED)).astype(np.int64)
        self._sample = table.take(pa.array(rows))
        self._kinds: dict[str, Kind] = {name: each.kind for name, each in reference.columns.items()}
        self._checks, self._threshold = checks, threshold
        self._models = dict[tuple[str, ...], OddRowsModel | None]()
        self.history = History()

    def look(self, report: CheckReport, table: pa.Table) -> CheckReport:
        """Add this window to the series, and to its report what they say."""
        self.history = append(self.history, report)
        drifting = [column.name for column in report.drifted]
        foretold = column_forecasts(
            self.history,
            report.window,
            threshold=self._threshold,
            checks=self._checks,
            leave_out=frozenset(drifting),
        )
        found = unusual(
            self.history,
            checks=self._checks / SHARES["series"],
            leave_out=frozenset(f"effect:{name}" for name in drifting),
        )
        return self._odd_rows(replace(report, predicted=foretold, anomalies=found), table)

    def _odd_rows(self, report: CheckReport, table: pa.Table) -> CheckReport:
        columns = known_columns(report, table, self._kinds)
        names = tuple(columns)
        if names not in self._models:
            self._models = {names: OddRowsModel.fit(self._sample, columns)}
        model = self._models[names]
        return report if model is None else name_odd_rows(model, report, table)
