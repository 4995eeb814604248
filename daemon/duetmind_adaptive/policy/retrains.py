"""Whether to learn again: only when the metric suffers, never from broken data, within budget and cool-down.

Drift that does not hurt the model is told, not acted on. A challenger that does not prove itself makes the
policy wait twice as long each time, in windows, because what would change the answer is new rows, not time; after
`BREAKER_AFTER` in a row the breaker is open: a person is asked, once, and it tries by itself again only much later.
A promotion that a fall called for is followed by retrains at doubling gaps: what served had few rows of the new world
to learn from. Each has to prove itself as any other; one that does not is no reason to wait.
"""

from __future__ import annotations

from datetime import datetime
from itertools import accumulate

from duetmind_adaptive.event_data import CheckData, RetrainData
from duetmind_adaptive.events import CheckCompleted, RetrainRequested, RetrainSuppressed, ReviewApproved, ReviewRejected
from duetmind_adaptive.policy.causes import is_broken, learnable
from duetmind_adaptive.policy.commands import Emit, command_id
from duetmind_adaptive.policy.reasons import Reason
from duetmind_adaptive.policy.reviews import ask, expire
from duetmind_adaptive.policy.rules import (
    BREAKER_AFTER,
    BREAKER_WINDOWS,
    BUDGET_PERIOD,
    REFRESH_GAPS,
    ROLLBACK_COOLDOWN_WINDOWS,
    Rules,
)
from duetmind_adaptive.policy.state import ModelState, Retraining, Watch


def plan_retrain(
    state: ModelState, event: CheckCompleted, rules: Rules, *, now: datetime
) -> tuple[Retraining, tuple[Emit, ...]]:
    """Ask for a retrain, say why one that is called for is not asked for, or neither."""
    check, retraining = event.data, _forget_old(state.retraining, now)
    peace = check.window.last_row + ROLLBACK_COOLDOWN_WINDOWS * check.window.rows
    retraining, closed = expire(retraining, check.model, now=now, peace=peace)
    suffers = learnable(check)
    if suffers is False:  # whatever was tried in vain before, the next fall is a new one
        retraining = retraining.model_copy(update={"fruitless": 0, "not_before_row": 0, "breaker_asked": 0})
    refresh = not suffers and any(row <= check.window.last_row for row in retraining.refresh_rows)
    if not rules.retrain or not (suffers or refresh) or retraining.in_flight or retraining.review:
        return retraining, closed
    later = tuple(row for row in retraining.refresh_rows if row > check.window.last_row)
    turn = retraining.model_copy(update={"refresh_rows": later, "refreshing": refresh})
    refusal = _refusal(state, turn, check, rules)
    decided, told = _refuse(state, turn, event, refusal, now) if refusal else _wish(state, turn, event, rules, now)
    return decided, (*closed, *told)


def _refuse(
    state: ModelState, retraining: Retraining, event: CheckCompleted, refusal: Reason, now: datetime
) -> tuple[Retraining, tuple[Emit, ...]]:
    """Say why not; when the breaker opens a person is asked, once."""
    told = Emit(RetrainSuppressed, _data(state, event.data, refusal))
    if refusal is not Reason.BREAKER_OPEN or retraining.breaker_asked == retraining.fruitless:
        return retraining, (told,)
    asked = retraining.model_copy(update={"breaker_asked": retraining.fruitless})
    asking, question = ask(asked, event, why=refusal, now=now)
    return asking, (told, *question)


def _wish(
    state: ModelState, retraining: Retraining, event: CheckCompleted, rules: Rules, now: datetime
) -> tuple[Retraining, tuple[Emit, ...]]:
    """Ask for the retrain, ask a person for it, or say that it would have been asked for."""
    check, why = event.data, Reason.REFRESH if retraining.refreshing else Reason.DEGRADED
    if rules.suggests:
        return ask(retraining, event, why=why, now=now)
    if rules.observes:  # what it would have done counts, so that history shows what acting would have cost
        wished = retraining.model_copy(update={"asked": (*retraining.asked, now)})
        return wished, (Emit(RetrainSuppressed, _data(state, check, Reason.OBSERVING)),)
    # single flight begins with the decision, not with the request's delivery
    request = command_id(event.id, RetrainRequested, _incident(state))
    asked = retraining.model_copy(update={"in_flight": request, "asked": (*retraining.asked, now)})
    return asked, (Emit(RetrainRequested, _data(state, check, why)),)


