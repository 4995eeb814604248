"""The sd_notify protocol, spoken to a real datagram socket."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from duetmind_adaptive.service.systemd import Notifier


@pytest.fixture(params=["path", "abstract"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    name = str(tmp_path / "notify") if request.param == "path" else f"\0duetmind-test-{os.getpid()}-{tmp_path.name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(name)
        sock.settimeout(5)
        yield name.replace("\0", "@"), sock


def test_each_message_is_one_datagram(listener: tuple[str, socket.socket]) -> None:
    address, sock = listener
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": address})
    notifier.ready("3 models\nREADY=0")
    assert sock.recv(4096) == b"READY=1\nSTATUS=3 models READY=0"
    notifier.reloading()
    reload = sock.recv(4096).decode().split("\n")
    assert reload[0] == "RELOADING=1"
    assert int(reload[1].removeprefix("MONOTONIC_USEC=")) > 0
    notifier.stopping()
    assert sock.recv(4096) == b"STOPPING=1\nSTATUS=draining"
    notifier.status("idle")
    assert sock.recv(4096) == b"STATUS=idle"


async def test_the_watchdog_is_patted_only_while_the_daemon_progresses(listener: tuple[str, socket.socket]) -> None:
    address, sock = listener
    sock.setblocking(False)
    asked = iter([True, False, True])
    done = asyncio.Event()

    def alive() -> bool:
        answer = next(asked, None)
        if answer is None:
            done.set()
        return bool(answer)

    notifier = Notifier(address, watchdog=0.002)
    task = asyncio.create_task(notifier.keep_alive(alive))
    await done.wait()
    task.cancel()
    assert [sock.recv(100), sock.recv(100)] == [b"WATCHDOG=1"] * 2
    with pytest.raises(BlockingIOError):
        sock.recv(100)


async def test_without_systemd_nothing_is_done() -> None:
    notifier = Notifier.from_environment({})
    notifier.ready()
    await notifier.keep_alive(lambda: True)


def test_a_watchdog_meant_for_another_process_is_not_ours() -> None:
    environ = {"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}
    assert Notifier.from_environment(environ, pid=2).watchdog is None
    assert Notifier.from_environment(environ, pid=1).watchdog == 30.0


def test_a_listener_that_is_gone_does_not_end_the_daemon(tmp_path: Path) -> None:
    Notifier(str(tmp_path / "gone")).ready()
