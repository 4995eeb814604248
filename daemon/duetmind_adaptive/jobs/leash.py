"""When the service dies, however it dies, the process group of each of its workers dies too.

The read end of a pipe whose write end only the service holds becomes readable when the service is gone. On
Linux the kernel itself is told to answer that with SIGKILL to the whole group (`F_SETSIG`, fcntl(2)), so that it works
within milliseconds even while C code holds the interpreter lock, and reaches joblib's processes as well.
PR_SET_PDEATHSIG would watch the fork server, not the service, and spare the grandchildren. Elsewhere a thread waits.
"""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import select
import signal
import sys
import threading


def tie_to_parent() -> None:
    """Bind the calling process, which must lead its process group, to the process that asked for it."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    if not _kernel_kills(parent.sentinel):
        threading.Thread(target=_wait_and_kill, args=(parent.sentinel,), name="leash", daemon=True).start()
    if select.select([parent.sentinel], [], [], 0)[0]:  # it died before the leash was on
        _kill_own_group()


def _kernel_kills(sentinel: int) -> bool:
    """Ask for SIGKILL to this process group at the pipe's hang-up; False where the kernel cannot."""
    if sys.platform != "linux":
        return False
    try:
        fcntl.fcntl(sentinel, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(sentinel, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(sentinel, fcntl.F_SETFL, fcntl.fcntl(sentinel, fcntl.F_GETFL) | os.O_ASYNC)
    except OSError:
        return False
    return True


def _wait_and_kill(sentinel: int) -> None:
    select.select([sentinel], [], [])
    _kill_own_group()


def _kill_own_group() -> None:
    os.killpg(os.getpgrp(), signal.SIGKILL)
