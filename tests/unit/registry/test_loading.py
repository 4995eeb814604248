"""`load_model` gives the champion from the state folder or from a daemon, verified; anything else is one sentence."""

import hashlib
import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pandas as pd
import pytest

import duetmind_adaptive
from duetmind_adaptive.errors import ArtifactError
from duetmind_adaptive.registry.artifact import save_artifact
from duetmind_adaptive.registry.manifest import Feature, Manifest
from duetmind_adaptive.settings.pipeline import PipelineSettings
from duetmind_adaptive.training.custom_pipeline.builder import build_pipeline

FRAME = pd.DataFrame({"age": np.arange(60.0)})


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A model folder with one version, as training leaves it."""
    folder = tmp_path_factory.mktemp("loans")
    home = folder / "versions" / "j-1"
    home.mkdir(parents=True)
    settings = PipelineSettings.model_validate({"model": {"algorithm": "logistic_regression"}})
    pipeline = build_pipeline(settings, "binary", {"age": "numeric"}).fit(FRAME, FRAME["age"] > 30)
    manifest = Manifest(
        model="loans", task="binary", target="y", features=(Feature(name="age", kind="numeric"),),
        classes=("no", "yes"), metric="accuracy", trained_rows=(-60, 0), train_size=60, created="2026-01-01T00:00:00Z",
    )  # fmt: skip
    sha256 = save_artifact(home / "model.duet", pipeline, manifest)
    (home / "version.json").write_text(json.dumps({"sha256": sha256}))
    (folder / "champion").symlink_to("versions/j-1/model.duet")
    return folder


@pytest.mark.parametrize("path", ["champion", "versions/j-1", "versions/j-1/model.duet"])
def test_the_link_a_version_s_folder_and_its_file_can_be_loaded(made, path):
    model = duetmind_adaptive.load_model(made / path)
    assert model.predict(FRAME.tail(2)).tolist() == ["yes", "yes"]


def test_a_changed_artifact_is_refused(made, tmp_path):
    shutil.copytree(made, tmp_path / "copy", symlinks=True)
    with (tmp_path / "copy" / "versions" / "j-1" / "model.duet").open("ab") as file:
        file.write(b"!")
    with pytest.raises(ArtifactError, match="not the one that was registered"):
        duetmind_adaptive.load_model(tmp_path / "copy" / "champion")


def test_a_path_without_model_is_one_sentence(tmp_path):
    with pytest.raises(ArtifactError, match=r"version\.json, which holds the artifact's sha256, cannot be read"):
        duetmind_adaptive.load_model(tmp_path)
    (tmp_path / "version.json").write_text("[]")
    with pytest.raises(ArtifactError, match="is damaged"):
        duetmind_adaptive.load_model(tmp_path)


class Daemon(BaseHTTPRequestHandler):
    """Answers as the daemon's API does; `behaviour` makes it misbehave."""

    content = b""
    behaviour = ""
    tokens: list
    switches = 0

    def do_GET(self):
        type(self).tokens.append(self.headers.get("Authorization"))
        if self.behaviour == "redirect":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()
            return
        if self.behaviour == "locked" and self.headers.get("Authorization") != "Bearer secret":
            self.send_error(401)
            return
        body = self.content if self.path.endswith("/artifact") else self.description()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def description(self):
        if self.behaviour == "nonsense":
            return b"<html>"
        sha256 = hashlib.sha256(self.content).hexdigest()
        if self.behaviour == "switching" and not type(self).switches:
            type(self).switches += 1
            sha256 = "0" * 64
        return json.dumps({"version": 1, "sha256": "0" * 64 if self.behaviour == "liar" else sha256}).encode()

    def log_message(self, *args):
        pass


@pytest.fixture
def daemon(made):
    handler = type("Handler", (Daemon,), {"content": (made / "champion").read_bytes(), "tokens": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield handler, f"http://127.0.0.1:{server.server_address[1]}/api/v1/models/loans"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("suffix", ["", "/", "/champion", "/champion/artifact"])
def test_a_daemon_s_champion_can_be_loaded(daemon, suffix):
    _, url = daemon
    assert duetmind_adaptive.load_model(url + suffix).predict(FRAME.tail(1)).tolist() == ["yes"]


def test_a_switch_between_the_two_requests_is_lived_through(daemon):
    handler, url = daemon
    handler.behaviour = "switching"
    duetmind_adaptive.load_model(url)


def test_a_token_is_sent_and_asked_for(daemon):
    handler, url = daemon
    handler.behaviour = "locked"
    with pytest.raises(ArtifactError, match=r"answers 401 .*give the API's token"):
        duetmind_adaptive.load_model(url)
    duetmind_adaptive.load_model(url, token="secret")
    assert handler.tokens[-1] == "Bearer secret"


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [("liar", "not the one that was registered"), ("nonsense", "does not describe a model"), ("redirect", "302")],
)
def test_a_daemon_that_answers_otherwise_is_refused(daemon, behaviour, says):
    handler, url = daemon
    handler.behaviour = behaviour
    with pytest.raises(ArtifactError, match=says):
        duetmind_adaptive.load_model(url, token="secret")


def test_an_unreachable_daemon_is_one_sentence_without_the_password():
    with pytest.raises(ArtifactError, match="cannot be reached") as refused:
        duetmind_adaptive.load_model("http://user:hunter2@127.0.0.1:9/api/v1/models/loans")
    assert "hunter2" not in str(refused.value)
