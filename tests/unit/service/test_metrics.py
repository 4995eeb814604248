"""Metrics keep Prometheus's conventions, belong to one daemon, and cannot grow without bound."""

from datetime import UTC, datetime

from prometheus_client.parser import text_string_to_metric_families

from duetmind_adaptive.event_data import AlertData, CheckData, CheckFailedData, ColumnEffect, WindowData
from duetmind_adaptive.events import AlertDelivered, AlertFailed, CheckCompleted, CheckFailed, make
from duetmind_adaptive.service.metrics import Metrics

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def check(model: str, *, drift: bool) -> CheckData:
    return CheckData(
        model=model,
        window=WindowData(first_row=0, last_row=10, rows=10),
        drift=drift,
        severity="high",
        metric=0.9,
        metric_name="accuracy",
        top=(
            ColumnEffect(column="a", kind="numeric", effect=0.4),
            ColumnEffect(column="b", kind="numeric", effect=0.1),
        ),
    )


def samples(metrics: Metrics) -> dict[str, float]:
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in families
        for sample in family.samples
    }


def test_events_of_checks_are_counted() -> None:
    metrics = Metrics()
    metrics.observe(make(CheckCompleted, check("loans", drift=True), id="1", time=NOW))
    metrics.observe(make(CheckCompleted, check("loans", drift=False), id="2", time=NOW))
    metrics.observe(make(CheckFailed, CheckFailedData(model="loans", reason="r", message="m"), id="3", time=NOW))
    found = samples(metrics)
    for result in ("drift", "calm", "failed"):
        assert found[f"duetmind_checks_total[('model', 'loans'), ('result', '{result}')]"] == 1
    assert found["duetmind_model_metric[('metric', 'accuracy'), ('model', 'loans')]"] == 0.9
    assert found["duetmind_drift_effect_max[('model', 'loans')]"] == 0.4


def test_everything_else_is_counted() -> None:
    metrics = Metrics()
    metrics.check_took(0.3)
    told = AlertData(model="loans", channel="ops", alert="a1")
    metrics.observe(make(AlertDelivered, told, id="1", time=NOW))
    metrics.observe(make(AlertFailed, told, id="2", time=NOW))
    metrics.slots_settled("coalesced", 3)
    metrics.config_reloaded(ok=False)
    metrics.loop_lag(0.002)
    found = samples(metrics)
    assert found["duetmind_check_seconds_count[]"] == 1
    for outcome in ("delivered", "dead"):
        assert found[f"duetmind_deliveries_total[('handler', 'alert.ops'), ('outcome', '{outcome}')]"] == 1
    assert found["duetmind_slots_total[('state', 'coalesced')]"] == 3
    assert found["duetmind_config_reload_success[]"] == 0
    assert found["duetmind_config_reloads_total[('result', 'refused')]"] == 1
    assert found["duetmind_loop_lag_seconds_count[]"] == 1


def test_a_model_that_left_takes_its_series_along() -> None:
    metrics = Metrics()
    for model in ("loans", "gone"):
        metrics.observe(make(CheckCompleted, check(model, drift=True), id=model, time=NOW))
    metrics.show_status({"models": {"loans": {"open_incident": None}}})
    text = metrics.render().decode()
    assert "gone" not in text
    assert 'duetmind_incidents_open{model="loans"} 0.0' in text


def test_two_daemons_in_one_process_do_not_share_metrics() -> None:
    one, two = Metrics(), Metrics()
    one.slots_settled("ran")
    assert b'duetmind_slots_total{state="ran"}' not in two.render()
