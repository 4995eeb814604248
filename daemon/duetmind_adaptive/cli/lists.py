"""`duetmind models`, `incidents`, `audit`, `outcomes` and `jobs`: the lists of a running daemon."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from duetmind_adaptive.cli.client import Client
from duetmind_adaptive.cli.connect import find_daemon
from duetmind_adaptive.cli.options import ClientConfig, Cursor, Json, Limit, Token, Url
from duetmind_adaptive.cli.text import print_json, print_outlook, print_table


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
    daemon = find_daemon(url, config, token, os.environ)
    return _show(daemon, "models", ("name", "task", "champion", "metric", "severity"), limit, cursor, as_json=json)


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
    return _show(daemon, "incidents", columns, limit, cursor, as_json=json)


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
    return _show(daemon, "audit", ("at", "who", "what", "model", "why", "outcome"), limit, cursor, as_json=json)


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
    return _show(daemon, "outcomes", columns, limit, cursor, as_json=json)


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
    return _show(daemon, "jobs", columns, limit, cursor, as_json=json)


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


def _show(
    daemon: Client, resource: str, columns: Sequence[str], limit: int, cursor: str | None, *, as_json: bool
) -> int:
    document = daemon.get(f"/api/v1/{resource}", limit=limit, cursor=cursor)
    if as_json:
        print_json(document)
        return 0
    items: list[dict[str, Any]] = document["items"]
    if not items:
        print(f"no {resource}")
        return 0
    if resource == "jobs":
        items = [{**item, "now": at_work(item)} for item in items]
    if resource == "models":
        items = [{**item, "champion": serving(item)} for item in items]
    print_table([column.upper() for column in columns], [[item.get(column) for column in columns] for item in items])
    if resource == "models":
        print_outlook({item["name"]: item for item in items})
    if document.get("next"):
        print(f"more: --cursor {document['next']}")
    return 0
