"""The monitor: the daemon's engine in process, on frames."""

import asyncio
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from duetmind_adaptive.errors import ConfigError, DuetMindError, SourceError, StoreBusyError, StoreError
from duetmind_adaptive.training.enhanced_drift_monitoring import (
    AlertChannel,
    AlertConfig,
    DriftSeverity,
    EnhancedDriftMonitor,
    MonitoringWarning,
    ResponseAction,
    ResponseConfig,
    create_enhanced_drift_monitor,
)

BASELINE = {"accuracy": 0.9, "roc_auc": 0.95}
SECRET = "whsec_" + "c2VjcmV0" * 6

Frames = Callable[..., pd.DataFrame]
Make = Callable[..., EnhancedDriftMonitor]


@pytest.fixture
def frame() -> Frames:
    """Rows whose `age` has this mean; each call gives others."""
    rng = np.random.default_rng(7)

    def rows(mean: float = 0.0, count: int = 500) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "age": rng.normal(mean, 1, count),
                "income": rng.normal(0, 1, count),
                "job": rng.choice(["a", "b", "c"], count),
            }
        )

    return rows


@pytest.fixture
def make(frame: Frames) -> Iterator[Make]:
    made: list[EnhancedDriftMonitor] = []

    def create(reference: Any = None, baseline: Any = BASELINE, **options: Any) -> EnhancedDriftMonitor:
        made.append(
            create_enhanced_drift_monitor(frame(0, 2000) if reference is None else reference, baseline, **options)
        )
        return made[-1]

    yield create
    for monitor in made:
        monitor.close()


