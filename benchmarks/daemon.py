"""The daemon as benchmarks run it: a config of many models in a folder, and `duetmind run` in a process of its own.

The process leads a group of its own that is killed at the end, whatever happened; its workers die with it.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

T = TypeVar("T")

#: seconds between two looks; short beside what is measured, cheap beside what runs
LOOK = 0.005
#: seconds that a drain may take
DRAIN = 30.0
#: columns of the generated data, besides target and prediction
FEATURES = 10
#: how many megabytes a byte is
MB = 1e-6


class BenchmarkError(Exception):
    """The benchmark could not measure, or what it measured broke a promise."""


# ---------------------------------------------------------------- data and config


def write_data(folder: Path, *, reference: int = 1000, production: int = 1000) -> None:
    """Write `reference.parquet` and `production.parquet`: so many rows of ten columns that never drift.

    Eight are numeric, two categorical; `target` follows the first, `prediction` is right nine times of ten.
    """
    for seed, (name, rows) in enumerate({"reference": reference, "production": production}.items()):
        random = np.random.default_rng(seed)
        columns: dict[str, Any] = {f"x{i}": random.normal(size=rows) for i in range(FEATURES - 2)}
        columns |= {f"c{i}": random.choice(["red", "green", "blue"], size=rows) for i in range(2)}
        target = (columns["x0"] + random.normal(scale=0.5, size=rows) > 0).astype("int64")
        columns["target"] = target
        columns["prediction"] = np.where(random.random(rows) < 0.9, target, 1 - target)
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")


def model_section(*, trained: bool, window: int, jitter: str = "0s") -> dict[str, Any]:
    """One model on hourly checks: trained here, or deployed elsewhere and only watched."""
    section: dict[str, Any] = {
        "task": "binary",
        "target": "target",
        "reference": {"path": "reference.parquet"},
        "production": {"path": "production.parquet", "window": {"rows": window}},
        "schedule": {"every": "1h", "jitter": jitter},
        "responses": [],
    }
    if trained:
        return {**section, "exclude": ["prediction"], "pipeline": {"model": {"algorithm": "logistic_regression"}}}
    return {**section, "prediction": "prediction"}


def write_config(folder: Path, models: Mapping[str, Mapping[str, Any]], *, port: int, **sections: Any) -> Path:
    """Write `duetmind.yaml`: JSON, which is YAML too."""
    path = folder / "duetmind.yaml"
    config = {"http": {"host": "127.0.0.1", "port": port}, "models": models, **sections}
    path.write_text(json.dumps(config, indent=1), encoding="utf-8")
    return path


def free_port() -> int:
    """A loopback port that nothing listens on at present."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment() -> dict[str, str]:
    """The environment of what is measured: byte code is cached, as in any installation."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


# ---------------------------------------------------------------- the process


class Daemon:
    """`duetmind run` on a config, begun on entry and killed on exit; its log is `daemon.log` beside the config.

    Parameters
    ----------
    config
        The config file.
    port
        The port that the config names.
    command
        What runs `duetmind`'s command line.
    """

    def __init__(
        self, config: Path, port: int, *, command: Sequence[str] = (sys.executable, "-m", "duetmind_adaptive")
    ) -> None:
        self.log = config.parent / "daemon.log"
        self._port = port
        self._command = [*command, "run", "--config", str(config)]
        self._token = config.parent / "state" / "http-token"

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        with self.log.open("ab") as log:
            self._popen = subprocess.Popen(
                self._command, stdout=log, stderr=log, env=environment(), start_new_session=True
            )
        self.process = psutil.Process(self._popen.pid)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        family = self.family()
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        psutil.wait_procs([member for member in family if _kill(member)], timeout=DRAIN)

    def age(self) -> float:
        """Seconds since exec."""
        return time.perf_counter() - self._began

    def family(self) -> list[psutil.Process]:
        """The service process and everything that descends from it."""
        with suppress(psutil.NoSuchProcess):
            return [self.process, *self.process.children(recursive=True)]
        return []

    def drain(self) -> None:
        """Stop it as a service manager would, and expect it to leave in order."""
        self._popen.send_signal(signal.SIGTERM)
        if status := self._popen.wait(DRAIN):
            raise BenchmarkError(f"the daemon left with status {status}: {self._last_words()}")

    def wait(self, condition: Callable[[], T], *, seconds: float, what: str, look: float = 0.2) -> T:
        """Return what `condition` answers once that is true; raises BenchmarkError when it is not in time."""
        deadline = time.monotonic() + seconds
        while not (held := condition()):
            if self._popen.poll() is not None:
                raise BenchmarkError(f"the daemon ended with status {self._popen.returncode}: {self._last_words()}")
            if time.monotonic() > deadline:
                raise BenchmarkError(f"not {what} within {seconds:g} s: {self._last_words()}")
            time.sleep(look)
        return held

    def wait_ready(self, *, seconds: float = 60.0) -> None:
        """Return with the first 200 of `/readyz`."""
        self.wait(self._ready, seconds=seconds, what="ready", look=LOOK)

    def get(self, path: str) -> Any:
        """The JSON document at `path`."""
        return self._ask("GET", path)

    def post(self, path: str, body: Mapping[str, object] | None = None) -> Any:
        """What the daemon answers to an act."""
        return self._ask("POST", path, json.dumps(body or {}))

    def status(self) -> dict[str, Any]:
        """`/status`."""
        return self.get("/status")

    def _ready(self) -> bool:
        with suppress(OSError, http.client.HTTPException), self._connection() as connection:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        return False

    def _ask(self, method: str, path: str, body: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self._token.read_text().strip()}"}
        if body:
            headers["Content-Type"] = "application/json"
        with self._connection() as connection:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
        if answer.status >= 400:
            raise BenchmarkError(f"{method} {path}: {answer.status} {content.decode(errors='replace')}")
        return json.loads(content)

    @contextmanager
    def _connection(self) -> Generator[http.client.HTTPConnection]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            yield connection
        finally:
            connection.close()

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        return lines[-1][-2000:]


def _kill(member: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        member.kill()
        return True
    return False


# ---------------------------------------------------------------- what it costs


def cpu_seconds(members: Sequence[psutil.Process]) -> float:
    """CPU time of processes and of the children that they have buried."""
    total = 0.0
    for member in members:
        with suppress(psutil.NoSuchProcess):
            times = member.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def peak_megabytes(process: psutil.Process) -> float:
    """The most that a process ever held resident."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 * MB
    raise BenchmarkError("this system does not tell a process's peak memory")
