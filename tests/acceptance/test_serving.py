"""The serving example follows the champion through promotions and rollbacks and fails no request."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from live_daemon import LiveDaemon, wait_for
from live_worlds import MODEL, World

from duetmind_adaptive.cli.demo.daemon import free_port

EXAMPLE = Path(__file__).parents[2] / "examples" / "serve.py"
ROW = json.dumps([{"income": 1.0, "amount": 0.2, "purpose": "car"}]).encode()


def asked(port: int) -> dict[str, object]:
    with urlopen(Request(f"http://127.0.0.1:{port}", data=ROW), timeout=30) as answer:
        return json.loads(answer.read())


def is_up(port: int) -> bool:
    try:
        return bool(asked(port))
    except OSError:
        return False


def versions(daemon: LiveDaemon) -> int:
    return len(daemon.events("duetmind.retrain.succeeded"))


@pytest.mark.slow
def test_no_request_fails_while_a_thousand_promotions_and_rollbacks_go_by(trained: World, served: LiveDaemon) -> None:
    trained.let_in()
    served.post(f"/api/v1/models/{MODEL}/check")
    served.wait_for(lambda: served.model(MODEL)["last_check"], "the check")
    served.post(f"/api/v1/models/{MODEL}/retrain")
    served.wait_for(lambda: versions(served) == 2 and served.idle(), "a second version")
    port, seen, failed, over = free_port(), set[object](), list[str](), threading.Event()

    def hammer() -> None:
        while not over.is_set():
            try:
                seen.add(asked(port)["version"])
            except Exception as error:  # noqa: BLE001 - any failure is what must not be
                failed.append(repr(error))

    link = trained.folder / "state" / "models" / MODEL / "champion"
    with subprocess.Popen([sys.executable, EXAMPLE, link, str(port)], stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(lambda: is_up(port), "the server")
            threads = [threading.Thread(target=hammer) for _ in range(4)]
            for thread in threads:
                thread.start()
            for _ in range(500):
                served.post(f"/api/v1/models/{MODEL}/promote", {"version": 2})
                served.post(f"/api/v1/models/{MODEL}/rollback", {"to": 1})
            over.set()
            for thread in threads:
                thread.join()
        finally:
            server.kill()
    assert failed == []
    assert len(seen) == 2, "both versions answered"
