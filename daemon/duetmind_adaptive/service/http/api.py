"""What the HTTP door asks of the daemon behind it; the engine's view implements it, tests have a twin.

Documents are plain JSON-ready dictionaries in the contract's shapes. An implementation raises `NotFoundError`
for a model that is not there, `BadCursorError` for a cursor it did not make, and any other `DuetMindError`
for an act that cannot be done now; the door turns them into problem documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from duetmind_adaptive.errors import DuetMindError
from duetmind_adaptive.store.audit import Act

Document = dict[str, Any]


class NotFoundError(DuetMindError):
    """There is nothing of this name."""


class BadCursorError(DuetMindError):
    """The cursor is not one that an earlier answer gave."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, newest first; `next` is the cursor of the page after it, None at the end."""

    items: Sequence[Document]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Artifact:
    """The champion's file and its sha256, in hexadecimal."""

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Streamed:
    """An event as it is streamed: its place in the order of commits, and its envelope as JSON on one line."""

    seq: int
    body: str


class Workflows(Protocol):
    """Runs of workflows."""

    async def page(self, limit: int, cursor: str | None, workflow: str | None) -> Page:
        """Runs, of all workflows or one."""
        ...

    async def run(self, run: str) -> Document:
        """One run with its tasks; NotFoundError if there is none of this id."""
        ...

    async def begin(self, workflow: str) -> Document:
        """Run a workflow of the config now; answers with the run."""
        ...

    async def cancel(self, run: str) -> Document:
        """End a run and what it runs; answers with it."""
        ...


class Api(Protocol):
    """The daemon as its HTTP door sees it; every method answers from memory or the store, within milliseconds."""

    @property
    def workflows(self) -> Workflows:
        """What concerns workflows."""
        ...

    async def ready(self) -> list[str]:
        """Why the daemon does not serve (store, bus, scheduler, pool), one sentence each; empty: it does."""
        ...

    async def status(self) -> Document:
        """The contract's `/status` document."""
        ...

    async def models(self, limit: int, cursor: str | None) -> Page:
        """The configured models."""
        ...

    async def checks(self, limit: int, cursor: str | None, model: str | None) -> Page:
        """Checks, of all models or one."""
        ...

    async def events(self, limit: int, cursor: str | None, model: str | None) -> Page:
        """CloudEvents envelopes, of all models or one."""
        ...

    async def incidents(self, limit: int, cursor: str | None, model: str | None) -> Page:
        """Incidents, of all models or one."""
        ...

    async def jobs(self, limit: int, cursor: str | None, model: str | None) -> Page:
        """Jobs, of all models or one."""
        ...

    async def reviews(self, limit: int, cursor: str | None, model: str | None) -> Page:
        """Questions to people, of all models or one."""
        ...

    async def audit(self, limit: int, cursor: str | None, model: str | None) -> Page:
        """Acts, of all models or one."""
        ...

    async def outcomes(self, limit: int, cursor: str | None, model: str | None) -> Page:
        """What became of each act, of all models or one."""
        ...

    async def note_act(self, act: Act) -> None:
        """Keep a line of the audit log."""
        ...

    async def job_log(self, job: str, offset: int) -> Document:
        """What a job printed from `offset` bytes on: `text`, `next` (the offset after it) and the job's `state`."""
        ...

    async def last_event(self) -> int:
        """The place of the newest event; 0 when there is none."""
        ...

    async def event_tail(self, after: int, limit: int) -> Sequence[Streamed]:
        """The first events later than `after`, in the order of their commits."""
        ...

    async def champion(self, model: str) -> Document:
        """`version`, `sha256`, `promoted` and `metric` of the serving version; NotFoundError if none serves."""
        ...

    async def champion_at(self, model: str, when: datetime) -> Document:
        """As `champion`, of a moment in the past; NotFoundError if none served then."""
        ...

    async def champion_artifact(self, model: str) -> Artifact:
        """The serving version's own file (never the link, which moves); NotFoundError if there is none."""
        ...

    async def request_check(self, model: str) -> Document:
        """Check now, besides the schedule; answers once that is accepted."""
        ...

    async def request_retrain(self, model: str) -> Document:
        """Ask for a retrain, outside the budget; answers with the `request`, the job's id."""
        ...

    async def cancel_job(self, job: str) -> Document:
        """End a job that waits or runs; answers with it. NotFoundError if there is none of this id."""
        ...

    async def answer_review(self, review: str, *, approve: bool, by: str, reason: str) -> Document:
        """Answer a question; answers with it. NotFoundError if there is none, JobError if it is over."""
        ...

    async def incident(self, incident: str) -> Document:
        """One incident with its path, its channels and who took it on; NotFoundError if there is none."""
        ...

    async def acknowledge(self, incident: str, *, by: str, note: str) -> Document:
        """Take an open incident on; answers with it. NotFoundError if there is none, JobError if it is over."""
        ...

    async def silence(self, model: str, *, seconds: float, by: str, reason: str) -> Document:
        """Tell nobody of a model for a while; answers with `until`."""
        ...

    async def unsilence(self, model: str) -> Document:
        """Tell people of a model again; answers with `until`, which is null."""
        ...

    async def answer_trainer(self, model: str, *, request: str, artifact: str, error: str) -> Document:
        """What a trainer elsewhere made; NotFoundError if nothing was asked, JobError if it was answered already."""
        ...

    async def pause(self, reason: str) -> Document:
        """Do nothing about drift until `resume`; answers with `paused`, its `since` and `reason`."""
        ...

    async def resume(self) -> Document:
        """Act again; answers with `paused`, which is null."""
        ...

    async def set_threshold(self, model: str, value: float | None) -> Document:
        """Set the smallest effect that counts as drift, None: as the config says; answers with `before` and `after`."""
        ...

    async def rollback(self, model: str, to: int | None) -> Document:
        """Make the previous (or the named) version serve; answers with `version` and `previous`."""
        ...

    async def promote(self, model: str, version: int) -> Document:
        """Make the version serve; answers with `version` and `previous`."""
        ...
