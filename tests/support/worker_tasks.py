"""Tasks that tests give to worker processes: they must be importable there."""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from duetmind_adaptive.contracts import Claim
from duetmind_adaptive.errors import ColumnMissingError, TrainingError
from duetmind_adaptive.jobs.pool import ProcessPool
from duetmind_adaptive.jobs.resources import Capacity


class AwkwardError(Exception):
    """Cannot be unpickled: its constructor wants more than its args."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} and {two}")


class Noted:
    """A result of a class of its own."""

    def __init__(self, text: str) -> None:
        self.text = text


def double(value):
    return value * 2


def pid(*_: object) -> int:
    return os.getpid()


def group() -> tuple[int, int, int]:
    return os.getpid(), os.getpgrp(), os.getsid(0)


def environment(name: str) -> str | None:
    return os.environ.get(name)


def environment_below(name: str) -> str | None:
    """In a process of a pool that this task makes, as a search does."""

    async def ask() -> str | None:
        async with ProcessPool(capacity=Capacity(cpu_cores=1, memory_gb=4)) as pool:
            return await pool.run(environment, name, timeout=timedelta(seconds=30))

    return asyncio.run(ask())


def read(path: str) -> str:
    return Path(path).read_text()


def niceness() -> int:
    return os.nice(0)


def talk(text: str) -> None:
    print(text)
    os.write(1, f"{text}\n".encode())
    subprocess.run([sys.executable, "-c", f"print({text!r})"], check=True)


def hold(megabytes: int) -> int:
    """Hold so much for as long as a look at it may take."""
    held = bytearray(megabytes * 1024**2)
    time.sleep(3)
    return len(held)


def nap(seconds: float) -> str:
    time.sleep(seconds)
    return "rested"


def mark_and_nap(folder: str, seconds: float = 60.0) -> int:
    """Say that it runs by a file named like its process id, then sleep."""
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(seconds)
    return os.getpid()


def hold_the_interpreter(folder: str) -> None:
    """Sleep in C without letting go of the interpreter lock."""
    (Path(folder) / str(os.getpid())).touch()
    ctypes.PyDLL(None).sleep(60)


def start_child_and_nap(folder: str) -> None:
    """Start a process of its own that ignores TERM; both sleep."""
    if os.fork() == 0:
        ignore_term(folder)
    mark_and_nap(folder)


def leave_child() -> int:
    """Return at once and leave a process behind."""
    return subprocess.Popen(["sleep", "60"]).pid


def ignore_term(folder: str) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    mark_and_nap(folder)


def die(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(60)


def segfault() -> None:
    ctypes.string_at(0)


def leave(status: int) -> None:
    os._exit(status)


def close_descriptors() -> None:
    """Hang up on the service by accident and live on."""
    os.closerange(3, 256)
    time.sleep(60)


def refuse(column: str) -> None:
    raise ColumnMissingError(f"column {column} is not there")


def fail_training() -> None:
    raise TrainingError


def raise_awkwardly() -> None:
    raise AwkwardError("one", "two")


def raise_unknown() -> None:
    """An error whose class the service has not imported."""
    from mailbox import NoSuchMailboxError

    raise NoSuchMailboxError("bad markup")


def leave_politely() -> None:
    sys.exit(3)


def zero() -> float:
    return 1 / 0


def unpicklable():
    return lambda: None


def noted(text: str) -> Noted:
    return Noted(text)


def joblib_sum(jobs: int) -> int:
    """Work shared by joblib's own processes."""
    from joblib import Parallel, delayed

    return sum(Parallel(n_jobs=jobs)(delayed(abs)(-number) for number in range(8)))


def joblib_naps(folder: str, jobs: int) -> None:
    """Sleep in joblib's own processes."""
    from joblib import Parallel, delayed

    Parallel(n_jobs=jobs)(delayed(mark_and_nap)(folder) for _ in range(jobs))


def kill_self_until(folder: str, times: int) -> str:
    """Die `times` times, then succeed."""
    tries = len(list(Path(folder).iterdir()))
    if tries < times:
        (Path(folder) / f"death-{tries}").touch()
        die(signal.SIGKILL)
    return "alive"


class Trap:
    """A result that, unpickled, leaves a file where it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (Path(self.path),)


class TrapError(Exception):
    """An error that does the same."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __setstate__(self, state: object) -> None:
        Path(self.path).with_suffix(f".{os.getpid()}").touch()

    def __reduce__(self):
        return TrapError, (self.path,), {"set": True}


def trap(path: str) -> Trap:
    return Trap(path)


def raise_trap(path: str) -> None:
    raise TrapError(path)


def large(bytes_: int) -> bytes:
    return bytes(bytes_)


def measured() -> dict[str, object]:
    """Numbers as NumPy computes them."""
    import numpy as np

    return {"mean": np.float64(0.5), "rows": np.int64(7), "better": np.True_}


def values(folder: str) -> dict[str, object]:
    """One of each kind of value that answers of the service are made of."""
    now = datetime(2026, 3, 1, tzinfo=UTC)
    claim = Claim(cpu_cores=2)
    return {"at": now, "for": now - now, "in": Path(folder), "of": {1, 2}, "claim": claim, "task": (1.5, b"x", None)}


def print_everywhere(word: str) -> int:
    """From Python, from C, to both streams, and from another process."""
    print(f"{word} out")
    print(f"{word} err", file=sys.stderr)
    os.write(1, f"{word} raw\n".encode())
    subprocess.run(["echo", f"{word} program"], check=True)
    print(f"{word} half", end="")
    return 7


def print_and_raise(word: str) -> None:
    print(word)
    raise TrainingError("nothing was learned")


def print_and_crash(word: str) -> None:
    print(word)
    ctypes.string_at(0)


def print_much(lines: int) -> None:
    for number in range(lines):
        print(f"line {number} " + "x" * 90)


def fork_without_end(most: int, folder: str) -> None:
    """Each process starts two more, until there are `most`; none of them ends by itself."""
    while len(list(Path(folder).iterdir())) < most:
        if os.fork() == 0:
            (Path(folder) / str(os.getpid())).touch()
    time.sleep(60)


def say_and_sleep(word: str, seconds: float) -> None:
    print(word)
    time.sleep(seconds)
