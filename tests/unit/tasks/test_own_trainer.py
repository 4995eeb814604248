"""A trainer of the model's own: real programs; versions are proved as any other, failures are one sentence."""

import json
import sys
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pandas as pd
import pytest

import duetmind_adaptive
from duetmind_adaptive.durable import write_durably
from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.records import VersionRef
from duetmind_adaptive.registry.layout import answer_file
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.tasks.requests import TrainRequest
from duetmind_adaptive.tasks.train import train_version

NOW = datetime(2026, 6, 1, tzinfo=UTC)
REFERENCE, WINDOW = 1200, 300
#: a trainer as a user would write it
GOOD = """
import json, subprocess, sys
request = json.load(sys.stdin)
json.dump(request, open("request.json", "w"))
command = [sys.executable, "-m", "duetmind_adaptive", "train", request["data"], "--target", request["target"]]
done = subprocess.run([*command, "--pipeline", "pipeline.yaml", "--save", "made.duet"], stdout=sys.stderr)
print("chatter of a library")
print("made.duet")
sys.exit(done.returncode)
"""
PIPELINE = "model: {algorithm: hist_gradient_boosting, hyperparameters: {max_iter: 20}}"


def a_stream(rows, *, flipped=False, seed=0):
    rng = np.random.default_rng(seed)
    x, job = rng.normal(size=rows), rng.choice(["cook", "nurse"], rows)
    yes = (x + (job == "cook") + rng.normal(scale=0.5, size=rows) > 0.5) ^ flipped
    start = pd.Timestamp("2026-01-01") + pd.Timedelta(days=seed)
    at = start + pd.to_timedelta(np.arange(rows), unit="s")
    return pd.DataFrame({"at": at, "x": x, "job": job, "y": np.where(yes, "yes", "no")})


@pytest.fixture
def folder(tmp_path):
    a_stream(REFERENCE).to_parquet(tmp_path / "reference.parquet")
    a_stream(5 * WINDOW, seed=1, flipped=True).to_parquet(tmp_path / "production.parquet")
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    return tmp_path


def trained(folder, program=GOOD, *, trainer=None, prediction=None, champion=None, upto=0, job="first"):
    (folder / "trainer.py").write_text(program)
    model = Model.model_validate(
        {
            "name": "loans", "task": "binary", "target": "y", "timestamp": "at", "features": None, "exclude": (),
            "prediction": prediction, "score": None, "metric": "accuracy",
            "reference": {"path": str(folder / "reference.parquet")},
            "production": {"path": str(folder / "production.parquet"), "window": {"rows": WINDOW}},
            "labels": {}, "schedule": {"every": "1h"}, "pipeline": None, "responses": ("retrain_model",),
            "drift_threshold": 0.1, "opens_after": 1, "clears_after": 2, "max_retrains_per_day": 3,
            "job_timeout": timedelta(hours=1), "gate_rows": 200, "gate_rows_per_class": 10,
            "folder": folder / "models" / "loans",
            "trainer_folder": folder,
            "trainer": trainer or {"command": [sys.executable, "trainer.py"]},
        }
    )  # fmt: skip
    return train_version(TrainRequest(model=model, job=job, attempt=1, champion=champion, upto_row=upto, now=NOW))


def as_version(report):
    return VersionRef(
        model="loans", version=1, folder=report.folder, artifact=report.folder / "model.duet", sha256=report.sha256,
        baseline=report.baseline,
    )  # fmt: skip


def test_what_it_makes_is_measured_on_rows_that_it_never_saw_and_can_be_loaded(folder):
    report = trained(folder)
    asked = json.loads((folder / "request.json").read_text())
    assert (asked["model"], asked["target"], asked["kept_back"]) == ("loans", "y", [-360, 0])
    assert report.baseline.rows == 360
    assert report.baseline.value > 0.8
    assert report.train_size == REFERENCE - 360
    model = duetmind_adaptive.load_model(report.folder)
    assert set(model.predict(a_stream(50, seed=5))) == {"yes", "no"}


