"""The real daemon as a process of its own, for tests that watch it from outside, signal it and kill it.

Whatever a test does, leaving the `with` reaps the daemon and everything that it started.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from duetmind_adaptive.cli.client import Client
from duetmind_adaptive.errors import DuetMindError

#: between two looks, in seconds
LOOK = 0.02
#: no test waits longer for anything, in seconds; a bound on hanging, not a promise of speed
PATIENCE = 60.0


def wait_for(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Look until `condition` holds and return what it held; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (held := condition()):
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain for {what}"
        time.sleep(LOOK)
    return held


class LiveDaemon:
    """`duetmind run --config CONFIG`, started by `start`; its standard error goes to `log`.

    Parameters
    ----------
    config
        Its `http.port` must be `port`.
    environ
        Added to the environment; variables that the test run itself has for the daemon are left out.
    cwd
        Working directory; default: the test run's.
    """

    def __init__(
        self, config: Path, port: int, environ: Mapping[str, str] | None = None, *, cwd: Path | None = None
    ) -> None:
        self.config = config
        self.url = f"http://127.0.0.1:{port}"
        self.log = config.parent / "daemon.log"
        self.starts = 0
        self._cwd = cwd
        self._environ = {name: value for name, value in os.environ.items() if not name.startswith("DUETMIND_")}
        self._environ |= environ or {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> LiveDaemon:
        """Only a promise to clean up: `start` starts."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave nothing behind; after a failure, show the end of the log."""
        if self._process is not None:
            self.kill()
        if error is not None and self.log.exists():
            print(f"--- end of {self.log}", *self._last_lines(), sep="\n")

    def _last_lines(self) -> list[str]:
        return [line[:500] for line in self.log.read_text(errors="replace").splitlines()[-40:]]

    # ------------------------------------------------------------ life

    def start(
        self,
        *arguments: str,
        failpoint: str | None = None,
        ready: bool = True,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Start it; `ready` waits until `/readyz` says so, `failpoint` arms a point at which it dies by itself."""
        armed = {} if failpoint is None else {"DUETMIND_FAILPOINT": failpoint}
        command = [sys.executable, "-m", "duetmind_adaptive", "run", "--config", str(self.config), *arguments]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**self._environ, **armed, **(environ or {})},
                cwd=self._cwd,
                start_new_session=True,
            )
        self.starts += 1
        if ready:
            self.wait_for(self.is_ready, "a daemon that is ready")

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process started last."""
        assert self._process is not None, "start it first"
        return self._process

    @property
    def alive(self) -> bool:
        """Whether the process started last still runs."""
        return self.process.poll() is None

    def family(self) -> list[psutil.Process]:
        """Every process that the daemon started, and theirs."""
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the daemon itself."""
        self.process.send_signal(number)

    def kill(self, *, orphans_end_within: float = 10.0) -> int:
        """SIGKILL, as a power cut for this process alone; returns its exit status once no descendant is left."""
        family = self.family()
        self.process.kill()
        status = self.process.wait()
        self._no_orphans(family, orphans_end_within)
        return status

    def stop(self, seconds: float = PATIENCE) -> int:
        """SIGTERM, as a service manager; returns its exit status."""
        family = self.family()
        self.signal(signal.SIGTERM)
        status = self.process.wait(seconds)
        self._no_orphans(family, 10.0)
        return status

    def dies_by_itself(self, seconds: float = PATIENCE) -> int:
        """Wait for its end and return its exit status."""
        return self.process.wait(seconds)

    @staticmethod
    def _no_orphans(family: list[psutil.Process], seconds: float) -> None:
        """None of them runs any more; one that only waits to be buried by the machine's init is dead."""
        try:
            wait_for(lambda: not any(map(_lives, family)), "the end of every descendant", seconds)
        finally:
            for process in filter(_lives, family):
                process.kill()

    # ------------------------------------------------------------ what it says

    @property
    def client(self) -> Client:
        """Its API, with the token that it made for itself."""
        token = self.config.parent / "state" / "http-token"
        return Client(self.url, token.read_text().strip() if token.exists() else None)

    def is_ready(self) -> bool:
        """Whether `/readyz` answers 200; False also while nobody answers, or it is not ready."""
        try:
            return bool(self.client.get("/readyz")["ready"])
        except DuetMindError:
            return False

    def get(self, path: str) -> Any:
        """The document at `path`."""
        return self.client.get(path)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What a POST of `body` answers."""
        return self.client.post(path, dict(body or {}))

    def events(self, kind: str = "", limit: int = 500) -> list[dict[str, Any]]:
        """Its events, oldest first, whose type ends with `kind`."""
        items = self.get(f"/api/v1/events?limit={limit}")["items"]
        return [event for event in reversed(items) if event["type"].endswith(kind)]

    def model(self, name: str) -> dict[str, Any]:
        """One model in `/status`."""
        return self.get("/status")["models"][name]

    def idle(self) -> bool:
        """Whether every event is dealt with and no job is open."""
        status = self.get("/status")
        return not (status["bus"]["pending"] or status["jobs"]["running"] or status["jobs"]["queued"])

    def log_lines(self) -> list[dict[str, Any]]:
        """Its log of all starts; each line must be one JSON document."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def wait_for(self, condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
        """As `wait_for`, failing at once when the daemon ends."""

        def held() -> Any:
            found = condition()
            assert found or self.alive, f"the daemon ended with status {self.process.returncode} before {what}"
            return found

        return wait_for(held, what, seconds)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
