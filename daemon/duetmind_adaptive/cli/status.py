"""`duetmind status`: how a running daemon and its models are."""

from __future__ import annotations

import os
from typing import Any

from duetmind_adaptive.cli.connect import find_daemon
from duetmind_adaptive.cli.options import ClientConfig, Json, Token, Url
from duetmind_adaptive.cli.pause import paused_line
from duetmind_adaptive.cli.text import plain, print_json, print_outlook, print_table
from duetmind_adaptive.settings.durations import format_duration, parse_duration


def status(*, url: Url = None, config: ClientConfig = None, token: Token = None, json: Json = False) -> int:
    """Show how a running daemon and its models are.

    Examples
    --------
    duetmind status
    duetmind status --config duetmind.yaml --json
    """
    daemon = find_daemon(url, config, token, os.environ)
    document = daemon.get("/status")
    if json:
        print_json(document)
        return 0
    uptime = format_duration(parse_duration(int(document.get("uptime_seconds") or 0)))
    print(f"DuetMind {plain(document.get('version'))} at {daemon.url}, up {uptime}; {_counts(document)}")
    if document.get("paused"):
        print(paused_line(document["paused"]))
    models: dict[str, dict[str, Any]] = document.get("models") or {}
    if models:
        print_table(_COLUMNS, [[name, *(_cell(model, key) for key in _KEYS)] for name, model in models.items()])
        for name, model in models.items():
            if "drift_threshold" in model:
                print(f"{plain(name)}: drift begins at an effect of {model['drift_threshold']:g}, learned or set")
        print_outlook(models)
    return 0


_KEYS = ("champion", "drift", "severity", "open_incident", "last_check", "next_check")
_COLUMNS = ("MODEL", "CHAMPION", "DRIFT", "SEVERITY", "INCIDENT", "LAST CHECK", "NEXT CHECK")


def _cell(model: dict[str, Any], key: str) -> object:
    """The value for people: of an object, what names it."""
    value = model.get(key)
    if isinstance(value, dict):
        return next((value[name] for name in ("version", "id", "time", "at", "end") if name in value), "yes")
    return value


def _counts(document: dict[str, Any]) -> str:
    bus, jobs = document.get("bus") or {}, document.get("jobs") or {}
    return (
        f"events pending {bus.get('pending', 0)}, dead {bus.get('dead', 0)}; "
        f"jobs running {jobs.get('running', 0)}, queued {jobs.get('queued', 0)}"
    )
