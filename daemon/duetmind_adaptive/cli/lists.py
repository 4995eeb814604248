"""`duetmind models`, `incidents`, `audit`, `outcomes` and `jobs`: the lists of a running daemon."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from duetmind_adaptive.cli.connect import find_daemon
from duetmind_adaptive.cli.listing import Item, show_page
from duetmind_adaptive.cli.options import ClientConfig, Cursor, Json, Limit, Token, Url
from duetmind_adaptive.cli.text import print_outlook


def models(
    *,
    url: Url = None,
    config: ClientConfig = None,
    token: Token = None,
    json: Json = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> int:
    """List the models of a running daemon.

    Examples
    --------
    duetmind models
    duetmind models --json
    """
    daemon, columns = find_daemon(url, config, token, os.environ), ("name", "task", "champion", "metric", "severity")
    return show_page(
        daemon, "models", columns, limit=limit, cursor=cursor, as_json=json, adapt=_with_serving, after=_outlook
    )


def incidents(
    *,
    url: Url = None,
    config: ClientConfig = None,
    token: Token = None,
    json: Json = False,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> int:
    """List incidents, newest first.

    Examples
    --------
    duetmind incidents --limit 5
    duetmind incidents list --json
    """
    daemon = find_daemon(url, config, token, os.environ)
    columns = ("id", "model", "cause", "severity", "state", "opened", "resolved")
    return show_page(daemon, "incidents", columns, limit=limit, cursor=cursor, as_json=json)


def audit(
    *,
    url: Url = None,
    config: ClientConfig = None,
    token: Token = None,
    json: Json = False,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> int:
    """List who did what, and why, newest first: people over the API, and the policy by itself.

    Examples
    --------
    duetmind audit --limit 50
    duetmind audit --json
    """
    daemon = find_daemon(url, config, token, os.environ)
    columns = ("at", "who", "what", "model", "why", "outcome")
    return show_page(daemon, "audit", columns, limit=limit, cursor=cursor, as_json=json)


def outcomes(
    *,
    url: Url = None,
    config: ClientConfig = None,
    token: Token = None,
    json: Json = False,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> int:
    """List retrains and rollbacks, newest first: what was expected, what came of it, and whether it helped.

    Examples
    --------
    duetmind outcomes --limit 5
    duetmind outcomes --json
    """
    daemon = find_daemon(url, config, token, os.environ)
    columns = ("at", "model", "act", "version", "expected", "after", "beside", "rows", "verdict", "why")
    return show_page(daemon, "outcomes", columns, limit=limit, cursor=cursor, as_json=json)


def jobs(
    *,
    url: Url = None,
    config: ClientConfig = None,
    token: Token = None,
    json: Json = False,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> int:
    """List jobs, newest first; of those at work what they wait for, or were granted and use.

    Examples
    --------
    duetmind jobs
    duetmind jobs list --limit 5 --json
    """
    daemon = find_daemon(url, config, token, os.environ)
    columns = ("id", "kind", "model", "state", "now")
    return show_page(daemon, "jobs", columns, limit=limit, cursor=cursor, as_json=json, adapt=_with_now)


def at_work(job: Mapping[str, Any]) -> str | None:
    """What a job waits for, or was granted and uses of it; None of one that does neither.

    >>> at_work({"waits_for": "waits for its turn"})
    'waits for its turn'
    >>> at_work({"granted": {"cpu": 2, "memory_gb": 0, "gpus": [1]}, "used": {"seconds": 90, "cpu_seconds": 171.5}})
    'granted 2 cores, GPU 1; used 171.5 s of CPU in 90 s'
    >>> at_work({"granted": {"cpu": 0.5, "memory_gb": 4}, "used": {"seconds": 2, "cpu_seconds": 1, "memory_gb": 0.31}})
    'granted 0.5 cores, 4 GB; used 1 s of CPU, 0.31 GB in 2 s'
    """
    granted, used = job.get("granted"), job.get("used") or {}
    if not granted:
        return job.get("waits_for")
    memory = [f"{granted['memory_gb']:g} GB"] if granted.get("memory_gb") else []
    gives = [f"{granted['cpu']:g} cores", *memory, *(f"GPU {index}" for index in granted.get("gpus") or ())]
    cpu = [f"{used['cpu_seconds']:.4g} s of CPU"] if used.get("cpu_seconds") is not None else []
    held = [f"{used['memory_gb']:.3g} GB"] if used.get("memory_gb") is not None else []
    return f"granted {', '.join(gives)}; used {', '.join([*cpu, *held])} in {used.get('seconds', 0):.4g} s"


def serving(model: Mapping[str, Any]) -> str | int | None:
    """The champion's number, and whose model it is where that one served before.

    >>> serving({"champion": 5, "again": 2}), serving({"champion": 5})
    ('5 (the model of 2)', 5)
    """
    return f"{model['champion']} (the model of {model['again']})" if model.get("again") else model["champion"]


def _with_now(job: Item) -> Item:
    return {**job, "now": at_work(job)}


def _with_serving(model: Item) -> Item:
    return {**model, "champion": serving(model)}


def _outlook(models: Sequence[Item]) -> None:
    print_outlook({model["name"]: model for model in models})
