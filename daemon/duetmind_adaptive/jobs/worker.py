"""What runs inside a worker process: settle in, then perform orders until the service hangs up.

A worker leads a session of its own, so that Ctrl-C at the service's terminal does not reach it and a signal to its
group reaches every process that a task started. It inherits the service's environment, secrets in it included: a task
is code the operator chose to run. What a task prints goes to standard error; the service's standard output stays clean.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import socket
import sys
from pathlib import Path

from duetmind_adaptive.jobs.leash import tie_to_parent
from duetmind_adaptive.jobs.share import SHARE, one_thread_each
from duetmind_adaptive.jobs.wire import pack_error, pack_result, read_frame, unpack_grant, write_frame

#: added to a worker's badness, of 1000: when memory runs out the kernel shall take a worker, which is retried
OOM_SCORE = 500


def main(channel: socket.socket, nice: int) -> None:
    """Serve one service over `channel`; returns when it closes its end.

    Parameters
    ----------
    channel
        Blocking end of a socket pair. An empty frame says that the worker is ready.
    nice
        Added to the process's niceness, so that long jobs leave the cores to the service.
    """
    settle_in(nice)
    write_frame(channel, b"")
    while (grant := read_frame(channel)) is not None and (order := read_frame(channel)) is not None:
        SHARE.take(*unpack_grant(grant))
        write_frame(channel, perform(order))
        sys.stdout.flush()


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
    one_thread_each()


def perform(order: bytes | bytearray) -> bytes:
    """Carry out one packed order; the answer is packed too, whether the task returned or raised.

    >>> from duetmind_adaptive.jobs.wire import pack_order, unpack_answer
    >>> unpack_answer(perform(pack_order(divmod, (7, 2), "demo")), "demo")
    (3, 1)
    """
    try:
        task, args = pickle.loads(order)  # noqa: S301 - made by our own service
        result = task(*args)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a task is foreign code: what it raises is its answer
        return pack_error(error)
    return pack_result(result)
