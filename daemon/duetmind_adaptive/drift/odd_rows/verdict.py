"""Names the rows of a window that look like none of the reference, each with the columns that make it odd, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duetmind_adaptive.check_report import Anomaly, CheckReport, OddRows
from duetmind_adaptive.drift import kinds
from duetmind_adaptive.drift.odd_rows.model import FALSE, OddRowsModel
from duetmind_adaptive.drift.odd_rows.surprise import ColumnSurprise, numbers
from duetmind_adaptive.records import Kind
from duetmind_adaptive.stats.benjamini_hochberg import benjamini_hochberg

Floats = NDArray[np.float64]

#: rows and columns of a row that are named; and rows that the sentence names
NAMED, COLUMNS, SAID = 5, 3, 3
#: of the most surprising value's surprise, from which on another value of the row is named as well
TELLING = 0.6
#: logarithm of the rarity from which on a value is absurd whatever it goes with
ABSURD = math.log(1e-4)
#: characters of a category
WORD = 40


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    """The rows of a window with their scores, as of `OddRowsModel`."""

    model: OddRowsModel
    table: pa.Table
    alone: Floats
    together: Floats
    surprise: Floats
    apart: Floats


def name_odd_rows(model: OddRowsModel, report: CheckReport, table: pa.Table) -> CheckReport:
    """The report with its odd rows, the oddest first.

    Parameters
    ----------
    model
        Of the reference.
    report
        Of the window.
    table
        The window's rows: at least the model's columns.
    """
    scored = _Scored(model, table, *model.oddness.scores(table))
    p_values = model.rarity(scored.alone, scored.together)
    odd = np.flatnonzero(benjamini_hochberg(p_values) <= FALSE)
    first = odd[np.argsort(p_values[odd], kind="stable")][:NAMED]
    named = tuple(_anomaly(scored, int(at), float(p_values[at]), report.window.first_row) for at in first)
    found = OddRows(
        count=int(odd.size),
        share=odd.size / max(table.num_rows, 1),
        false_share=FALSE,
        sentence=_sentence(int(odd.size), table.num_rows, named),
    )
    return replace(report, odd_rows=found, anomalies=(*report.anomalies, *named))


def known_columns(report: CheckReport, table: pa.Table, compared_as: dict[str, Kind]) -> dict[str, Kind]:
    """The columns that rows can be odd in: tested, no dates, and not drifting, because of those everybody is told."""
    tested = {column.name for column in report.columns if column.untested is None and not column.drift}
    known = tested.intersection(table.column_names).difference(report.type_changes)
    return {name: kind for name, kind in compared_as.items() if name in known and kind != "datetime"}


def _sentence(count: int, rows: int, named: Sequence[Anomaly]) -> str:
    if not count:
        return ""
    first = "; ".join(each.reason for each in named[:SAID])
    verb = "row looks" if count == 1 else "rows look"
    return f"{count:,} of {rows:,} {verb} like none of the reference: {first}."


def _anomaly(scored: _Scored, at: int, p_value: float, first_row: int) -> Anomaly:
    reasons = [_in_words(scored, at, int(column), alone=alone) for column, alone in _telling(scored, at)]
    return Anomaly(
        subject=f"row {first_row + at}",
        score=-math.log10(max(p_value, 1e-300)),
        reason=f"row {first_row + at}: {', '.join(reasons)}",
    )


def _telling(scored: _Scored, at: int) -> list[tuple[int, bool]]:
    """The columns that make a row odd, the oddest first, and whether they do so alone."""
    alone = scored.model.alone.log_share_beyond(scored.alone[at : at + 1])[0]
    together = scored.model.together.log_share_beyond(scored.together[at : at + 1])[0]
    by_itself = bool(alone <= max(together, ABSURD))
    parts = scored.surprise[at] if by_itself else np.abs(scored.apart[at])
    order = np.argsort(-parts, kind="stable")[:COLUMNS]
    return [(int(column), by_itself) for column in order if parts[column] >= TELLING * parts[order[0]]]


def _in_words(scored: _Scored, at: int, column: int, *, alone: bool) -> str:
    name = list(scored.model.oddness.columns)[column]
    known, cell = scored.model.oddness.columns[name], scored.table[name].slice(at, 1)
    value = _value(known, cell)
    if value is None:
        return f"{name} is missing, which it hardly ever was"
    if not alone:
        return f"{name} is {value}, which does not go with its other values"
    return f"{name} is {value} ({_before(known, scored.surprise[at, column])})"


def _value(known: ColumnSurprise, cell: pa.ChunkedArray) -> str | None:
    if known.kind in {"categorical", "boolean"}:
        word = kinds.category_names(cell)[0].as_py()
        return None if word is None else f"'{word[:WORD]}'"
    number = float(numbers(cell)[0])
    if math.isnan(number):
        return None
    return f"{number:g} letters long" if known.kind == "text" else f"{number:g}"


def _before(known: ColumnSurprise, surprise: float) -> str:
    """What the reference holds instead."""
    if known.upper is not None and known.lower is not None:
        return f"before {-known.lower.ascending[-1]:g} to {known.upper.ascending[-1]:g}"
    if surprise >= known.unseen:
        return "never seen before"
    return f"before 1 in {math.exp(surprise):,.0f} rows"
