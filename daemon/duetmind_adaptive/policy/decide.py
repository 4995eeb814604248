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
    ReviewApproved,
    ReviewRejected,
    ThresholdAdjusted,
)
from duetmind_adaptive.policy.causes import CAUSES, raises
from duetmind_adaptive.policy.commands import Emit
from duetmind_adaptive.policy.incidents import judge_cause
from duetmind_adaptive.policy.retrains import answered, fruitless, harmed, plan_retrain, promoted, rolled_back
from duetmind_adaptive.policy.reviews import answers, expire_questions, forget, remember, remind, undecided
from duetmind_adaptive.policy.rules import Rules
from duetmind_adaptive.policy.state import ModelState
from duetmind_adaptive.policy.thresholds import ADJUST_SUBJECT, learn_threshold, step_answered, take_threshold
from duetmind_adaptive.policy.watching import TakeBack, begin_watch, keep_watch, look_after


@dataclass(frozen=True, slots=True)
class Decision:
    """The state to keep and the commands to carry out, in order."""

    state: ModelState
    commands: tuple[Emit, ...] = field(default=())
    take_back: TakeBack | None = None

    def events(self, cause: Event, now: datetime) -> tuple[Event, ...]:
        """The commands as the events to publish."""
        return tuple(command.event(cause.id, now) for command in self.commands)


def decide(state: ModelState, event: Event, rules: Rules, now: datetime) -> Decision:
    """What follows from `event`; an event the policy has no interest in changes nothing."""
    match event:
        case CheckCompleted():
            return _checked(state, event, rules, now)
        case ModelPromoted() | ModelRolledBack():
            return _switched(state, event)
        case RetrainRequested() | ModelRejected() | RetrainFailed():
            return _course_of_retrain(state, event, now)
        case ReviewApproved() | ReviewRejected():
            return _answered(state, event, rules, now)
        case ThresholdAdjusted():
            return Decision(take_threshold(state, event, rules))
        case _:
            return Decision(state)


def _checked(state: ModelState, event: CheckCompleted, rules: Rules, now: datetime) -> Decision:
    """Each cause in its turn, then what follows for learning; the window is remembered for cool-downs."""
    told: list[Emit] = []
    before = state.signals
    for cause in CAUSES:
        active = raises(cause, event.data, state)
        if active is None:
            continue
        signal, news = judge_cause(cause, state.signal(cause), event.data, rules, active=active, now=now)
        state = state.with_signal(cause, signal)
        told += news
    state = state.model_copy(update={"last_window": event.data.window})
    state, adjusted = learn_threshold(state, before, event, rules)
    state = remember(state, adjusted, now)
    told += adjusted
    watched = state.watch
    watch, take_back, question = keep_watch(state, event, rules)
    state = remember(state.model_copy(update={"watch": watch}), question, now)
    state, expired = expire_questions(state, event.data.model, now)
    state, reminded = remind(state, event.data.model, now)
    told += (*expired, *reminded)
    if take_back is not None:  # a retrain that harmed is one in vain: the breaker counts it
        return Decision(state.model_copy(update={"retraining": harmed(state, watched)}), tuple(told), take_back)
    retraining, wish = plan_retrain(state, event, rules, now=now)
    return Decision(state.model_copy(update={"retraining": retraining}), (*told, *question, *wish))


def _switched(state: ModelState, event: ModelPromoted | ModelRolledBack) -> Decision:
    """Another version serves."""
    return _promoted(state, event) if isinstance(event, ModelPromoted) else _rolled_back(state, event)


def _promoted(state: ModelState, event: ModelPromoted) -> Decision:
    """A new champion has a new reference: evidence against the old one no longer counts."""
    kept = promoted(state)
    for cause in ("data", "performance"):
        state = state.with_signal(cause, state.signal(cause).model_copy(update={"votes": (), "calm": 0}))
    watch = begin_watch(state, event)
    return Decision(state.model_copy(update={"champion": event.data.version, "retraining": kept, "watch": watch}))


def _rolled_back(state: ModelState, event: ModelRolledBack) -> Decision:
    """It was taken back: nothing is learned for some windows, and whether that helped is looked at."""
    state = state.model_copy(update={"champion": event.data.version, "watch": look_after(state, event)})
    return Decision(state.model_copy(update={"retraining": rolled_back(state)}))


def _course_of_retrain(
    state: ModelState, event: RetrainRequested | ModelRejected | RetrainFailed, now: datetime
) -> Decision:
    """One at a time, also one that a person asked for; one in vain makes it wait, one undecided asks a person."""
    if isinstance(event, RetrainRequested):
        under_way = state.retraining.model_copy(update={"in_flight": event.id})
        return Decision(state.model_copy(update={"retraining": under_way}))
    question = undecided(event) if isinstance(event, ModelRejected) else None
    asked = () if question is None else (question,)
    state = remember(state, asked, now)
    return Decision(state.model_copy(update={"retraining": fruitless(state)}), asked)


def _answered(state: ModelState, event: ReviewApproved | ReviewRejected, rules: Rules, now: datetime) -> Decision:
    """The answer to the question whether to retrain is acted on here, other answers by the actions they name."""
    if event.data.subject == ADJUST_SUBJECT:
        return Decision(*step_answered(forget(state, event.data.review), event, rules))
    if not answers(state.retraining, event):
        return Decision(forget(state, event.data.review))
    retraining, wish = answered(state, event, now)
    return Decision(state.model_copy(update={"retraining": retraining}), wish)
