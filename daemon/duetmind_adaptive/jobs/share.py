"""The share of the machine that a worker lets its task see: threads of numeric libraries, and GPUs by index.

Sources: the OpenMP specification on OMP_NUM_THREADS; https://docs.nvidia.com/cuda/cuda-c-programming-guide/ on
CUDA_VISIBLE_DEVICES.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

#: the thread pools of numeric libraries (pyarrow's follows OMP's): the cores are shared out by process, not by thread
THREAD_LIMITS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)
#: the only GPUs that CUDA shows to a process
_GPUS = "CUDA_VISIBLE_DEVICES"


def one_thread_each() -> None:
    """Keep numeric libraries that are imported from now on to one thread, unless the operator says otherwise.

    With more, their threads spin for cores that other processes hold: a backtest beside a busy daemon took 20 times
    as long. What a task was granted is no word of the operator: processes that it starts have a thread each, and a fork
    server of its own none beside its first, since OpenMP in a fork of a process with threads may wait for ever.
    """
    for variable in THREAD_LIMITS:
        if SHARE.threads > 1:
            os.environ[variable] = "1"
        else:
            os.environ.setdefault(variable, "1")


class Share:
    """What this process's tasks were let see so far; one for each worker."""

    def __init__(self) -> None:
        #: of the newest grant; at first as `one_thread_each` left it, and what the operator set instead stands as long
        #: as one core is granted
        self.threads = 1

    def take(self, threads: int, gpus: Sequence[int]) -> None:
        """Let the task that comes next use so many threads, and these GPUs only."""
        os.environ[_GPUS] = ",".join(map(str, gpus))
        if threads == self.threads == 1:
            return
        self.threads = threads
        for variable in THREAD_LIMITS:
            os.environ[variable] = str(threads)
        if "threadpoolctl" in sys.modules:  # libraries that are loaded already do not read variables again
            sys.modules["threadpoolctl"].threadpool_limits(threads)


#: this process's
SHARE = Share()
