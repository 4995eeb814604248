"""`duetmind models`, `incidents` and `jobs`: the lists of a running daemon."""

from __future__ import annotations

import os
from collections.abc import Sequence

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
    duetmind incidents --json
    """
    daemon = find_daemon(url, config, token, os.environ)
    columns = ("id", "model", "cause", "severity", "state", "opened", "resolved")
    return _show(daemon, "incidents", columns, limit, cursor, as_json=json)


def jobs(
    *,
    url: Url = None,
    config: ClientConfig = None,
    token: Token = None,
    json: Json = False,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> int:
    """List jobs, newest first.

    Examples
    --------
    duetmind jobs
    duetmind jobs list --limit 5 --json
    """
    daemon = find_daemon(url, config, token, os.environ)
    return _show(daemon, "jobs", ("id", "kind", "model", "state"), limit, cursor, as_json=json)


def _show(
    daemon: Client, resource: str, columns: Sequence[str], limit: int, cursor: str | None, *, as_json: bool
) -> int:
    document = daemon.get(f"/api/v1/{resource}", limit=limit, cursor=cursor)
    if as_json:
        print_json(document)
        return 0
    items = document["items"]
    if not items:
        print(f"no {resource}")
        return 0
    print_table([column.upper() for column in columns], [[item.get(column) for column in columns] for item in items])
    if resource == "models":
        print_outlook({item["name"]: item for item in items})
    if document.get("next"):
        print(f"more: --cursor {document['next']}")
    return 0
