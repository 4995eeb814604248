"""`duetmind events`: what happened, or what happens now."""

from __future__ import annotations

import json as json_format
import os
from typing import Annotated, Any

import typer

from duetmind_adaptive.cli.client import Client
from duetmind_adaptive.cli.connect import find_daemon
from duetmind_adaptive.cli.options import ClientConfig, Cursor, Json, Limit, Token, Url
from duetmind_adaptive.cli.text import plain, print_json, print_table
from duetmind_adaptive.errors import DaemonUnreachableError


def events(
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Print events as they come, until Ctrl-C.")] = False,
    url: Url = None,
    config: ClientConfig = None,
    token: Token = None,
    json: Json = False,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> int:
    """List events, newest first, or follow them as they come.

    With --follow --json every event is one line, its CloudEvents envelope.

    Examples
    --------
    duetmind events --limit 5
    duetmind events --follow --json
    """
    daemon = find_daemon(url, config, token, os.environ)
    if follow:
        _follow(daemon, as_json=json)
    document = daemon.get("/api/v1/events", limit=limit, cursor=cursor)
    if json:
        print_json(document)
    elif document["items"]:
        print_table(("TIME", "TYPE", "MODEL", "WHAT"), map(_row, document["items"]))
    else:
        print("no events")
    return 0


def _follow(daemon: Client, *, as_json: bool) -> None:
    for event in daemon.stream("/api/v1/events/stream"):
        line = json_format.dumps(event, ensure_ascii=False) if as_json else "  ".join(map(plain, _row(event)))
        print(line, flush=True)
    raise DaemonUnreachableError(f"the daemon at {daemon.url} ended the stream of events")


def _row(event: dict[str, Any]) -> tuple[object, ...]:
    """Time, type, model and the words of an event that tell most."""
    data = event.get("data") or {}
    told = ("severity", "version", "name", "resource", "before", "after", "reason", "channel", "state", "message")
    what = ", ".join(f"{key} {data[key]}" for key in told if data.get(key) not in (None, ""))
    return event.get("time"), str(event.get("type", "")).removeprefix("duetmind."), data.get("model"), what
