"""What the pool's tasks hold and use, as documents: for `/status`, and beside each job in `/api/v1/jobs`."""

from __future__ import annotations

from collections.abc import Sequence

from duetmind_adaptive.jobs.load import PoolLoad, TaskLoad
from duetmind_adaptive.jobs.memory import GB
from duetmind_adaptive.service.documents import Document

#: the word by which a task says that it waits for a resource, by the resource
_WORDS = {"cpu": " cores:", "memory_gb": " GB of memory:", "gpu": " GPUs:"}


def resources(loads: Sequence[PoolLoad], tasks: Sequence[TaskLoad]) -> Document:
    """The contract's `resources`, of this machine and a cluster together.

    Beside it how many tasks wait for each, and the memory that is really used here.
    """
    held = [grant for load in loads for grant in load.granted]
    document = {
        "cpu": {
            "total": sum(load.capacity.cpu_cores for load in loads),
            "reserved": sum(grant.cpu_cores for grant in held),
        },
        "memory_gb": {
            "total": round(sum(load.capacity.memory_gb for load in loads), 2),
            "reserved": sum(grant.memory_gb for grant in held),
            "used": round(sum(task.memory or 0 for task in tasks) / GB, 3),
        },
        "gpu": {
            "total": sum(len(load.capacity.gpus) for load in loads),
            "reserved": sum(len(grant.gpus) for grant in held),
        },
    }
    for name, share in document.items():
        share["waiting"] = sum(_WORDS[name] in task.waits_for for task in tasks)
    return document


def task_document(task: TaskLoad) -> Document:
    """A task that waits or runs."""
    return {"label": task.label, "job": task.job or None, **share_document(task)}


def share_document(task: TaskLoad | None) -> Document:
    """What a task waits for, what it was granted, and what it uses of it; nothing of a job that does neither."""
    grant = task.grant if task else None
    return {
        "waits_for": (task.waits_for or None) if task else None,
        "granted": {"cpu": grant.cpu_cores, "memory_gb": grant.memory_gb, "gpus": list(grant.gpus)} if grant else None,
        "used": _used(task) if task and grant else None,
    }


def _used(task: TaskLoad) -> Document:
    return {
        "seconds": round(task.seconds, 3),
        "cpu_seconds": task.cpu_seconds,
        "memory_gb": None if task.memory is None else round(task.memory / GB, 3),
    }