class Hook(BaseHTTPRequestHandler):
    """Takes what is posted."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append(self.headers["webhook-id"])  # type: ignore[attr-defined]
        self.send_response(next(self.server.answers, 204))  # type: ignore[attr-defined]
        self.end_headers()
        self.server.came.set()  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def hook() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Hook)
    server.got, server.answers, server.came = [], iter(()), threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


# ---------------------------------------------------------------- verdicts


def test_a_window_like_the_reference_is_calm_and_one_that_moved_is_not(make: Make, frame: Frames) -> None:
    monitor = make()
    calm = monitor.detect_comprehensive_drift(frame(), BASELINE)
    moved = monitor.detect_comprehensive_drift(frame(1.5), BASELINE)
    assert (calm["drift"], calm["severity"], calm["alerts"]) == (False, DriftSeverity.NONE, [])
    assert (moved["drift"], moved["kinds"]) == (True, ["data"])
    assert [name for name, column in moved["columns"].items() if column["drift"]] == ["age"]
    assert [alert.status for alert in moved["alerts"]] == ["opened"]


def test_a_stated_metric_that_fell_is_model_drift_and_one_that_chance_explains_is_not(
    make: Make, frame: Frames
) -> None:
    monitor = make()
    chance = monitor.detect_comprehensive_drift(frame(), {"accuracy": 0.88, "roc_auc": 0.94})
    fallen = monitor.detect_comprehensive_drift(frame(), {"accuracy": 0.89, "roc_auc": 0.80})
    assert not chance["drift"]
    assert "model" in fallen["kinds"]
    assert fallen["metrics"]["roc_auc"] == {"current": 0.80, "baseline": 0.95, "degraded": True}
    assert fallen["metrics"]["accuracy"]["degraded"] is False


def test_a_small_fall_of_the_first_metric_adds_up_over_windows(make: Make, frame: Frames) -> None:
    monitor = make()
    told = [monitor.detect_comprehensive_drift(frame(), {"accuracy": 0.84})["metrics"]["accuracy"] for _ in range(12)]
    assert not told[0]["degraded"], "one window does not prove it"
    assert told[-1]["degraded"]


def test_metrics_are_measured_where_the_frames_hold_labels_and_answers(make: Make) -> None:
    rng = np.random.default_rng(3)

    def answered(right: float) -> pd.DataFrame:
        truth = rng.integers(0, 2, 800)
        given = np.where(rng.random(800) < right, truth, 1 - truth)
        return pd.DataFrame({"x": rng.normal(size=800), "y": truth, "answer": given})

    monitor = make(answered(0.9), {"accuracy": 0.9}, target="y", prediction="answer")
    calm, fallen = (monitor.detect_comprehensive_drift(answered(right)) for right in (0.9, 0.7))
    assert not calm["drift"]
    assert "model" in fallen["kinds"]
    assert fallen["metric"] == pytest.approx(0.7, abs=0.06)
    assert fallen["notes"] == []


def test_a_column_that_is_gone_is_a_finding_that_is_told(make: Make, frame: Frames) -> None:
    results = make().detect_comprehensive_drift(frame().drop(columns="income"), BASELINE)
    assert results["schema"]["missing_columns"] == ["income"]
    assert results["severity"] == DriftSeverity.CRITICAL
    assert results["alerts"]


def test_a_column_that_is_new_hinders_no_examination(make: Make) -> None:
    rng = np.random.default_rng(4)
    y = rng.integers(0, 2, 1200)
    rows = pd.DataFrame({"x": rng.normal(size=1200), "y": y, "answer": np.where(rng.random(1200) < 0.9, y, 1 - y)})
    monitor = make(rows, {"accuracy": 0.9}, target="y", prediction="answer")
    results = monitor.detect_comprehensive_drift(rows.assign(extra=1.0))
    assert results["schema"]["new_columns"] == ["extra"]
    assert results["metric"] == pytest.approx(0.9, abs=0.05)


def test_a_metric_that_was_not_stated_is_said(make: Make, frame: Frames) -> None:
    results = make().detect_comprehensive_drift(frame(), {"accuracy": 0.9, "latency": 3.0})
    assert results["notes"] == ["roc_auc was not stated, so it was not held against its baseline"]


def test_a_metric_that_could_not_be_computed_is_as_good_as_not_stated(make: Make, frame: Frames) -> None:
    results = make().detect_comprehensive_drift(frame(), {"accuracy": 0.9, "roc_auc": float("nan")})
    assert list(results["metrics"]) == ["accuracy"]
    assert results["notes"] == ["roc_auc was not stated, so it was not held against its baseline"]


def test_labels_of_several_classes_make_the_task(make: Make) -> None:
    rng = np.random.default_rng(2)
    truth = rng.choice(["no", "maybe", "yes"], 900)
    rows = pd.DataFrame({"x": rng.normal(size=900), "y": truth, "answer": truth})
    results = make(rows, {"balanced_accuracy": 1.0}, target="y", prediction="answer").detect_comprehensive_drift(rows)
    assert results["metric"] == 1.0


def test_an_incident_is_told_once_and_its_end_too(make: Make, frame: Frames) -> None:
    monitor = make()
    means = (1.5, 1.5, 1.5, 0, 0, 0, 0, 0, 0, 0, 0)
    told = [alert.status for mean in means for alert in monitor.detect_comprehensive_drift(frame(mean))["alerts"]]
    assert told == ["opened", "resolved"]


# ---------------------------------------------------------------- channels


def test_the_guides_email_config_is_a_warning_that_names_what_is_missing(frame: Frames) -> None:
    config = AlertConfig(
        enabled_channels=[AlertChannel.EMAIL, AlertChannel.LOG], email_config={"sender_email": "system@example.com"}
    )
    with pytest.warns(MonitoringWarning, match="email is off: `host` is missing; `recipients` is missing"):
        monitor = create_enhanced_drift_monitor(frame(), BASELINE, config)
    with monitor:
        results = monitor.detect_comprehensive_drift(frame(3))
    assert "`host`" in monitor.warnings[0]
    assert results["alerts"][0].delivered == {"log": "delivered: written to the log"}


def test_a_webhook_gets_each_alert_by_its_id(make: Make, frame: Frames, hook: HTTPServer) -> None:
    settings = {"url": f"http://127.0.0.1:{hook.server_port}/", "secret": SECRET, "allow_private": True}
    monitor = make(alert_config=AlertConfig(enabled_channels=["webhook"], webhook_config=settings))
    results = monitor.detect_comprehensive_drift(frame(3))
    assert hook.got == [alert.id for alert in results["alerts"]]  # type: ignore[attr-defined]
    assert results["alerts"][0].delivered == {"webhook": "delivered: HTTP 204"}


def test_a_message_that_was_not_taken_is_tried_again_while_the_monitor_lives(
    make: Make, frame: Frames, hook: Any
) -> None:
    hook.answers = iter([503])
    settings = {"url": f"http://127.0.0.1:{hook.server_port}/", "secret": SECRET, "allow_private": True}
    monitor = make(alert_config=AlertConfig(enabled_channels=["webhook"], webhook_config=settings))
    (alert,) = monitor.detect_comprehensive_drift(frame(3))["alerts"]
    assert alert.delivered == {"webhook": "waiting"}
    hook.came.clear()
    assert hook.came.wait(120), "the next try comes without another check"
    assert hook.got == [alert.id, alert.id]


def test_the_log_channel_speaks_through_standard_logging(
    make: Make, frame: Frames, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        make().detect_comprehensive_drift(frame(3))
    assert any(record.name == "duetmind_handlers.alerts.log" for record in caplog.records)


def test_what_is_below_the_least_severity_is_not_told(make: Make, frame: Frames) -> None:
    monitor = make(alert_config=AlertConfig(minimum_severity="critical"))
    results = monitor.detect_comprehensive_drift(frame(1.5))
    assert results["drift"]
    assert [alert.delivered for alert in results["alerts"]] == [{"log": "waiting"}]


# ---------------------------------------------------------------- responses


def enabled(*actions: str, **config: Any) -> ResponseConfig:
    return ResponseConfig(enabled_actions=actions, retrain_config=config)


async def test_the_guides_loop_runs_what_is_recommended(make: Make, frame: Frames) -> None:
    orders: list[Any] = []
    monitor = make(response_config=enabled("retrain_model", callback=orders.append))
    results = monitor.detect_comprehensive_drift(frame(1), {"accuracy": 0.6})
    outcomes = [
        await monitor.execute_response_action(action, results["alerts"][0])
        for action in results.get("recommended_actions", [])
    ]
    assert results["recommended_actions"] == [ResponseAction.RETRAIN_MODEL]
    assert [outcome.status for outcome in outcomes] == ["done"]
    assert len(orders[0].recent_data()) == 500
    assert len(orders[0].reference_data()) == 2000


async def test_the_same_action_for_the_same_alert_has_one_effect(make: Make, frame: Frames) -> None:
    orders: list[Any] = []
    monitor = make(response_config=enabled("retrain_model", callback=orders.append))
    alert = monitor.detect_comprehensive_drift(frame(1), {"accuracy": 0.6})["alerts"][0]
    for _ in range(3):
        assert (await monitor.execute_response_action("retrain_model", alert)).status == "done"
    assert len(orders) == 1


def test_a_retrain_is_asked_for_once_while_it_is_not_carried_out_and_after_it_there_is_a_new_reference(
    make: Make, frame: Frames
) -> None:
    def retrain(order: Any) -> dict[str, Any]:
        return {"reference_data": order.recent_data(1), "baseline_metrics": {"accuracy": 0.7}}

    monitor = make(response_config=enabled("retrain_model", callback=retrain))
    first = monitor.detect_comprehensive_drift(frame(1), {"accuracy": 0.6})
    again = monitor.detect_comprehensive_drift(frame(1), {"accuracy": 0.6})
    assert first["recommended_actions"] == again["recommended_actions"] == ["retrain_model"]
    assert monitor.respond("retrain_model", first["alerts"][0]).status == "done"
    after = monitor.detect_comprehensive_drift(frame(1), {"accuracy": 0.7})
    assert (after["version"], after["drift"]) == (2, False)
    assert after["metrics"]["accuracy"]["baseline"] == 0.7


def test_the_budget_of_a_day_holds(make: Make, frame: Frames) -> None:
    orders: list[Any] = []
    config = ResponseConfig(
        enabled_actions=["retrain_model"],
        retrain_config={"max_auto_retrains_per_day": 1, "callback": orders.append},
        automatic=True,
    )
    monitor = make(response_config=config)
    for _ in range(40):
        monitor.detect_comprehensive_drift(frame(1), {"accuracy": 0.6})
    assert len(orders) == 1


def test_a_callback_that_fails_is_told_and_the_policy_waits(make: Make, frame: Frames) -> None:
    def fails(_order: Any) -> None:
        raise RuntimeError("no GPU\nis free")

    monitor = make(response_config=enabled("retrain_model", callback=fails))
    results = monitor.detect_comprehensive_drift(frame(1), {"accuracy": 0.6})
    outcome = monitor.respond("retrain_model", results["alerts"][0])
    assert (outcome.status, outcome.detail) == ("failed", "the retrain callback failed: no GPU is free")
    assert monitor.recommended_actions == []


def test_without_anything_to_retrain_with_the_refusal_says_what_to_give(make: Make, frame: Frames) -> None:
    monitor = make(response_config=enabled("retrain_model", max_auto_retrains_per_day=3))
    results = monitor.detect_comprehensive_drift(frame(1), {"accuracy": 0.6})
    outcome = monitor.respond(results["recommended_actions"][0], results["alerts"][0])
    assert outcome.status == "refused"
    assert "callback" in outcome.detail


def test_a_pipeline_makes_the_versions_and_the_gate_decides(make: Make) -> None:
    rng = np.random.default_rng(1)

    def labelled(flip: bool = False) -> pd.DataFrame:
        x = rng.normal(size=(1500, 2))
        return pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": ((x[:, 0] > 0) != flip).astype(int)})

    config = enabled("retrain_model", pipeline={"model": {"algorithm": "logistic_regression"}})
    monitor = make(labelled(), {"accuracy": 0.95}, target="y", response_config=config)
    assert not monitor.detect_comprehensive_drift(labelled())["drift"]
    results = [monitor.detect_comprehensive_drift(labelled(flip=True)) for _ in range(2)][-1]
    assert results["recommended_actions"] == ["retrain_model"]
    outcome = monitor.respond("retrain_model")
    assert (outcome.status, outcome.detail[:16]) == ("done", "version 2 serves")
    assert monitor.detect_comprehensive_drift(labelled(flip=True))["metric"] > 0.9


def test_a_rollback_brings_the_reference_before_back(make: Make, frame: Frames) -> None:
    monitor = make(response_config=enabled("rollback"))
    assert monitor.set_reference(frame(2, 1000), {"accuracy": 0.8}) == 2
    assert monitor.respond("rollback").status == "done"
    assert not monitor.detect_comprehensive_drift(frame(), BASELINE)["drift"]
    assert monitor.detect_comprehensive_drift(frame(2))["drift"]


def test_a_person_is_asked_once_and_a_yes_recommends_the_retrain(make: Make, frame: Frames) -> None:
    monitor = make(response_config=enabled("retrain_model", "human_review", callback=lambda _order: None))
    results = monitor.detect_comprehensive_drift(frame(1), {"accuracy": 0.6})
    assert results["recommended_actions"] == ["human_review"]
    waits = monitor.respond("human_review")
    (review,) = monitor.open_reviews
    assert waits.request == review["id"]
    monitor.answer_review(review["id"], approve=True, by="ann")
    assert monitor.recommended_actions == ["retrain_model"]
    with pytest.raises(ConfigError, match="is over: it was approved"):
        monitor.answer_review(review["id"], approve=False)


# ---------------------------------------------------------------- places


@pytest.mark.parametrize("place", [{"working_dir": "here [1]"}, {"store": "sqlite:///{}/other.db"}])
def test_a_new_process_goes_on_where_the_last_one_ended(
    tmp_path: Path, make: Make, frame: Frames, place: dict[str, str]
) -> None:
    where = {key: value.format(tmp_path) if key == "store" else str(tmp_path / value) for key, value in place.items()}
    reference = frame(0, 2000)
    first = make(reference, **where)
    first.detect_comprehensive_drift(frame(1.5), BASELINE)
    first.close()
    second = make(reference, **where)
    assert second.detect_comprehensive_drift(frame(1.5), BASELINE)["alerts"] == [], "it was told before"
    history = second.history.to_frame()
    assert history["rows"].tolist() == [500, 500]
    assert history["version"].tolist() == [1, 1]
    assert list(second.history.effects().columns) == ["age", "income", "job"]


def test_a_folder_is_one_monitors_at_a_time(tmp_path: Path, make: Make) -> None:
    make(working_dir=tmp_path)
    with pytest.raises(StoreBusyError, match=r"pid \d+"):
        make(working_dir=tmp_path)


def test_a_new_reference_begins_a_version_and_the_same_one_does_not(tmp_path: Path, make: Make, frame: Frames) -> None:
    old, new = frame(0, 2000), frame(2, 2000)
    for reference, version in ((old, 1), (old, 1), (new, 2)):
        with make(reference, working_dir=tmp_path) as monitor:
            results = monitor.detect_comprehensive_drift(frame(0 if version == 1 else 2), BASELINE)
        assert (results["version"], results["drift"]) == (version, False)


def test_memory_leaves_nothing_behind(make: Make, frame: Frames) -> None:
    monitor = make()
    monitor.detect_comprehensive_drift(frame())
    folder = monitor.working_dir
    monitor.close()
    monitor.close()
    assert not folder.exists()
    with pytest.raises(StoreError, match="is closed"):
        monitor.detect_comprehensive_drift(frame())


def test_a_process_that_ends_without_closing_ends(tmp_path: Path) -> None:
    script = (
        "import pandas as pd\n"
        "from duetmind_adaptive.training.enhanced_drift_monitoring import create_enhanced_drift_monitor as make\n"
        f"monitor = make(pd.DataFrame({{'x': range(100)}}), working_dir={str(tmp_path)!r})\n"
        "print(monitor.detect_comprehensive_drift(pd.DataFrame({'x': range(100)}))['drift'])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")


# ---------------------------------------------------------------- loops


async def test_it_works_inside_a_running_loop_in_both_ways(make: Make, frame: Frames) -> None:
    monitor = make()
    first, *others = await asyncio.gather(*(monitor.adetect_comprehensive_drift(frame()) for _ in range(3)))
    blocking = monitor.detect_comprehensive_drift(frame())
    windows = [each["window"]["first_row"] for each in (first, *others, blocking)]
    assert sorted(windows) == [0, 500, 1000, 1500]


def test_the_notebooks_table_is_inert(make: Make, frame: Frames) -> None:
    evil = "<script>alert(1)</script>"
    monitor = make(frame(0, 1000).rename(columns={"age": evil}))
    results = monitor.detect_comprehensive_drift(frame(3).rename(columns={"age": evil}), BASELINE)
    html = results._repr_html_()
    assert "<script" not in html
    assert html.count("<polyline") == 3
    assert results.to_frame()["drift"].to_dict()[evil]


def test_plots_are_vega_lite_with_a_drawing_beside_it(make: Make, frame: Frames) -> None:
    monitor = make()
    for mean in (0, 1.5):
        monitor.detect_comprehensive_drift(frame(mean), BASELINE)
    chart = monitor.history.plot()
    shown = chart._repr_mimebundle_()
    assert {row["series"] for row in chart.spec["data"]["values"]} == {"age", "income", "job"}
    assert shown["application/vnd.vegalite.v5+json"]["mark"]["type"] == "line"
    assert "<svg" in shown["text/html"]
    assert set(monitor.history.plot("metrics").series) == set(BASELINE)
    with pytest.raises(ConfigError, match="found 'pie', allowed: effects, metrics"):
        monitor.history.plot("pie")


# ---------------------------------------------------------------- what cannot be


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (None, "current_data is a NoneType, not a frame; give a pandas"),
        (pd.DataFrame({"age": []}), "current_data has no rows; give at least 1"),
        (pd.DataFrame({"other": [1]}), "current_data has none of the reference's columns (age, income, job); give"),
        (pd.DataFrame([[1, 2]], columns=["age", "age"]), "current_data has more than one column named 'age'"),
    ],
)
def test_a_frame_that_cannot_be_checked_is_one_sentence(make: Make, given: Any, sentence: str) -> None:
    with pytest.raises(SourceError) as told:
        make().detect_comprehensive_drift(given)
    assert str(told.value).startswith(sentence)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"baseline": {"profit": 3.0}}, "baseline_metrics: found 'profit', allowed: accuracy"),
        ({"baseline": {"accuracy": "high"}}, "baseline_metrics: accuracy: found 'high', allowed: a number from 0 to 1"),
        ({"baseline": {"mae": float("nan")}}, "baseline_metrics: mae: found nan, allowed: a number of 0 or more"),
        ({"baseline": 0.9}, "baseline_metrics: found 0.9, allowed: a mapping"),
        ({"timestamp": "when"}, "reference_data has no column 'when', which timestamp names"),
        ({"task": "ranking"}, "create_enhanced_drift_monitor: models.model.task: found 'ranking', allowed: binary"),
        ({"name": "a/b"}, "create_enhanced_drift_monitor: models.a/b: a model's name becomes a folder"),
        ({"check_every": "soon"}, "create_enhanced_drift_monitor: models.model.schedule.every"),
        ({"store": "mysql://x"}, "store.url starts with mysql:"),
        ({"reference": pd.DataFrame({"x": [1]})}, "reference_data has one row only; give at least 2"),
        (
            {"response_config": enabled("retrain_model", pipeline="my_pipeline")},
            "create_enhanced_drift_monitor: a pipeline needs the truth",
        ),
    ],
)
def test_an_argument_that_cannot_be_is_one_sentence(make: Make, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DuetMindError) as told:
        make(**options)
    assert str(told.value).startswith(sentence)
    assert "\n" not in str(told.value)


def test_a_secret_shows_in_no_configuration() -> None:
    config = AlertConfig(enabled_channels=["webhook"], webhook_config={"url": "https://x/", "secret": SECRET})
    assert SECRET not in repr(config)


def test_a_callback_is_a_function_and_an_alert_an_alert(make: Make) -> None:
    with pytest.raises(ConfigError, match=r"callback: found 'retrain.sh', allowed: a function"):
        enabled("retrain_model", callback="retrain.sh")
    with pytest.raises(ConfigError, match="alert: found 'drift', allowed: a DriftAlert"):
        make(response_config=enabled("rollback")).respond("rollback", "drift")


def test_an_unknown_action_is_a_sentence_and_one_that_is_not_enabled_a_refusal(make: Make) -> None:
    monitor = make()
    with pytest.raises(ConfigError, match="found 'reboot', allowed: adjust_thresholds"):
        monitor.respond("reboot")
    assert monitor.respond("rollback").detail == "rollback is not in enabled_actions"
