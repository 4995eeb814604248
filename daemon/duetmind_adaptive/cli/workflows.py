"""`duetmind workflows …`: what a running daemon's workflows did, and what it may be asked to do about them."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from duetmind_adaptive.cli.client import run_path
from duetmind_adaptive.cli.connect import find_daemon
from duetmind_adaptive.cli.options import ClientConfig, Cursor, Json, Limit, Token, Url
from duetmind_adaptive.cli.text import plain, print_json, print_table

RunId = Annotated[str, typer.Argument(help="The run's id, as `duetmind workflows` shows it.", metavar="ID")]


def list_runs(
    *,
    workflow: Annotated[str | None, typer.Option("--workflow", help="Only runs of this one.", metavar="NAME")] = None,
    url: Url = None,
    config: ClientConfig = None,
    token: Token = None,
    json: Json = False,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> int:
    """List the runs of a daemon's workflows, newest first.

    Examples
    --------
    duetmind workflows
    duetmind workflows list --workflow nightly --json
    """
    daemon = find_daemon(url, config, token, os.environ)
    document = daemon.get("/api/v1/workflows", limit=limit, cursor=cursor, workflow=workflow)
    if json:
        print_json(document)
        return 0
    items = document["items"]
    if not items:
        print("no runs")
        return 0
    rows = [
        (run["id"], run["workflow"], run["state"], f"{run['done']} of {run['total']}", run["created"], run["finished"])
        for run in items
    ]
    print_table(("ID", "WORKFLOW", "STATE", "TASKS", "BEGAN", "ENDED"), rows)
    if document.get("next"):
        print(f"more: --cursor '{document['next']}'")
    return 0


def show_run(
    run: RunId, *, url: Url = None, config: ClientConfig = None, token: Token = None, json: Json = False
) -> int:
    """Show a run, task by task. Exit status 1 means that a task failed.

    Examples
    --------
    duetmind workflows show 0190a1b2-7c3d-7000-8000-0123456789ab
    """
    document = find_daemon(url, config, token, os.environ).get(run_path(run))
    if json:
        print_json(document)
    else:
        _print_run(document)
    return int(document["state"] == "failed")


def start_run(
    workflow: Annotated[str, typer.Argument(help="Name of the workflow.", metavar="NAME")],
    *,
    url: Url = None,
    config: ClientConfig = None,
    token: Token = None,
    json: Json = False,
) -> int:
    """Have a running daemon run a workflow now.

    Examples
    --------
    duetmind workflows start nightly --config duetmind.yaml
    """
    daemon = find_daemon(url, config, token, os.environ)
    answer = daemon.post("/api/v1/workflows", {"workflow": workflow})
    return _say(answer, f"run {answer['id']} of {workflow} has begun", as_json=json)


def cancel_run(
    run: RunId, *, url: Url = None, config: ClientConfig = None, token: Token = None, json: Json = False
) -> int:
    """End a run that goes on, with everything that it started; what has succeeded keeps its result.

    Examples
    --------
    duetmind workflows cancel 0190a1b2-7c3d-7000-8000-0123456789ab
    """
    answer = find_daemon(url, config, token, os.environ).post(run_path(run, "cancel"))
    return _say(answer, f"run {run} of {answer['workflow']} is cancelled", as_json=json)


def _print_run(run: dict[str, Any]) -> None:
    print(plain(f"{run['workflow']}: {run['state']}, {run['done']} of {run['total']} tasks ended"))
    rows = [
        (task["task"], task["state"], task["attempt"], task["error"] or (task["result"] or {}).get("shown", ""))
        for task in run["tasks"]
    ]
    print_table(("TASK", "STATE", "ATTEMPTS", "RESULT"), rows)


def _say(answer: dict[str, Any], sentence: str, *, as_json: bool) -> int:
    if as_json:
        print_json(answer)
    else:
        print(plain(sentence))
    return 0
