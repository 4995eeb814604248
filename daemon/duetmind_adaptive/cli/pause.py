"""`duetmind pause` and `resume`: a person stops all acting, and lets it go on."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from duetmind_adaptive.cli.connect import find_daemon
from duetmind_adaptive.cli.options import ClientConfig, Json, Token, Url
from duetmind_adaptive.cli.text import plain, print_act


def pause(
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why, for whoever looks next.", metavar="TEXT")] = "",
    url: Url = None,
    config: ClientConfig = None,
    token: Token = None,
    json: Json = False,
) -> int:
    """Have a running daemon do nothing about drift until `duetmind resume`, over restarts too.

    Retrains under way go back to the queue. Checks and alerts go on, and so does what you do by hand.

    Examples
    --------
    duetmind pause --reason "the warehouse is being migrated"
    duetmind resume
    """
    answer = find_daemon(url, config, token, os.environ).post("/api/v1/pause", {"reason": reason})
    return print_act(answer, paused_line(answer["paused"]), as_json=json)


def resume(*, url: Url = None, config: ClientConfig = None, token: Token = None, json: Json = False) -> int:
    """Let a paused daemon act again, on what waited too.

    Examples
    --------
    duetmind resume
    """
    answer = find_daemon(url, config, token, os.environ).post("/api/v1/resume")
    return print_act(answer, "acting again", as_json=json)


def paused_line(paused: dict[str, str]) -> str:
    """What people are told of a pause.

    >>> paused_line({"since": "2026-01-02T03:04:05+00:00", "reason": "a migration"})
    'acting is paused since 2026-01-02T03:04:05+00:00: a migration; duetmind resume ends that'
    """
    because = f": {plain(paused['reason'])}" if paused.get("reason") else ""
    return f"acting is paused since {plain(paused['since'])}{because}; duetmind resume ends that"
