"""What a pool is doing, for whoever looks at it."""

from __future__ import annotations

from dataclasses import dataclass

from duetmind_adaptive.jobs.resources import Capacity, Grant


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolLoad:
    """What the pool is doing, for `/status` and `/metrics`."""

    #: what may be held at a time, and what is
    capacity: Capacity
    granted: tuple[Grant, ...]
    #: tasks that wait for their share
    waiting: int
    #: living workers, idle ones too
    processes: int

    @property
    def running(self) -> int:
        """Tasks that hold their share."""
        return len(self.granted)


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskLoad:
    """One task that waits for its share of the machine or uses it."""

    label: str
    #: the id of its job; nothing of a task that is none, as a check
    job: str
    #: since when it waits, or runs
    seconds: float
    #: in words; nothing once it has its share
    waits_for: str
    grant: Grant | None
    #: resident bytes of all its processes; None while it has none
    memory: int | None
    #: that they used so far; None where its process has served others before
    cpu_seconds: float | None
