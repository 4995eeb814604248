"""`duetmind incidents explain|ack` and `silence|unsilence`: an incident's whole story, and who hears of it."""

from __future__ import annotations

import os
from typing import Annotated, Any
from urllib.parse import quote

import typer

from duetmind_adaptive.cli.client import model_path
from duetmind_adaptive.cli.connect import find_daemon
from duetmind_adaptive.cli.options import ClientConfig, Json, ModelName, Token, Url
from duetmind_adaptive.cli.reviews import Who, Why, login
from duetmind_adaptive.cli.text import plain, print_act, print_json, print_table

IncidentId = Annotated[str, typer.Argument(help="The incident's id, as `duetmind incidents` shows it.", metavar="ID")]
Note = Annotated[str, typer.Option("--note", help="What you make of it, for whoever looks next.", metavar="TEXT")]
Period = Annotated[str, typer.Option("--for", help="How long, such as 2h.", metavar="DURATION")]


def explain(
    incident: IncidentId, *, url: Url = None, config: ClientConfig = None, token: Token = None, json: Json = False
) -> int:
    """Tell an incident's whole story: what happened, what was decided and why, who was told, and why others were not.

    Examples
    --------
    duetmind incidents explain 0190a1b2-7c3d-8000-8000-0123456789ab
    """
    document = find_daemon(url, config, token, os.environ).get(_path(incident))
    if json:
        print_json(document)
        return 0
    print(plain(f"{document['cause']} of {document['model']}: {document['severity']}, {document['state']}"))
    if taken := document["acknowledged"]:
        print(plain(f"taken on by {taken['by']} at {taken['at']}" + (f": {taken['note']}" if taken["note"] else "")))
    steps = [(step["at"][:19], step["type"].removeprefix("duetmind."), *_said(step)) for step in document["path"]]
    print_table(("AT", "WHAT", "WHY", "MORE"), steps)
    print_table(("CHANNEL", "STATE", "WHY", "TOLD", "FAILED TRIES"), [_row(each) for each in document["channels"]])
    return 0


def acknowledge(
    incident: IncidentId,
    *,
    note: Note = "",
    by: Who = None,
    url: Url = None,
    config: ClientConfig = None,
    token: Token = None,
    json: Json = False,
) -> int:
    """Take an open incident on: people hear of it again only if it grows worse, and when it is over.

    Examples
    --------
    duetmind incidents ack 0190a1b2-7c3d-8000-8000-0123456789ab --note "the supplier changed its prices"
    """
    body = {"by": by or login(), "note": note}
    answer = find_daemon(url, config, token, os.environ).post(f"{_path(incident)}/acknowledge", body)
    return print_act(answer, f"{answer['cause']} of {answer['model']} is taken on by {body['by']}", as_json=json)


def silence(
    model: ModelName,
    *,
    period: Period,
    reason: Why = "",
    by: Who = None,
    url: Url = None,
    config: ClientConfig = None,
    token: Token = None,
    json: Json = False,
) -> int:
    """Have a running daemon tell nobody of a model for a while; what is still open then is told then.

    Checks and responses go on.

    Examples
    --------
    duetmind silence loans --for 2h --reason "we are loading old data"
    """
    body = {"for": period, "reason": reason, "by": by or login()}
    answer = find_daemon(url, config, token, os.environ).post(model_path(model, "silence"), body)
    return print_act(answer, f"nobody is told of {model} until {answer['until']}", as_json=json)


def unsilence(
    model: ModelName, *, url: Url = None, config: ClientConfig = None, token: Token = None, json: Json = False
) -> int:
    """Have a running daemon tell people of a model again, of what waited too.

    Examples
    --------
    duetmind unsilence loans
    """
    answer = find_daemon(url, config, token, os.environ).post(model_path(model, "unsilence"))
    return print_act(answer, f"people are told of {model} again", as_json=json)


def _path(incident: str) -> str:
    return f"/api/v1/incidents/{quote(incident, safe='')}"


def _said(step: dict[str, Any]) -> tuple[str, str]:
    names = ("severity", "channel", "status", "version", "message")
    return step["reason"], ", ".join(str(step[name]) for name in names if step.get(name))


def _row(channel: dict[str, Any]) -> tuple[str, ...]:
    failed = sum(each["failed"] for each in channel["tries"])
    return channel["channel"], channel["state"], channel["reason"], channel["told"] or "", str(failed)
