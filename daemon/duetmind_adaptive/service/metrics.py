"""The daemon's metrics for Prometheus, in a registry of its own.

Label values come from the configuration (models, handlers) or from closed sets (states, results), so the
number of series is bounded; a model that leaves the configuration takes its series along.

Source of the names' conventions: https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from duetmind_adaptive.events import (
    AlertDelivered,
    AlertFailed,
    AlertSuppressed,
    CheckCompleted,
    CheckFailed,
    Event,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
#: seconds; a check takes from a tenth of a second to minutes
CHECK_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
#: seconds; the loop should be late by less than 50 ms in 99 of 100 looks
LAG_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)

_OUTCOMES: dict[type[object], str] = {AlertDelivered: "delivered", AlertFailed: "dead", AlertSuppressed: "suppressed"}


class Metrics:
    """Every metric, and one method per thing that is counted."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        self._make_model_metrics()
        self._make_daemon_metrics()

    def _make_model_metrics(self) -> None:
        registry = self.registry
        self._checks = Counter(
            "duetmind_checks", "Checks by result: calm, drift or failed.", ["model", "result"], registry=registry
        )
        self._metric = Gauge(
            "duetmind_model_metric", "The model's metric in its newest window.", ["model", "metric"], registry=registry
        )
        self._effect = Gauge(
            "duetmind_drift_effect_max",
            "Largest effect of a column in the newest window.",
            ["model"],
            registry=registry,
        )
        self._incidents = Gauge("duetmind_incidents_open", "Whether an incident is open.", ["model"], registry=registry)
        self._by_model = (self._checks, self._metric, self._effect, self._incidents)

    def _make_daemon_metrics(self) -> None:
        registry = self.registry
        self._check_seconds = Histogram(
            "duetmind_check_seconds", "Duration of a check.", buckets=CHECK_BUCKETS, registry=registry
        )
        self._pending = Gauge("duetmind_bus_pending", "Deliveries not yet finished.", registry=registry)
        self._dead = Gauge("duetmind_bus_dead", "Deliveries given up.", registry=registry)
        self._deliveries = Counter(
            "duetmind_deliveries",
            "Finished deliveries of alerts by outcome: delivered, suppressed or dead.",
            ["handler", "outcome"],
            registry=registry,
        )
        self._jobs = Gauge("duetmind_jobs", "Jobs queued and running.", ["state"], registry=registry)
        self._slots = Counter("duetmind_slots", "Scheduled slots by what became of them.", ["state"], registry=registry)
        self._reload_ok = Gauge(
            "duetmind_config_reload_success", "1 unless the last reload was refused.", registry=registry
        )
        self._reload_ok.set(1)
        self._reloads = Counter(
            "duetmind_config_reloads", "Reloads of the configuration.", ["result"], registry=registry
        )
        self._lag = Histogram(
            "duetmind_loop_lag_seconds", "How late the event loop runs.", buckets=LAG_BUCKETS, registry=registry
        )

    # ------------------------------------------------------------ what happens

    def observe(self, event: Event) -> None:
        """Count what an event tells of checks and alerts; other events change nothing."""
        if isinstance(event, AlertDelivered | AlertFailed | AlertSuppressed):
            if not event.data.final:
                return
            outcome = _OUTCOMES[type(event)]
            self._deliveries.labels(f"alert.{event.data.channel}", outcome).inc()
        elif isinstance(event, CheckFailed):
            self._checks.labels(event.model, "failed").inc()
        elif isinstance(event, CheckCompleted):
            data = event.data
            self._checks.labels(event.model, "drift" if data.drift else "calm").inc()
            self._effect.labels(event.model).set(max((column.effect for column in data.top), default=0.0))
            if data.metric is not None:
                self._metric.labels(event.model, data.metric_name or "metric").set(data.metric)

    def check_took(self, seconds: float) -> None:
        """A check lasted `seconds`."""
        self._check_seconds.observe(seconds)

    def slots_settled(self, state: str, number: int = 1) -> None:
        """Slots ran, were late, coalesced or missed."""
        self._slots.labels(state).inc(number)

    def config_reloaded(self, *, ok: bool) -> None:
        """The configuration was reloaded, or the reload refused."""
        self._reload_ok.set(ok)
        self._reloads.labels("applied" if ok else "refused").inc()

    def loop_lag(self, seconds: float) -> None:
        """The event loop was late by `seconds`."""
        self._lag.observe(seconds)

    # ------------------------------------------------------------ what is

    def show_status(self, status: Mapping[str, Any]) -> None:
        """Set the gauges that `/status` knows; models that it no longer names lose their series."""
        bus, jobs, models = (status.get(key) or {} for key in ("bus", "jobs", "models"))
        self._pending.set(bus.get("pending") or 0)
        self._dead.set(bus.get("dead") or 0)
        for state in ("queued", "running"):
            self._jobs.labels(state).set(jobs.get(state) or 0)
        self.keep_models(models)
        for name, model in models.items():
            self._incidents.labels(name).set(1 if model.get("open_incident") else 0)

    def keep_models(self, names: Collection[str]) -> None:
        """Drop the series of every other model."""
        for metric in self._by_model:
            known = {sample.labels["model"] for family in metric.collect() for sample in family.samples}
            for gone in known.difference(names):
                metric.remove_by_labels({"model": gone})

    def render(self) -> bytes:
        """Everything in Prometheus's text format."""
        return generate_latest(self.registry)
