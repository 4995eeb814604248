"""`duetmind retrain`, `rollback`, `promote` and `jobs cancel`: what a person may have a running daemon do."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from duetmind_adaptive.cli.client import job_path, model_path
from duetmind_adaptive.cli.connect import find_daemon
from duetmind_adaptive.cli.options import ClientConfig, Json, ModelName, Token, Url
from duetmind_adaptive.cli.text import plain, print_act
from duetmind_adaptive.errors import ConfigError


def retrain(
    model: ModelName, *, url: Url = None, config: ClientConfig = None, token: Token = None, json: Json = False
) -> int:
    """Have a running daemon retrain a model now; the daily budget is not touched.

    The answer is that it was asked for; what came of it is an event.

    Examples
    --------
    duetmind retrain loans --config duetmind.yaml
    duetmind events --follow
    """
    answer = find_daemon(url, config, token, os.environ).post(model_path(model, "retrain"))
    return print_act(answer, f"retrain of {model} requested ({answer.get('request')})", as_json=json)


def rollback(
    model: ModelName,
    *,
    to: Annotated[
        int | None, typer.Option("--to", help="The version; default: the one before.", metavar="VERSION", min=1)
    ] = None,
    url: Url = None,
    config: ClientConfig = None,
    token: Token = None,
    json: Json = False,
) -> int:
    """Make an earlier version of a model serve again.

    Examples
    --------
    duetmind rollback loans
    duetmind rollback loans --to 3
    """
    body = {} if to is None else {"to": to}
    answer = find_daemon(url, config, token, os.environ).post(model_path(model, "rollback"), body)
    return print_act(answer, _serves(model, answer), as_json=json)


def promote(
    model: ModelName,
    version: Annotated[int, typer.Argument(help="Number of the version.", metavar="VERSION", min=1)],
    *,
    url: Url = None,
    config: ClientConfig = None,
    token: Token = None,
    json: Json = False,
) -> int:
    """Make a version of a model serve, whatever its trial said.

    Examples
    --------
    duetmind promote loans 4
    """
    answer = find_daemon(url, config, token, os.environ).post(model_path(model, "promote"), {"version": version})
    return print_act(answer, _serves(model, answer), as_json=json)


def threshold(
    model: ModelName,
    value: Annotated[
        float | None, typer.Argument(help="Smallest effect that counts as drift, in (0, 1).", metavar="[VALUE]")
    ] = None,
    *,
    revert: Annotated[bool, typer.Option("--revert", help="Take back what was learned or set.")] = False,
    url: Url = None,
    config: ClientConfig = None,
    token: Token = None,
    json: Json = False,
) -> int:
    """Set the smallest effect that counts as drift, or take back what `adjust_thresholds` learned.

    The next check uses it; it holds until the config says another, or another is set.

    Examples
    --------
    duetmind threshold loans 0.05
    duetmind threshold loans --revert
    """
    if (value is None) != revert:
        raise ConfigError("give either a value or --revert, as in: duetmind threshold loans 0.05")
    answer = find_daemon(url, config, token, os.environ).post(
        model_path(model, "threshold"), {"drift_threshold": value}
    )
    said = f"the threshold of {model} is {answer['after']:g} now; it was {answer['before']:g}"
    return print_act(answer, said, as_json=json)


def cancel_job(
    job: Annotated[str, typer.Argument(help="The job's id, as `duetmind jobs` shows it.", metavar="ID")],
    *,
    url: Url = None,
    config: ClientConfig = None,
    token: Token = None,
    json: Json = False,
) -> int:
    """End a job that waits or runs, with everything that it started; what it had made is dropped.

    Examples
    --------
    duetmind jobs cancel 0190a1b2-7c3d-7000-8000-0123456789ab
    """
    answer = find_daemon(url, config, token, os.environ).post(job_path(job, "cancel"))
    return print_act(answer, f"job {job} of {answer.get('model')} is cancelled", as_json=json)


def _serves(model: str, answer: dict[str, Any]) -> str:
    if answer.get("version") is None:
        return f"requested for {model} ({answer.get('request')})"
    return f"{model} is served by version {answer['version']} (before: {plain(answer.get('previous'))})"
