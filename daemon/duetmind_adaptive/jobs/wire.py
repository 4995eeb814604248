"""What service and worker say to each other: a grant, an order (task, arguments), an answer; as length-prefixed frames.

Pickle is right here, and only here: both ends are processes of ours, started by us, joined by a socket pair that
nobody else can open. An exception comes back as itself when the service already knows its class; it never makes
the service import the library it comes from.
"""

from __future__ import annotations

import io
import json
import pickle
import socket
import struct
import sys
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

from duetmind_adaptive.errors import DuetMindError, JobError
from duetmind_adaptive.jobs import plain

#: length of the payload that follows, in bytes
HEADER = struct.Struct("!Q")

_RETURNED = "returned"
_RAISED = "raised"


def pack_grant(threads: int, gpus: tuple[int, ...]) -> bytes:
    """The bytes that tell a worker what its next task may use.

    >>> unpack_grant(pack_grant(2, (0, 3)))
    (2, (0, 3))
    """
    return json.dumps([threads, gpus]).encode()


def unpack_grant(said: bytes | bytearray) -> tuple[int, tuple[int, ...]]:
    """Threads, and indices of GPUs."""
    threads, gpus = json.loads(said)
    return threads, tuple(gpus)


def pack_order(task: Callable[..., object], args: tuple[object, ...], label: str) -> bytes:
    """The bytes that make a worker call `task(*args)`.

    Raises
    ------
    JobError
        When the task or an argument cannot be sent to another process.
    """
    if getattr(task, "__module__", None) == "__main__":
        advice = "it is defined in a script; give it a module of its own"
        raise JobError(f"Job {label} cannot be sent to a worker: {advice}.")
    try:
        return pickle.dumps((task, args), protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # pickling runs foreign __reduce__ methods, which may raise anything
        advice = "give a module-level function and plain arguments"
        raise JobError(f"Job {label} cannot be sent to a worker: {_one_line(error)}; {advice}.") from error


def pack_result(result: object) -> bytes:
    """The answer of a task that returned; an answer that says so when `result` cannot be sent."""
    try:
        packed = io.BytesIO()
        _Answer(packed, protocol=pickle.HIGHEST_PROTOCOL).dump((_RETURNED, result))
        return packed.getvalue()
    except Exception as error:  # noqa: BLE001 - pickling runs foreign __reduce__ methods, which may raise anything
        kind = type(result).__qualname__
        return pack_error(JobError(f"The result, a {kind}, cannot be sent back from the worker: {_one_line(error)}."))


def pack_error(error: BaseException) -> bytes:
    """The answer of a task that raised: the exception itself if it survives the trip, always its name and text."""
    if not isinstance(error, DuetMindError):  # whose text is meant for people and says it all
        error.add_note("In the worker:\n" + "".join(traceback.format_exception(error)))
    name = type(error).__qualname__
    return pickle.dumps((_RAISED, (name, _one_line(error), _portable(error))), protocol=pickle.HIGHEST_PROTOCOL)


def unpack_answer(answer: bytes | bytearray, label: str, *, guarded: bool = False) -> Any:
    """What the task returned; `guarded` runs nothing of the job here, see `plain`.

    Raises
    ------
    Exception
        What the task raised, when it could be sent and its class is known here.
    JobError
        When it could not, or when the result cannot be read here.
    """
    try:
        status, content = plain.loads(answer) if guarded else pickle.loads(answer)  # noqa: S301 - made by our own worker
    except Exception as error:  # unpickling runs foreign __setstate__ methods, which may raise anything
        raise JobError(f"The answer of job {label} cannot be read: {_one_line(error)}.") from error
    if status == _RETURNED:
        return content
    name, text, packed = content
    return _raise(name, text, packed, label, plain.loads if guarded else _of_known_modules)


def read_frame(channel: socket.socket) -> bytearray | None:
    """The next payload from a blocking socket; None once the other end has closed it."""
    header = _read(channel, HEADER.size)
    return None if header is None else _read(channel, HEADER.unpack(header)[0])


def write_frame(channel: socket.socket, payload: bytes) -> None:
    """Send one payload over a blocking socket."""
    channel.sendall(HEADER.pack(len(payload)))
    channel.sendall(payload)


def _read(channel: socket.socket, size: int) -> bytearray | None:
    payload = bytearray(size)
    view = memoryview(payload)
    while view:
        received = channel.recv_into(view)
        if not received:
            return None
        view = view[received:]
    return payload


def _portable(error: BaseException) -> bytes | None:
    """The pickled exception, or None when it would not come out as it went in."""
    if not isinstance(error, Exception):
        return None  # a SystemExit must end a worker's task, never the service
    try:
        packed = pickle.dumps(error, protocol=pickle.HIGHEST_PROTOCOL)
        copy = pickle.loads(packed)  # noqa: S301 - made on the line above
    except Exception:  # noqa: BLE001 - exceptions with a constructor of their own fail in any way they like
        return None
    return packed if type(copy) is type(error) else None


def _raise(name: str, text: str, packed: bytes | None, label: str, loads: Callable[[bytes], object]) -> NoReturn:
    error: object = None
    if packed is not None:
        try:
            error = loads(packed)
        except Exception:  # noqa: BLE001 - a class unknown here, or one that fails to build: its name and text remain
            error = None
    raise error if isinstance(error, Exception) else JobError(f"Job {label} failed with {name}: {text}")


def _of_known_modules(packed: bytes) -> object:
    return _KnownModules(io.BytesIO(packed)).load()


class _Answer(pickle.Pickler):
    """Sends NumPy's numbers as Python's, so that nobody loads NumPy to read a metric."""

    def reducer_override(self, obj: Any, /) -> Any:
        numpy = sys.modules.get("numpy")
        if numpy is None or not isinstance(obj, numpy.bool_ | numpy.integer | numpy.floating):
            return NotImplemented
        value = obj.item()
        return type(value), (value,)


class _KnownModules(pickle.Unpickler):
    """Reads only what is already imported, so that an error of pandas does not load pandas into the service."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if module_name not in sys.modules:
            raise pickle.UnpicklingError(f"{module_name} is not loaded here")
        return super().find_class(module_name, global_name)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__qualname__