def test_a_challenger_of_its_has_to_prove_itself_on_rows_kept_back(folder):
    first = trained(folder)
    report = trained(folder, champion=as_version(first), upto=5 * WINDOW, job="second")
    asked = json.loads((folder / "request.json").read_text())
    assert asked["champion"]["version"] == 1
    assert asked["kept_back"] == [4 * WINDOW, 5 * WINDOW]
    assert report.gate.verdict == "better"
    assert report.gate.rows == WINDOW
    assert report.trained_rows == (-REFERENCE, 4 * WINDOW)


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        ("import sys; sys.exit('the warehouse is down')", "exit status 1: the warehouse is down"),
        ("import os; os.kill(os.getpid(), 9)", "ended with signal 9"),
        ("", "printed no path"),
        ("print('nowhere.duet')", "there is no such file"),
        ("open('bad.duet', 'w').write('x'); print('bad.duet')", "cannot be used"),
        ("print(open('/dev/urandom', 'rb').read(9999).hex())", "there is no such file"),
    ],
)
def test_a_trainer_that_dies_or_answers_nonsense_is_one_sentence(folder, program, sentence):
    with pytest.raises(TrainingError) as failed:
        trained(folder, program)
    assert sentence in str(failed.value)
    assert "\n" not in str(failed.value)
    assert len(str(failed.value)) < 1200


def test_a_model_of_other_data_is_refused(folder):
    other = a_stream(400).rename(columns={"x": "z"}).drop(columns="at")
    other.to_parquet(folder / "other.parquet")
    program = GOOD.replace('request["data"]', '"other.parquet"')
    with pytest.raises(TrainingError, match="needs 'z', which is no feature"):
        trained(folder, program)


def test_a_program_that_is_not_there_is_named(folder):
    with pytest.raises(TrainingError, match=r"\./train\.sh cannot be started"):
        trained(folder, trainer={"command": ["./train.sh"]})


def test_metrics_alone_are_enough_for_a_model_that_serves_elsewhere_and_a_later_version_is_left_to_a_person(folder):
    program = "import json; json.dump({'accuracy': 0.9, 'rows': 400}, open('m.json', 'w')); print('m.json')"
    first = trained(folder, program, prediction="job")
    assert (first.sha256, first.gate, first.baseline.value) == ("", None, 0.9)
    champion = VersionRef(model="loans", version=1, folder=first.folder, artifact=None, sha256=None)
    later = trained(folder, program, prediction="job", champion=champion, upto=5 * WINDOW, job="second")
    assert later.gate.verdict == "inconclusive"
    with pytest.raises(TrainingError, match="metrics and no model"):
        trained(folder, program, job="third")
    with pytest.raises(TrainingError, match="no JSON object with a number for 'accuracy'"):
        trained(folder, "open('m.json', 'w').write('[1]'); print('m.json')", prediction="job", job="fourth")


@pytest.fixture
def elsewhere(folder):
    """A trainer behind an address: it keeps what it is asked, and answers by a file as the daemon does."""
    asked, answers = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(202 if answers else 503)
            self.end_headers()
            if answers:
                place = answer_file(folder / "models" / "loans", asked[-1]["request"])
                place.parent.mkdir(parents=True, exist_ok=True)
                write_durably(place, json.dumps(answers[0]).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/train", asked, answers
    server.shutdown()
    server.server_close()


def test_a_trainer_behind_an_address_is_asked_once_and_its_answer_is_waited_for(folder, elsewhere):
    url, asked, answers = elsewhere
    made = trained(folder)
    answers.append({"artifact": str(made.folder / "model.duet"), "error": ""})
    report = trained(folder, trainer={"webhook": url}, job="far")
    assert [each["request"] for each in asked] == ["far"]
    assert report.sha256 == made.sha256
    again = trained(folder, trainer={"webhook": url}, job="far")
    assert (len(asked), again.sha256) == (1, made.sha256), "a job that is tried again finds the answer"


def test_what_an_address_says_it_cannot_do_is_one_sentence(folder, elsewhere):
    url, _, answers = elsewhere
    with pytest.raises(TrainingError, match="answered 503"):
        trained(folder, trainer={"webhook": url}, job="a")
    answers.append({"artifact": "", "error": "the cluster\nis full"})
    with pytest.raises(TrainingError, match="the trainer says: the cluster is full"):
        trained(folder, trainer={"webhook": url}, job="b")
    with pytest.raises(TrainingError, match="cannot be reached"):
        trained(folder, trainer={"webhook": "http://127.0.0.1:9/train"}, job="c")
