"""How far a column must move before it counts: learned from what came of it, in small steps that a person can undo.

Two incidents of the inputs in a row that ended while the metric held were noise to this model: the threshold grows by
`STEP`. A fall of the metric that no input announced calls for more care: it shrinks by as much. It stays within
`REACH` of what the operator set, and a person sets it anew or takes every step back.
"""

from __future__ import annotations

from collections.abc import Mapping

from duetmind_adaptive.event_data import ReviewData, ThresholdData
from duetmind_adaptive.events import (
    CheckCompleted,
    ReviewApproved,
    ReviewRejected,
    ReviewRequested,
    ThresholdAdjusted,
)
from duetmind_adaptive.policy.causes import suffers
from duetmind_adaptive.policy.commands import Emit, command_id
from duetmind_adaptive.policy.reasons import Reason
from duetmind_adaptive.policy.rules import Rules
from duetmind_adaptive.policy.state import ModelState, Signal, Threshold
from duetmind_adaptive.records import Cause

#: what is adjusted, as events name it
NAME = "drift_threshold"
#: the subject of a review that asks for it, which is the guide's name of the action
ADJUST_SUBJECT = "adjust_thresholds"
#: of the present value, either way
STEP = 0.2
#: how many times smaller or larger than the operator's it may become
REACH = 2.0
#: incidents in a row that came to nothing
HARMLESS = 2


def learn_threshold(
    state: ModelState, before: Mapping[Cause, Signal], event: CheckCompleted, rules: Rules
) -> tuple[ModelState, tuple[Emit, ...]]:
    """What a check teaches about the threshold; `before` is the evidence as it was before the check."""
    if not rules.adjusts:
        return state, ()
    held = _count(state, before, event)
    wish = _wish(state, before, event, held)
    if wish is None or rules.paused or any(each.subject == ADJUST_SUBJECT for each in state.questions):
        return state.model_copy(update={"threshold": held}), ()
    value = held.present(rules.drift_threshold)
    after = _bounded(value * (1 + STEP if wish is Reason.HARMLESS else 1 - STEP), rules)
    held = held.model_copy(update={"harmless": 0})
    if after == value or rules.observes:
        return state.model_copy(update={"threshold": held}), ()
    if rules.suggests:
        held = held.model_copy(update={"proposed": after})
        return state.model_copy(update={"threshold": held}), (_question(event, value, after, wish),)
    data = ThresholdData(model=event.data.model, name=NAME, before=value, after=after, reason=wish)
    held = held.model_copy(update={"value": after, "base": rules.drift_threshold})
    return state.model_copy(update={"threshold": held}), (Emit(ThresholdAdjusted, data),)


def take_threshold(state: ModelState, event: ThresholdAdjusted, rules: Rules) -> ModelState:
    """A person set it, or took every step back; what the policy did itself is in the state already."""
    if event.data.reason != Reason.MANUAL:
        return state
    held = Threshold(value=event.data.after, base=rules.drift_threshold)
    return state.model_copy(update={"threshold": held})


def step_answered(
    state: ModelState, event: ReviewApproved | ReviewRejected, rules: Rules
) -> tuple[ModelState, tuple[Emit, ...]]:
    """A person's yes takes the step that was proposed; a no forgets it."""
    held, after = state.threshold, state.threshold.proposed
    if after is None or isinstance(event, ReviewRejected):
        return state.model_copy(update={"threshold": held.model_copy(update={"proposed": None})}), ()
    before = held.present(rules.drift_threshold)
    data = ThresholdData(model=event.data.model, name=NAME, before=before, after=after, reason=Reason.APPROVED)
    step = {"value": after, "base": rules.drift_threshold, "proposed": None}
    return state.model_copy(update={"threshold": held.model_copy(update=step)}), (Emit(ThresholdAdjusted, data),)


def _count(state: ModelState, before: Mapping[Cause, Signal], event: CheckCompleted) -> Threshold:
    """Incidents of the inputs that ended while the labels said that the metric held; one that hurt begins anew."""
    was = before.get("data", Signal()).incident
    over = was is not None and state.signal("data").incident is None
    hurts = state.signal("performance").incident is not None
    held = state.threshold
    if not over and not hurts:
        return held
    harmless = held.harmless + 1 if over and not hurts and suffers(event.data) is False else 0
    return held.model_copy(update={"harmless": harmless})


def _wish(state: ModelState, before: Mapping[Cause, Signal], event: CheckCompleted, held: Threshold) -> Reason | None:
    """Why the threshold should move, if it should."""
    if held.harmless >= HARMLESS:
        return Reason.HARMLESS
    began = before.get("performance", Signal()).incident is None and state.signal("performance").incident is not None
    unannounced = "data" not in event.data.kinds and before.get("data", Signal()).incident is None
    return Reason.UNANNOUNCED if began and unannounced else None


def _bounded(value: float, rules: Rules) -> float:
    """Within reach of the operator's, and below 1, where it would mean nothing."""
    low, high = rules.drift_threshold / REACH, min(rules.drift_threshold * REACH, 0.99)
    return round(min(max(value, low), high), 6)


def _question(event: CheckCompleted, before: float, after: float, why: Reason) -> Emit:
    seen = "Two incidents in a row came to nothing" if why is Reason.HARMLESS else "A fall came unannounced"
    data = ReviewData(
        model=event.data.model, review=command_id(event.id, ReviewRequested, ADJUST_SUBJECT), subject=ADJUST_SUBJECT,
        reason=f"{seen}: set {NAME} from {before:g} to {after:g}?", version=event.data.version,
    )  # fmt: skip
    return Emit(ReviewRequested, data)
