"""The policy on the bus: state in, decision, state out, all in the transaction that acknowledges the event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from duetmind_adaptive.contracts import Bus, Clock, Subscription, Transaction
from duetmind_adaptive.events import (
    CheckCompleted,
    DriftDetected,
    DriftResolved,
    DriftUpdated,
    Event,
    ModelPromoted,
    ModelRejected,
    ModelRolledBack,
    RetrainFailed,
    RetrainRequested,
    ReviewApproved,
    ReviewExpired,
    ReviewRejected,
    ReviewRequested,
    ThresholdAdjusted,
)
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.policy.decide import decide
from duetmind_adaptive.policy.ledger import Entry, ledger
from duetmind_adaptive.policy.rules import Rules
from duetmind_adaptive.policy.state import ModelState
from duetmind_adaptive.policy.watching import TakeBack
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.store import audit, incidents, outcomes, reviews, states
from duetmind_adaptive.store.audit import Act

log = get_logger(__name__)

#: the guide's name of the response that the policy may ask for by itself
RETRAIN = "retrain_model"
#: the guide's name of asking a person before it
REVIEW = "human_review"
#: and of learning how far inputs must move
ADJUST = "adjust_thresholds"

INTERESTING = (
    CheckCompleted, RetrainRequested, ModelPromoted, ModelRejected, RetrainFailed, ModelRolledBack,
    ReviewApproved, ReviewRejected, ThresholdAdjusted,
)  # fmt: skip


def rules_of(model: Model, repeat: timedelta) -> Rules:
    """The policy's rules as the operator set them."""
    return Rules(
        repeat=repeat,
        opens_after=model.opens_after,
        opens_within=model.opens_within,
        clears_after=model.clears_after,
        retrain=bool({RETRAIN, REVIEW} & set(model.responses)) and _is_retrained(model),
        suggests=model.mode == "suggest" or REVIEW in model.responses,
        observes=model.mode == "observe",
        adjusts=ADJUST in model.responses,
        drift_threshold=model.drift_threshold,
        max_retrains_per_day=model.max_retrains_per_day,
    )


def _is_retrained(model: Model) -> bool:
    return model.pipeline is not None or model.trainer is not None or model.retrained_by_caller


class Decisions:
    """Subscribes the policy: one model's events one after the other, each exactly once."""

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        rules: Callable[[str], Rules | None],
        paused: Callable[[], bool],
        take_back: Callable[[Transaction, str, TakeBack, str], None],
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._rules = rules
        self._paused = paused
        self._take_back = take_back

    def subscription(self) -> Subscription:
        """What to give to the bus."""
        return Subscription(name="policy", wants=lambda event: isinstance(event, INTERESTING), apply=self._apply)

    def _apply(self, tx: Transaction, event: Event) -> None:
        rules = self._rules(event.model)
        if rules is None:  # the model left the config while its event waited
            return
        rules = replace(rules, paused=self._paused())
        document = states.load_state(tx.connection, event.model)
        before = ModelState.model_validate_json(document) if document else ModelState()
        now = self._clock.now()
        decision = decide(before, event, rules, now)
        self._keep_ledger(tx, event.model, ledger(before, event, decision.state), now)
        if decision.state != before:
            states.save_state(tx, event.model, decision.state.model_dump_json())
        if decision.take_back is not None:
            self._take_back(tx, event.model, decision.take_back, event.id)
            what = f"rollback to version {decision.take_back.version}"
            self._note(tx, event.model, what, why=decision.take_back.reason, outcome=event.id, now=now)
        for follow_up in decision.events(event, now):
            if isinstance(follow_up, DriftDetected | DriftUpdated | DriftResolved):
                incidents.follow(tx, follow_up)
            if isinstance(follow_up, ReviewRequested | ReviewExpired):
                reviews.follow(tx, follow_up)
            self._bus.publish_in(tx, follow_up)
            self._note_act(tx, follow_up, now)
            reason = getattr(follow_up.data, "reason", "")
            log.info("policy.decided", model=event.model, decision=follow_up.type, reason=reason)

    def _note_act(self, tx: Transaction, event: Event, now: datetime) -> None:
        if isinstance(event, RetrainRequested):
            self._note(tx, event.model, "retrain", why=event.data.reason, outcome=event.id, now=now)
        if isinstance(event, ThresholdAdjusted):
            data = event.data
            what = f"{data.name} from {data.before:g} to {data.after:g}"
            self._note(tx, event.model, what, why=data.reason, outcome=event.id, now=now)

    @staticmethod
    def _keep_ledger(tx: Transaction, model: str, entries: tuple[Entry, ...], now: datetime) -> None:
        for each in entries:
            outcomes.note(tx, model, each.id, each.changes, opens=each.opens, closes=each.closes, now=now)

    @staticmethod
    def _note(tx: Transaction, model: str, what: str, *, why: str, outcome: str, now: datetime) -> None:
        audit.note(tx, Act(audit.POLICY, what, model, why, outcome), now=now)
