"""What a worker does with a task: take its share of the machine, call the function, hand the result back as bytes.

Results stay bytes on their way from task to task, so that a large one is not unpacked where nobody looks at it.
"""

from __future__ import annotations

from collections.abc import Mapping

from duetmind_adaptive.errors import JobError
from duetmind_adaptive.jobs.share import SHARE
from duetmind_adaptive.training.orchestration.handover import Handover
from duetmind_adaptive.training.orchestration.task import Task, filled


def pack(task: Task, handover: Handover) -> tuple[bytes, bytes]:
    """Function and arguments as bytes; functions and classes of a script or notebook travel by value.

    Raises
    ------
    JobError
        When something cannot be sent to another process.
    """
    complaint = f"Task {task.task_id} cannot be sent to a worker"
    values = task.function, (task.args, dict(task.kwargs))
    function, arguments = (_dumps(value, handover, complaint) for value in values)
    return function, arguments


def perform(
    function: bytes,
    arguments: bytes,
    outputs: Mapping[str, bytes],
    share: tuple[int, tuple[int, ...]] | None,
    handover: Handover,
) -> bytes:
    """Call the function in a worker.

    Parameters
    ----------
    function
        Packed.
    arguments
        Packed pair of positional and named arguments.
    outputs
        Packed results, by task, that stand in for each `Output` among the arguments.
    share
        Threads for numeric libraries, and the only GPUs that it sees; None where the executor has seen to that.
    handover
        Where large arrays lie.
    """
    if share is not None:
        SHARE.take(*share)
    call = handover.loads(function)
    values = {name: handover.loads(packed) for name, packed in outputs.items()}
    args, kwargs = filled(handover.loads(arguments), values)
    result = call(*args, **kwargs)
    return _dumps(result, handover, f"The result, a {type(result).__qualname__}, cannot be sent back")


def _dumps(value: object, handover: Handover, complaint: str) -> bytes:
    try:
        return handover.dumps(value)
    except Exception as error:  # pickling runs foreign __reduce__ methods, which may raise anything
        raise JobError(f"{complaint}: {' '.join(str(error).split())}.") from error
