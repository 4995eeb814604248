"""Calm: false alarms over months of hourly checks while nothing changes, and how soon a change is told all the same.

The columns are simulated by their mean scores over 2,000 months, whole checks of a model with labels over fewer.
"""

from __future__ import annotations

from benchmarks import calm_checks, calm_columns, calm_power
from benchmarks.figures import Figure


def run(quick: bool) -> list[Figure]:
    """All of it; `quick` shows that it runs."""
    return [*calm_columns.run(quick), *calm_checks.run(quick), *calm_power.run(quick)]
