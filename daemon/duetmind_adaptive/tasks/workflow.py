"""One task of a workflow, in a worker: takes earlier results from their files, leaves its own in one.

A result is unpickled only if its file has the sha256 that the store holds of it: then a worker of ours wrote it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from duetmind_adaptive.durable import write_durably
from duetmind_adaptive.errors import JobError, WorkflowError
from duetmind_adaptive.tasks.requests import StepRequest, StepResult
from duetmind_adaptive.training.orchestration.handover import Handover
from duetmind_adaptive.training.orchestration.steps import call, with_outputs
from duetmind_adaptive.training.orchestration.task import filled

#: where, in the folder of the results, their large arrays lie
ARRAYS = "arrays"
#: a result is shown in so many characters
_SHOWN = 500


def run_step(request: StepRequest) -> StepResult:
    """Do what the task says and keep what it returns; durable when this returns.

    Raises
    ------
    WorkflowError
        When an earlier result is gone or is not what the store knows, or the task cannot be found.
    JobError
        When what it returned cannot be kept.
    """
    handover = Handover(request.results / ARRAYS, durable=True)
    before = {name: _load(request.results, name, sha256, handover) for name, sha256 in request.before.items()}
    args, kwargs = (filled(with_outputs(each), before) for each in (request.task.args, request.task.kwargs))
    result = call(request.task.function, request.task.command, request.folder, args, kwargs)
    request.results.mkdir(parents=True, exist_ok=True)
    try:
        packed = handover.dumps(result)
    except Exception as error:  # pickling runs foreign __reduce__ methods, which may raise anything
        kind = type(result).__qualname__
        raise JobError(f"The result, a {kind}, cannot be kept: {' '.join(str(error).split())}.") from error
    write_durably(_path(request.results, request.name), packed)
    return StepResult(sha256=hashlib.sha256(packed).hexdigest(), size=len(packed), shown=shown(result))


def shown(value: object) -> str:
    """A value's short form: JSON where it has one, else its `repr`.

    >>> shown({"rows": 5}), shown(range(3)), len(shown("x" * 10_000))
    ('{"rows": 5}', 'range(0, 3)', 500)
    """
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _load(results: Path, name: str, sha256: str, handover: Handover) -> Any:
    try:
        content = _path(results, name).read_bytes()
    except OSError as error:
        raise WorkflowError(
            f"The result of task {name} cannot be read: {error.strerror}; run the workflow anew."
        ) from error
    if hashlib.sha256(content).hexdigest() != sha256 or not handover.whole(content):
        raise WorkflowError(f"The result of task {name} is not what it returned: its file was changed; run it anew.")
    return handover.loads(content)


def _path(results: Path, name: str) -> Path:
    return results / f"{name}.result"
