"""Why a decision came out as it did: named, so that events, logs and metrics carry the name and never a bare bool."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The names; a value is what events and logs show."""

    FIRST = "first_drift"
    WORSE = "grew_worse"
    STILL_OPEN = "still_open"
    CALM = "calm_again"
    DEGRADED = "metric_degraded"
    REFRESH = "more_rows_of_the_new_regime"
    UNCONFIRMED = "not_confirmed_yet"
    BREAKER_OPEN = "breaker_open"
    INITIAL = "initial"
    MANUAL = "manual"
    BUDGET_SPENT = "budget_spent"
    COOLDOWN = "cooldown"
    ROLLED_BACK = "rolled_back_lately"
    BREACH = "worse_than_the_one_before"
    APPROVED = "approved"
    PAUSED = "paused"
    OBSERVING = "observing"
    DATA_QUALITY = "data_quality"
    GATE_PASSED = "gate_passed"
    FORMER_VERSION = "former_version_back"
    GATE_FAILED = "gate_failed"
    SEGMENT_WORSE = "segment_worse"
    HOLD_OUT_SPENT = "hold_out_spent"
    HARMLESS = "incidents_came_to_nothing"
    UNANNOUNCED = "a_fall_came_unannounced"
    JOBS_WAIT = "jobs_wait"
    PLACES_IDLE = "places_idle"
    CHAMPION_CHANGED = "champion_changed"
    FIRST_VERSION = "first_version"


class Quiet(StrEnum):
    """Why a message waits, or is not sent."""

    SILENCED = "silenced"
    GROUP_WAIT = "group_wait"
    GROUP_INTERVAL = "group_interval"
    QUIET_HOURS = "quiet_hours"
    RATE_LIMIT = "rate_limit"
    GROUPED = "told_with_another"
    OVER = "over_before_it_was_told"
    NEVER_TOLD = "its_opening_was_not_told"
    ACKNOWLEDGED = "acknowledged"
    NOT_WORSE = "not_worse_than_told"
    ANSWERED = "answered_already"
    CHANNEL_GONE = "receiver_gone"
    TOLD_ELSEWHERE = "told_by_another_channel"
