"""`duetmind reviews` and `review approve|reject`: what a daemon asks people, and what they answer."""

from __future__ import annotations

import getpass
import os
from typing import Annotated

import typer

from duetmind_adaptive.cli.client import Client, review_path
from duetmind_adaptive.cli.connect import find_daemon
from duetmind_adaptive.cli.listing import show_page
from duetmind_adaptive.cli.options import ClientConfig, Cursor, Json, Limit, Token, Url
from duetmind_adaptive.cli.text import print_act

ReviewId = Annotated[str, typer.Argument(help="The review's id, as `duetmind reviews` shows it.", metavar="ID")]
Why = Annotated[str, typer.Option("--reason", help="Why, for whoever looks next.", metavar="TEXT")]
Who = Annotated[str | None, typer.Option("--by", help="Who answers; default: your login.", metavar="NAME")]


def reviews(
    *,
    url: Url = None,
    config: ClientConfig = None,
    token: Token = None,
    json: Json = False,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> int:
    """List what a running daemon asks people, newest first.

    Examples
    --------
    duetmind reviews
    duetmind review approve 0190a1b2-7c3d-8000-8000-0123456789ab
    """
    daemon = find_daemon(url, config, token, os.environ)
    columns = ("id", "model", "subject", "state", "asked", "by", "reason")
    return show_page(daemon, "reviews", columns, limit=limit, cursor=cursor, as_json=json)


def approve(
    review: ReviewId,
    *,
    reason: Why = "",
    by: Who = None,
    url: Url = None,
    config: ClientConfig = None,
    token: Token = None,
    json: Json = False,
) -> int:
    """Say yes to what a review asks for.

    Examples
    --------
    duetmind review approve 0190a1b2-7c3d-8000-8000-0123456789ab --reason "the new prices are here to stay"
    """
    return _answer(find_daemon(url, config, token, os.environ), review, "approve", reason, by, as_json=json)


def reject(
    review: ReviewId,
    *,
    reason: Why = "",
    by: Who = None,
    url: Url = None,
    config: ClientConfig = None,
    token: Token = None,
    json: Json = False,
) -> int:
    """Say no to what a review asks for; it is not asked again for some windows.

    Examples
    --------
    duetmind review reject 0190a1b2-7c3d-8000-8000-0123456789ab
    """
    return _answer(find_daemon(url, config, token, os.environ), review, "reject", reason, by, as_json=json)


def _answer(daemon: Client, review: str, word: str, reason: str, by: str | None, *, as_json: bool) -> int:
    said = daemon.post(review_path(review, word), {"reason": reason, "by": by or login()})
    return print_act(said, f"{said['subject']} of {said['model']} is {said['state']}", as_json=as_json)


def login() -> str:
    """Who sits at the terminal."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return "a person"
