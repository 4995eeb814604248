"""The watch after a promotion: what serves now and what served before answer the same rows, and the better one serves.

The gate proved the new version on rows from before it served. Whether it holds on those that come is seen side by side,
so that a world that grows harder for both is not held against it.
"""

from __future__ import annotations

from dataclasses import dataclass

from duetmind_adaptive.event_data import CheckData, ReviewData
from duetmind_adaptive.events import CheckCompleted, ModelPromoted, ModelRolledBack, ReviewRequested
from duetmind_adaptive.policy.commands import Emit, command_id
from duetmind_adaptive.policy.reasons import Reason
from duetmind_adaptive.policy.rules import WATCH_WINDOWS, Rules
from duetmind_adaptive.policy.state import ModelState, Watch

#: why a version is promoted that proved itself
PROVED = frozenset({Reason.GATE_PASSED, Reason.FORMER_VERSION})
#: the subject of a review that asks for a rollback, which is the action's name
ROLLBACK_SUBJECT = "rollback"


@dataclass(frozen=True, slots=True)
class TakeBack:
    """A command: make this version serve again, in the transaction that keeps the decision."""

    version: int
    reason: Reason = Reason.BREACH


def begin_watch(state: ModelState, event: ModelPromoted) -> Watch | None:
    """Watch what proved itself; not what a person chose, and not the first version."""
    data, last = event.data, state.last_window
    if data.previous is None or last is None or data.reason not in PROVED:
        return None
    return Watch(
        version=data.version, previous=data.previous, from_row=last.last_row, act=data.job or event.id,
        fruitless=state.retraining.fruitless,
    )  # fmt: skip


def look_after(state: ModelState, event: ModelRolledBack) -> Watch | None:
    """Set what serves again beside what was taken back, to know whether that helped; nothing follows from it."""
    data, last = event.data, state.last_window
    if data.previous is None or last is None:
        return None
    return Watch(version=data.version, previous=data.previous, from_row=last.last_row, act=event.id, looks_only=True)


def keep_watch(
    state: ModelState, event: CheckCompleted, rules: Rules
) -> tuple[Watch | None, TakeBack | None, tuple[Emit, ...]]:
    """What remains of the watch after a check, and whether to take the promotion back or ask a person to."""
    watch, beside = state.watch, event.data.beside
    if watch is None or beside is None or beside.version != watch.version:
        return watch, None, ()
    acts = rules.retrain and not (rules.paused or rules.observes or watch.looks_only)
    if beside.verdict == "worse" and acts:
        if rules.suggests:
            return None, None, (_question(event, watch),)
        return None, TakeBack(watch.previous), ()
    seen = watch.seen + 1
    kept = watch.model_copy(update={"seen": seen, "verdict": beside.verdict})
    return (None if seen >= WATCH_WINDOWS else kept), None, ()


def _question(event: CheckCompleted, watch: Watch) -> Emit:
    data = ReviewData(
        model=event.data.model, review=command_id(event.id, ReviewRequested, "rollback"), subject=ROLLBACK_SUBJECT,
        reason=_why(event.data), version=watch.previous,
    )  # fmt: skip
    return Emit(ReviewRequested, data)


def _why(check: CheckData) -> str:
    beside = check.beside
    if beside is None:
        return ""
    return (
        f"On {beside.rows} rows since its promotion version {beside.version} does worse than version "
        f"{beside.previous}: {beside.metric:.4g} beside {beside.metric_previous:.4g}"
    )
