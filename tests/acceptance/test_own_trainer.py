"""A trainer of the model's own, asked by a real daemon: its versions serve, and its failures cost nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from live_daemon import LiveDaemon
from live_worlds import MODEL, World

from duetmind_adaptive.errors import DaemonRefusedError


@pytest.fixture
def trainer() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server elsewhere that keeps what it is asked; its address."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/train", asked
    server.shutdown()
    server.server_close()


def learn(asked: dict[str, Any], world: World) -> str:
    """What a trainer does: learn from the file, save the model."""
    made = world.folder / "made.duet"
    (world.folder / "pipeline.yaml").write_text("model: {algorithm: logistic_regression}")
    command = [sys.executable, "-m", "duetmind_adaptive", "train", asked["data"], "--target", asked["target"]]
    subprocess.run([*command, "--pipeline", "pipeline.yaml", "--save", made], check=True, cwd=world.folder)
    return str(made)


def refused(daemon: LiveDaemon, body: dict[str, Any], status: int) -> None:
    with pytest.raises(DaemonRefusedError, match=f"answered {status}"):
        daemon.post(f"/api/v1/models/{MODEL}/versions", body)


def test_a_trainer_elsewhere_answers_once_and_its_version_serves(
    world: World, daemon: LiveDaemon, trainer: tuple[str, list[dict[str, Any]]]
) -> None:
    url, asked = trainer
    del world.models[MODEL]["pipeline"]
    world.models[MODEL]["retrain"] = {"webhook": url}
    world.write()
    daemon.start()
    daemon.wait_for(lambda: asked, "the request")
    refused(daemon, {"request": "never asked", "artifact": "x"}, 404)
    refused(daemon, {"request": asked[0]["request"]}, 422)
    answer = {"request": asked[0]["request"], "artifact": learn(asked[0], world)}
    daemon.post(f"/api/v1/models/{MODEL}/versions", answer)
    refused(daemon, answer, 409)
    daemon.wait_for(lambda: daemon.model(MODEL)["champion"] == 1, "the version")
    assert len(asked) == 1


def test_a_trainer_that_hangs_is_ended_at_its_time_and_the_daemon_goes_on(world: World, daemon: LiveDaemon) -> None:
    del world.models[MODEL]["pipeline"]
    world.models[MODEL]["retrain"] = {"command": ["sleep", "1000"]}
    world.settings["orchestration"] = {"job_timeout": "2s"}
    world.write()
    daemon.start()
    daemon.wait_for(lambda: daemon.events("duetmind.retrain.failed"), "the failure")
    failed = daemon.events("duetmind.retrain.failed")[0]["data"]
    assert "2" in failed["message"]
    assert daemon.get("/status")["models"][MODEL]["champion"] is None
