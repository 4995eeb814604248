"""What runs inside a worker process: settle in, then perform orders until the service hangs up.

A worker leads a session of its own, so that Ctrl-C at the service's terminal does not reach it and a signal to its
group reaches every process that a task started. It inherits the service's environment, secrets in it included: a task
is code the operator chose to run. What a task prints goes to its job's log, or to standard error: the service's
standard output stays clean.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import os
import pickle
import signal
import socket
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

from duetmind_adaptive.jobs.leash import tie_to_parent
from duetmind_adaptive.jobs.share import SHARE, one_thread_each
from duetmind_adaptive.jobs.wire import pack_error, pack_result, read_frame, unpack_grant, write_frame

#: added to a worker's badness, of 1000: when memory runs out the kernel shall take a worker, which is retried
OOM_SCORE = 500


def main(channel: socket.socket, nice: int, output: Connection[bytes, bytes] | None = None) -> None:
    """Serve one service over `channel`; returns when it closes its end.

    Parameters
    ----------
    channel
        Blocking end of a socket pair. An empty frame says that the worker is ready.
    nice
        Added to the process's niceness, so that long jobs leave the cores to the service.
    output
        Where everything that is printed goes, with the traceback of what a task raises; None for standard error.
    """
    settle_in(nice)
    if output is not None:
        print_to(output)
    write_frame(channel, b"")
    while (grant := read_frame(channel)) is not None and (order := read_frame(channel)) is not None:
        SHARE.take(*unpack_grant(grant))
        answer = perform(order, tell=output is not None)
        for stream in (sys.stdout, sys.stderr):  # what was printed is there before the answer
            stream.flush()
        write_frame(channel, answer)


def settle_in(nice: int) -> None:
    """Make this process a good worker; before any numeric library is imported."""
    os.setsid()
    tie_to_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.dup2(2, 1)
    os.nice(nice)
    with contextlib.suppress(OSError):  # only Linux has it
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE), encoding="ascii")
    faulthandler.enable()  # a crash says where it was
    one_thread_each()


def print_to(output: Connection[bytes, bytes]) -> None:
    """Make a pipe this process's standard output and error, and that of all that it starts."""
    for stream in (1, 2):
        os.dup2(output.fileno(), stream)
    output.close()
    for text in (sys.stdout, sys.stderr):
        if isinstance(text, io.TextIOWrapper):
            text.reconfigure(line_buffering=True)  # a line is seen when it is printed


def perform(order: bytes | bytearray, *, tell: bool = False) -> bytes:
    """Carry out one packed order; the answer is packed too, whether the task returned or raised.

    With `tell` the traceback of what it raised is printed.

    >>> from duetmind_adaptive.jobs.wire import pack_order, unpack_answer
    >>> unpack_answer(perform(pack_order(divmod, (7, 2), "demo")), "demo")
    (3, 1)
    """
    try:
        task, args = pickle.loads(order)  # noqa: S301 - made by our own service
        result = task(*args)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a task is foreign code: what it raises is its answer
        if tell:
            traceback.print_exception(error)
        return pack_error(error)
    return pack_result(result)
