"""The demo's daemon: `duetmind run` as a process of its own, watched through its HTTP API as any program would."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from duetmind_adaptive.cli.client import Client
from duetmind_adaptive.errors import DaemonUnreachableError, DuetMindError

#: between two looks at the daemon
LOOK = 0.05

#: a daemon that drains gets this long before it is killed (systemd would wait longer)
DRAIN_SECONDS = 30.0


def free_port() -> int:
    """A port that nothing listens on at present."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class DaemonProcess:
    """Starts the daemon on entry and drains it on exit; its log goes to `daemon.log` beside the config."""

    def __init__(self, config: Path, port: int, environ: dict[str, str]) -> None:
        self._config = config
        self._environ = {**os.environ, **environ}
        self.log = config.parent / "daemon.log"
        self.url = f"http://127.0.0.1:{port}"

    def __enter__(self) -> DaemonProcess:
        """Start it and wait until it is ready."""
        command = [sys.executable, "-m", "duetmind_adaptive", "run", "--config", str(self._config)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self._environ)  # noqa: S603 - our own command
        token = self._config.parent / "state" / "http-token"
        self.wait(lambda: token.exists() and self._ready(), seconds=60, what="ready")
        self.client = Client(self.url, token.read_text().strip())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drain it, as systemd would."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(DRAIN_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait(self, condition: Callable[[], Any], *, seconds: float, what: str) -> Any:
        """Look until `condition` holds; raises DuetMindError if it does not in time, or the daemon died."""
        deadline = time.monotonic() + seconds
        while not (held := condition()):
            if self._process.poll() is not None:
                raise DuetMindError(f"the daemon ended with status {self._process.returncode}; see {self.log}")
            if time.monotonic() > deadline:
                raise DuetMindError(f"the daemon was not {what} within {seconds:g} s; see {self.log}")
            time.sleep(LOOK)
        return held

    def _ready(self) -> bool:
        try:
            return bool(Client(self.url, None).get("/readyz"))
        except DaemonUnreachableError:
            return False
