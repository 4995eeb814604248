"""How the columns that drift moved, in words: what an alert and a person at a terminal are told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.drift.compared import told
from duetmind_adaptive.records import ColumnReport
from duetmind_adaptive.tasks.view import View

#: columns told in words, those that moved most: each is summarised once more for it
MOST_COLUMNS = 20


def words(view: View, report: CheckReport, section: Any | None) -> tuple[CheckReport, Any | None]:
    """Add the words of the columns that drift."""
    named = {column.name for column in report.drifted[:MOST_COLUMNS]}
    columns = tuple(_told(view, column) if column.name in named else column for column in report.columns)
    return replace(report, columns=columns), section


def _told(view: View, column: ColumnReport) -> ColumnReport:
    return replace(column, words=told(view.reference.columns[column.name], view.table, view.clock))
