"""Events that the policy decides on, and a history of them run through it."""

from datetime import UTC, datetime, timedelta

from duetmind_adaptive.event_data import CheckData, FindingData, PerformanceData, VersionData, WindowData
from duetmind_adaptive.events import CheckCompleted, source_of
from duetmind_adaptive.policy.decide import decide
from duetmind_adaptive.policy.rules import Rules
from duetmind_adaptive.policy.state import ModelState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
#: one check is enough, so that these tests are about what follows
ONCE = {"opens_after": 1, "opens_within": 1}
ACTS = Rules(retrain=True, max_retrains_per_day=3, **ONCE)
WATCHES = Rules(retrain=False, **ONCE)


def check(index, *, drift=False, degraded=False, breaks=False, severity=None, rows=100):
    window = WindowData(first_row=index * rows, last_row=(index + 1) * rows, rows=rows)
    kinds = (("data",) if drift else ()) + (("model",) if degraded else ())
    performance = PerformanceData(window=window, metric=0.6, low=0.5, high=0.7, rows=rows, reference=0.9, degraded=True)
    data = CheckData(
        model="loans",
        window=window,
        drift=drift or degraded or breaks,
        severity=severity or ("high" if kinds or breaks else "none"),
        kinds=kinds,
        metric=0.6,
        version=1,
        performance=performance if degraded else None,
        findings=(FindingData(code="column_missing", message="gone", breaks=True),) if breaks else (),
    )
    return CheckCompleted(id=f"check-{index}", source=source_of("loans"), time=NOW, data=data)


def measured(index, *, degraded, drift=False):
    """A check whose labels were in, whatever they said."""
    event = check(index, drift=drift, degraded=True)
    if degraded:
        return event
    fine = event.data.performance.model_copy(update={"degraded": False, "metric": 0.9})
    kinds = ("data",) if drift else ()
    data = event.data.model_copy(update={"performance": fine, "kinds": kinds, "drift": drift})
    return event.model_copy(update={"data": data})


def version_event(kind, name, version=2):
    data = VersionData(model="loans", version=version, reason="because")
    return kind(id=name, source=source_of("loans"), time=NOW, data=data)


def run(events, rules=ACTS, state=None, start=NOW, step=timedelta(hours=1)):
    """Feed events one hour apart; returns the final state and what was told at each."""
    state, told = state or ModelState(), []
    for index, event in enumerate(events):
        decision = decide(state, event, rules, start + index * step)
        state = decision.state
        told.append([command.kind for command in decision.commands])
    return state, told