def answered(
    state: ModelState, event: ReviewApproved | ReviewRejected, now: datetime
) -> tuple[Retraining, tuple[Emit, ...]]:
    """A person's yes asks for the retrain, one of the day's; a no leaves them some windows of peace."""
    if isinstance(event, ReviewRejected):
        return rolled_back(state).model_copy(update={"review": None}), ()
    retraining = state.retraining.model_copy(update={"review": None})
    if retraining.in_flight:
        return retraining, ()
    incident = _incident(state)
    data = RetrainData(
        model=event.data.model, reason=Reason.APPROVED, version=state.champion, incident=incident,
        window=state.last_window,
    )  # fmt: skip
    request = command_id(event.id, RetrainRequested, incident)
    asked = retraining.model_copy(update={"in_flight": request, "asked": (*retraining.asked, now)})
    return asked, (Emit(RetrainRequested, data),)


def fruitless(state: ModelState) -> Retraining:
    """A retrain ended without a promotion: wait 1, 2, 4, … windows before the next, long once the breaker is open."""
    if state.retraining.refreshing:
        return state.retraining.model_copy(update={"in_flight": None, "refreshing": False})
    count = state.retraining.fruitless + 1
    wait = BREAKER_WINDOWS if count >= BREAKER_AFTER else 2 ** (count - 1)
    return state.retraining.model_copy(
        update={"in_flight": None, "fruitless": count, "not_before_row": _row_after(state, wait)}
    )


def harmed(state: ModelState, watch: Watch | None) -> Retraining:
    """What a retrain brought is taken back: it was one in vain, after those before it."""
    before = watch.fruitless if watch else 0
    counted = state.retraining.model_copy(update={"fruitless": before, "refreshing": False})
    in_flight = state.retraining.in_flight
    return fruitless(state.model_copy(update={"retraining": counted})).model_copy(update={"in_flight": in_flight})


def promoted(state: ModelState) -> Retraining:
    """A retrain proved itself; while the metric's incident is open, more are planned as rows of the new world come."""
    before = state.retraining
    rows = before.refresh_rows
    if not before.refreshing:
        called_for = before.in_flight is not None and state.signal("performance").incident is not None
        rows = tuple(_row_after(state, windows) for windows in accumulate(REFRESH_GAPS)) if called_for else ()
    return before.model_copy(
        update={"in_flight": None, "fruitless": 0, "breaker_asked": 0, "refreshing": False, "refresh_rows": rows}
    )


def rolled_back(state: ModelState) -> Retraining:
    """The champion was taken back: leave the person who did it some windows of peace."""
    return state.retraining.model_copy(
        update={"held_until_row": _row_after(state, ROLLBACK_COOLDOWN_WINDOWS), "refresh_rows": ()}
    )


def _row_after(state: ModelState, windows: int) -> int:
    last = state.last_window
    return last.last_row + windows * last.rows if last else 0


def _forget_old(retraining: Retraining, now: datetime) -> Retraining:
    """Keep the requests of the last day; one from the future (a clock that jumped back) still counts."""
    recent = tuple(asked for asked in retraining.asked if now - asked < BUDGET_PERIOD)
    return retraining if recent == retraining.asked else retraining.model_copy(update={"asked": recent})


def _refusal(state: ModelState, retraining: Retraining, check: CheckData, rules: Rules) -> Reason | None:
    if is_broken(check):
        return Reason.DATA_QUALITY
    if not retraining.refreshing and state.signal("performance").incident is None:
        return Reason.UNCONFIRMED
    return _hold(retraining, check, rules)


def _hold(retraining: Retraining, check: CheckData, rules: Rules) -> Reason | None:
    """What forbids a retrain that is called for."""
    if rules.paused:
        return Reason.PAUSED
    if check.window.last_row < retraining.held_until_row:
        return Reason.ROLLED_BACK
    if check.window.last_row < retraining.not_before_row and not retraining.refreshing:
        return Reason.BREAKER_OPEN if retraining.fruitless >= BREAKER_AFTER else Reason.COOLDOWN
    if len(retraining.asked) >= rules.max_retrains_per_day:
        return Reason.BUDGET_SPENT
    return None


def _data(state: ModelState, check: CheckData, reason: Reason) -> RetrainData:
    return RetrainData(
        model=check.model,
        reason=reason,
        version=check.version,
        incident=_incident(state),
        window=check.window,
        metric=check.metric,
    )


def _incident(state: ModelState) -> str | None:
    incident = state.signal("performance").incident
    return incident.id if incident else None
