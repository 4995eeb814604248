"""Did the act help? What is kept of each retrain and rollback: what was expected, and what the watch after it found.

An act opens an entry; what follows from it changes or closes that entry. The verdict is the watch's: both versions
answered the same rows since the switch, so that a world which grew harder for both is not held against the act.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from duetmind_adaptive.events import (
    CheckCompleted,
    Event,
    ModelPromoted,
    ModelRejected,
    ModelRolledBack,
    RetrainFailed,
    RetrainRequested,
)
from duetmind_adaptive.policy.reasons import Reason
from duetmind_adaptive.policy.state import ModelState, Watch

Verdict = Literal["pending", "helped", "did_not_help", "harmed", "not_known"]

#: what the watch found of what serves, beside the version before, as a verdict on the act
OF_WATCH: dict[str, Verdict] = {"better": "helped", "not_better": "did_not_help", "worse": "harmed"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A change of the ledger: the act's id, and what is known of it from now on."""

    id: str
    changes: dict[str, Any] = field(default_factory=dict[str, Any])
    #: the act is new; else an entry that is not there stays so
    opens: bool = False
    closes: bool = False


def ledger(before: ModelState, event: Event, after: ModelState) -> tuple[Entry, ...]:
    """What an event changes, given the model's state before and after it was decided on."""
    match event:
        case RetrainRequested() if event.data.reason != Reason.INITIAL:
            facts = {"act": "retrain", "reason": event.data.reason, "previous": event.data.version}
            return (Entry(event.id, facts, opens=True),)
        case ModelRejected() | RetrainFailed() if event.data.job:
            return (_in_vain(event, event.data.job),)
        case ModelPromoted():
            return (*_overtaken(before, event.data.version), *_promoted(event, after))
        case ModelRolledBack():
            return (*_overtaken(before, event.data.version), _rolled_back(event, after))
        case CheckCompleted():
            return _measured(before, event, after)
        case _:
            return ()


def _in_vain(event: ModelRejected | RetrainFailed, job: str) -> Entry:
    """A retrain that changed nothing; of one that could not be decided on it is not known what it would have done."""
    if isinstance(event, RetrainFailed):
        return _closed(job, "did_not_help", event.data.message)
    gate = event.data.gate or {}
    undecided = gate.get("verdict") in {None, "inconclusive"}
    facts = {"version": event.data.version, "expected": gate.get("difference")}
    return _closed(job, "not_known" if undecided else "did_not_help", event.data.message, **facts)


def _promoted(event: ModelPromoted, after: ModelState) -> tuple[Entry, ...]:
    data = event.data
    if data.previous is None:
        return ()
    gate = data.gate or {}
    facts = {
        "version": data.version, "previous": data.previous, "before": gate.get("champion"),
        "expected": gate.get("difference"), "metric": gate.get("metric"),
    }  # fmt: skip
    if data.job is None:
        facts |= {"act": "promotion", "reason": data.reason}
        why = "What a person chose is not watched."
        return (Entry(event.id, {**facts, "verdict": "not_known", "why": why}, opens=True, closes=True),)
    if after.watch is None:
        return (_closed(data.job, "not_known", "It was not watched.", **facts),)
    return (Entry(data.job, facts),)


def _rolled_back(event: ModelRolledBack, after: ModelState) -> Entry:
    data = event.data
    facts = {"act": "rollback", "reason": data.reason, "version": data.version, "previous": data.previous}
    if after.watch is None:
        facts |= {"verdict": "not_known", "why": "No window was checked before it."}
    return Entry(event.id, facts, opens=True, closes=after.watch is None)


def _measured(before: ModelState, event: CheckCompleted, after: ModelState) -> tuple[Entry, ...]:
    """Both versions on the rows since the switch; the entry is closed with the watch."""
    watch, beside = before.watch, event.data.beside
    if watch is None or beside is None or beside.version != watch.version:
        return ()
    facts = {
        "after": beside.metric, "beside": beside.metric_previous, "rows": beside.rows,
        "metric": event.data.metric_name,
    }  # fmt: skip
    if after.watch is not None:
        return (Entry(watch.act, facts),)
    verdict = OF_WATCH.get(beside.verdict, "not_known")
    return (_closed(watch.act, verdict, f"Seen in {watch.seen + 1} checks beside version {watch.previous}.", **facts),)


def _overtaken(before: ModelState, version: int) -> tuple[Entry, ...]:
    """A watch that another switch ends: what it found so far is its verdict."""
    watch: Watch | None = before.watch
    if watch is None:
        return ()
    why = f"Seen in {watch.seen} checks beside version {watch.previous}; then version {version} took over."
    return (_closed(watch.act, OF_WATCH.get(watch.verdict, "not_known"), why),)


def _closed(id: str, verdict: Verdict, why: str, **facts: Any) -> Entry:
    return Entry(id, {**facts, "verdict": verdict, "why": why}, closes=True)
