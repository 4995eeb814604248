"""Asks a model's own trainer: a program that is started, or an address that the request is posted to."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    Request,
)

from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.registry.layout import answer_file
from duetmind_adaptive.tasks.requests import TrainRequest
from duetmind_adaptive.training.examples import Examples

#: of a program's last words, and of what it names, characters
TAIL = 500
#: how long the address may take to accept the request, and how often its answer is looked for, seconds
POST_SECONDS, LOOK_SECONDS = 20.0, 0.5


def asked_of(request: TrainRequest, data: Path, kept: Examples) -> dict[str, Any]:
    """The request as the trainer gets it.

    Parameters
    ----------
    data
        The rows that may be learned from.
    kept
        The rows that are kept back.
    """
    model, champion = request.model, request.champion
    artifact = str(champion.artifact) if champion and champion.artifact else None
    return {
        "model": model.name,
        "request": request.job,
        "attempt": request.attempt,
        "task": model.task,
        "target": model.target,
        "timestamp": model.timestamp,
        "metric": model.metric,
        "data": str(data),
        "kept_back": [int(kept.rows[0]), int(kept.rows[-1]) + 1] if len(kept) else None,
        "champion": {"version": champion.version, "artifact": artifact} if champion else None,
        "now": request.now.isoformat(),
    }


def ask(request: TrainRequest, asked: dict[str, Any]) -> Path:
    """The path of what the trainer made; the job's time limit ends a trainer that never answers.

    Raises
    ------
    TrainingError
        When it cannot be asked, fails, or names nothing.
    """
    trainer, folder = request.model.trainer, request.model.trainer_folder
    if trainer is None:
        raise TrainingError(f"model {request.model.name} has no trainer of its own")
    body = json.dumps(asked).encode()
    if trainer.command is not None:
        return folder / _run(trainer.command, folder, body)
    return folder / _post_and_wait(str(trainer.webhook), body, answer_file(request.model.folder, request.job))


def _run(command: tuple[str, ...], folder: Path, asked: bytes) -> str:
    """Run the program; the last line that it prints."""
    try:
        done = subprocess.run(command, cwd=folder, input=asked, capture_output=True, check=False)  # noqa: S603 - the operator's own command
    except OSError as error:
        raise TrainingError(f"the trainer {command[0]} cannot be started: {error.strerror}") from error
    said, answered = done.stderr.decode(errors="replace"), done.stdout.decode(errors="replace")
    print(said, end="", file=sys.stderr)
    if done.returncode:
        last = " ".join(said.split())[-TAIL:]
        how = f"exit status {done.returncode}" if done.returncode > 0 else f"signal {-done.returncode}"
        raise TrainingError(f"the trainer {command[0]} ended with {how}{': ' + last if last else ''}")
    lines = [line for line in answered.splitlines() if line.strip()]
    if not lines:
        raise TrainingError(f"the trainer {command[0]} printed no path of what it made")
    return lines[-1].strip()


def _post_and_wait(url: str, asked: bytes, answer: Path) -> str:
    """Post the request, unless it was answered already; then wait for what the daemon was told."""
    if not answer.exists():
        _post(url, asked)
    while not answer.exists():
        time.sleep(LOOK_SECONDS)
    told = json.loads(answer.read_bytes())
    if told.get("error"):
        raise TrainingError(f"the trainer says: {' '.join(str(told['error']).split())[:TAIL]}")
    return str(told["artifact"])


def _post(url: str, body: bytes) -> None:
    opener = OpenerDirector()
    for handler in (HTTPHandler, HTTPSHandler, HTTPDefaultErrorHandler, HTTPErrorProcessor):  # no redirects, no proxies
        opener.add_handler(handler())
    request = Request(url, data=body, headers={"Content-Type": "application/json"})  # noqa: S310 - http or https only, see the settings
    try:
        opener.open(request, timeout=POST_SECONDS).close()
    except HTTPError as error:
        raise TrainingError(f"the trainer's address answered {error.code}") from error
    except (URLError, HTTPException, OSError) as error:
        raise TrainingError(f"the trainer's address cannot be reached: {getattr(error, 'reason', error)}") from error
