"""Tells systemd how the daemon is: the sd_notify protocol, which is one datagram per message.

Without `NOTIFY_SOCKET` in the environment (a terminal, a container) everything here does nothing.

Source: sd_notify(3), sd_watchdog_enabled(3)
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from duetmind_adaptive.logger import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Notifier:
    """The daemon's line to systemd."""

    #: path of a unix datagram socket, `@` first when its name is abstract; None: nobody listens
    address: str | None = None
    #: seconds between two signs of life that systemd allows; None: it does not watch
    watchdog: float | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None, pid: int | None = None) -> Notifier:
        """Read what systemd passed on; a watchdog meant for another process is not ours.

        >>> Notifier.from_environment({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "30000000"})
        Notifier(address='@x', watchdog=30.0)
        """
        environ = os.environ if environ is None else environ
        micros, owner = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
        ours = owner in ("", str(os.getpid() if pid is None else pid))
        watchdog = int(micros) / 1e6 if ours and micros.isdecimal() and int(micros) else None
        return cls(environ.get("NOTIFY_SOCKET") or None, watchdog)

    def ready(self, status: str = "") -> None:
        """Say that the daemon serves, at start and again after a reload."""
        self.send("READY=1", *([f"STATUS={_one_line(status)}"] if status else []))

    def reloading(self) -> None:
        """Say that a reload began; `ready` ends it."""
        self.send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str = "draining") -> None:
        """Say that the daemon drains."""
        self.send("STOPPING=1", f"STATUS={_one_line(status)}")

    def status(self, text: str) -> None:
        """Put one line into `systemctl status`."""
        self.send(f"STATUS={_one_line(text)}")

    async def keep_alive(self, alive: Callable[[], bool]) -> None:
        """Pat the watchdog at half its interval for as long as `alive()` says the daemon progresses."""
        if self.watchdog is None:
            return
        while True:
            if alive():
                self.send("WATCHDOG=1")
            else:
                log.error("systemd.no_progress", watchdog_seconds=self.watchdog)
            await asyncio.sleep(self.watchdog / 2)

    def send(self, *lines: str) -> None:
        """One datagram; a listener that is gone or full is systemd's affair, never the daemon's end."""
        if self.address is None:
            return
        name = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            line.setblocking(False)
            try:
                line.sendto("\n".join(lines).encode(), name)
            except OSError as error:
                log.warning("systemd.notify_failed", error=str(error))


def _one_line(text: str) -> str:
    return " ".join(text.split())
