"""`duetmind jobs logs`: what a job printed, or prints now."""

from __future__ import annotations

import json as json_format
import os
import sys
import time
from typing import Annotated, Any

import typer

from duetmind_adaptive.cli.client import Client, job_path
from duetmind_adaptive.cli.connect import find_daemon
from duetmind_adaptive.cli.options import ClientConfig, Json, Token, Url
from duetmind_adaptive.cli.text import plain, print_json

#: seconds between two looks at a job that is still at work
LOOK = 0.5
#: states in which a job may print more
_OPEN = ("queued", "running")


def logs(
    job: Annotated[str, typer.Argument(help="The job's id, as `duetmind jobs` shows it.", metavar="ID")],
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Print on until the job has ended.")] = False,
    url: Url = None,
    config: ClientConfig = None,
    token: Token = None,
    json: Json = False,
) -> int:
    """Show what a job printed: its task, its libraries and the programs that it started.

    With --json one document; with --follow too, one line for each piece as it comes.

    Examples
    --------
    duetmind jobs logs 0190a1b2-7c3d-7000-8000-0123456789ab
    duetmind jobs logs 0190a1b2-7c3d-7000-8000-0123456789ab --follow
    """
    daemon = find_daemon(url, config, token, os.environ)
    if json and not follow:
        print_json(_whole(daemon, job))
        return 0
    offset = 0
    while True:
        piece = _piece(daemon, job, offset)
        _show(piece, as_json=json)
        ended = piece["state"] not in _OPEN
        if not piece["text"] and (ended or not follow):
            if not offset and not json:
                print(f"job {plain(job)} has printed nothing", file=sys.stderr)
            return 0
        offset = piece["next"]
        if not piece["text"]:
            time.sleep(LOOK)


def _piece(daemon: Client, job: str, offset: int) -> dict[str, Any]:
    return daemon.get(job_path(job, "log"), offset=offset)


def _whole(daemon: Client, job: str) -> dict[str, Any]:
    found, text = _piece(daemon, job, 0), ""
    while found["text"]:
        text += found["text"]
        found = _piece(daemon, job, found["next"])
    return {**found, "text": text}


def _show(piece: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        if piece["text"]:
            print(json_format.dumps(piece, ensure_ascii=False), flush=True)
        return
    for line in piece["text"].splitlines():
        print(plain(line) if line else "", flush=True)
