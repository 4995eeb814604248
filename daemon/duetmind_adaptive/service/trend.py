"""How a model's metric went up to an event: what an alert shows as a chart."""

from __future__ import annotations

import math

from sqlalchemy import Connection

from duetmind_adaptive.contracts import MeasuredWindow
from duetmind_adaptive.event_data import DriftData
from duetmind_adaptive.events import Event
from duetmind_adaptive.store import checks
from duetmind_adaptive.store.tables import unstamp

#: windows that are told
WINDOWS = 24


def trend_of(conn: Connection, event: Event) -> tuple[MeasuredWindow, ...]:
    """The last windows of an incident's model up to the one that the event is about; none for other events."""
    data = event.data
    if not isinstance(data, DriftData):
        return ()
    return tuple(
        MeasuredWindow(
            first_row=row.first_row,
            last_row=row.last_row,
            start=unstamp(row.start) if row.start else None,
            checked=unstamp(row.at),
            metric=row.metric if row.metric is not None and math.isfinite(row.metric) else None,
        )
        for row in checks.until(conn, data.model, data.window.last_row, WINDOWS)
    )
