"""The decision: one model's state and one event in, its new state and the events to publish out.

Pure. The daemon runs it inside the transaction that acknowledges the event, the backtest runs the very same
function on simulated time; both get the same answer, because everything it looks at is an argument.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from duetmind_adaptive.events import (
    CheckCompleted,
    Event,
    ModelPromoted,
    ModelRejected,
    ModelRolledBack,
    RetrainFailed,
    RetrainRequested,
)
from duetmind_adaptive.policy.commands import Emit
from duetmind_adaptive.policy.incidents import judge_cause
from duetmind_adaptive.policy.retrains import fruitless, plan_retrain, rolled_back
from duetmind_adaptive.policy.rules import Rules
from duetmind_adaptive.policy.state import ModelState, Retraining


@dataclass(frozen=True, slots=True)
class Decision:
    """The state to keep and the commands to carry out, in order."""

    state: ModelState
    commands: tuple[Emit, ...] = field(default=())

    def events(self, cause: Event, now: datetime) -> tuple[Event, ...]:
        """The commands as the events to publish."""
        return tuple(command.event(cause.id, now) for command in self.commands)


def decide(state: ModelState, event: Event, rules: Rules, now: datetime) -> Decision:
    """What follows from `event`; an event the policy has no interest in changes nothing."""
    match event:
        case CheckCompleted():
            return _checked(state, event, rules, now)
        case RetrainRequested():  # also one that a person asked for: one at a time
            return _with_retraining(state, state.retraining.model_copy(update={"in_flight": event.id}))
        case ModelPromoted():
            return _promoted(state, event)
        case ModelRejected() | RetrainFailed():
            return _with_retraining(state, fruitless(state))
        case ModelRolledBack():
            state = state.model_copy(update={"champion": event.data.version})
            return _with_retraining(state, rolled_back(state))
        case _:
            return Decision(state)


def _checked(state: ModelState, event: CheckCompleted, rules: Rules, now: datetime) -> Decision:
    """Data quality first: a broken pipeline is an incident of its own, and nothing is learned from it."""
    check, broken = event.data, any(finding.breaks for finding in event.data.findings)
    quality, told = judge_cause("quality", state.quality, check, rules, active=broken, now=now)
    drift = state.drift
    if not broken:
        drift, more = judge_cause("drift", state.drift, check, rules, active=check.drift, now=now)
        told += more
    state = state.model_copy(update={"quality": quality, "drift": drift, "last_window": check.window})
    retraining, wish = plan_retrain(state, event, rules, broken=broken, now=now)
    commands = (*told, wish) if wish else told
    return Decision(state.model_copy(update={"retraining": retraining}), commands)


def _promoted(state: ModelState, event: ModelPromoted) -> Decision:
    """A new champion has a new reference: evidence against the old one no longer counts."""
    kept = state.retraining.model_copy(update={"in_flight": None, "fruitless": 0})
    fresh = state.drift.model_copy(update={"hot": 0, "calm": 0})
    return Decision(state.model_copy(update={"champion": event.data.version, "drift": fresh, "retraining": kept}))


def _with_retraining(state: ModelState, retraining: Retraining) -> Decision:
    return Decision(state.model_copy(update={"retraining": retraining}))
