"""Why a decision came out as it did: named, so that events, logs and metrics carry the name and never a bare bool."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The names; a value is what events and logs show."""

    FIRST = "first_drift"
    WORSE = "grew_worse"
    CALM = "calm_again"
    DEGRADED = "metric_degraded"
    REFRESH = "more_rows_of_the_new_regime"
    BREAKER_OPEN = "breaker_open"
    INITIAL = "initial"
    MANUAL = "manual"
    BUDGET_SPENT = "budget_spent"
    COOLDOWN = "cooldown"
    ROLLED_BACK = "rolled_back_lately"
    APPROVED = "approved"
    PAUSED = "paused"
    OBSERVING = "observing"
    DATA_QUALITY = "data_quality"
    GATE_PASSED = "gate_passed"
    GATE_FAILED = "gate_failed"
    CHAMPION_CHANGED = "champion_changed"
    FIRST_VERSION = "first_version"
