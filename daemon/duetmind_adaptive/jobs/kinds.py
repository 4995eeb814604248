"""What a kind of job knows: how to prepare a worker's order, and what becomes of the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from duetmind_adaptive.contracts import Transaction
from duetmind_adaptive.jobs.queue import Job
from duetmind_adaptive.jobs.resources import ResourceRequirement


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What a worker is asked for."""

    task: Callable[..., Any]
    args: tuple[object, ...]
    limit: timedelta
    #: None: what the operator gives to every job
    needs: ResourceRequirement | None = None
    #: a higher one goes first
    priority: int = 0


class JobKind(Protocol):
    """One kind of job. Whatever takes a transaction commits together with the job's own row and events."""

    async def prepare(self, job: Job) -> Order:
        """Say what a worker is asked for; may read the store. An exception fails the job for good."""
        ...

    def started(self, tx: Transaction, job: Job) -> None:
        """Record that an attempt begins."""
        ...

    def complete(self, tx: Transaction, job: Job, result: Any) -> None:
        """Keep what the task returned. An exception undoes it and fails the job for good."""
        ...

    def abandon(self, tx: Transaction, job: Job, reason: str) -> None:
        """Record that there will be no result: the job failed for good, or was cancelled."""
        ...

    async def after_commit(self, job: Job) -> None:
        """Follow up on `complete` outside the store; lost when the process dies, so start-up must do it as well."""
        ...
