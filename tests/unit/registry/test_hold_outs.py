"""The same labelled rows decide at most five times, counted row by row in the store."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine

from duetmind_adaptive.records import GateResult, TrainingReport
from duetmind_adaptive.registry import hold_outs
from duetmind_adaptive.registry.hold_outs import MOST_DECISIONS, end_of_spent
from duetmind_adaptive.store.tables import metadata

NOW = datetime(2026, 3, 1, tzinfo=UTC)
RANGES = st.lists(st.tuples(st.integers(-20, 20), st.integers(1, 15)).map(lambda r: (r[0], r[0] + r[1])), max_size=30)


@dataclass
class Tx:
    connection: Connection


@pytest.fixture
def tx():
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as connection:
        yield Tx(connection)


def decided(tx, job, rows, verdict="not_better", model="loans"):
    gate = GateResult(
        verdict=verdict, metric="accuracy", rows=500, champion=0.7, challenger=0.7, difference=0.0, low=-0.1, high=0.1,
        confidence=0.95, reason="because",
    )  # fmt: skip
    report = TrainingReport(
        folder=Path("/v"), sha256="", metrics={}, baseline=None, gate=gate, trained_rows=(0, 1), train_size=1,
        libraries={}, seconds=1.0, judged_rows=rows,
    )  # fmt: skip
    hold_outs.note(tx, model, report, job=job, now=NOW)
    return report


@given(RANGES)
def test_rows_are_spent_that_lie_in_as_many_hold_outs_as_may_decide(ranges):
    counted = {row: sum(first <= row < last for first, last in ranges) for row in range(-25, 40)}
    spent = [row for row, count in counted.items() if count >= MOST_DECISIONS]
    assert end_of_spent(ranges) == (max(spent) + 1 if spent else None)


def test_the_fifth_decision_spends_the_rows_that_all_five_share(tx):
    for index in range(4):
        decided(tx, f"job {index}", (100 * index, 100 * index + 500))
    assert hold_outs.spent_before(tx.connection, "loans") is None
    decided(tx, "job 4", (400, 900), "better")
    assert hold_outs.spent_before(tx.connection, "loans") == 500
    assert hold_outs.spent_before(tx.connection, "other") is None


def test_a_job_that_reports_twice_decided_once(tx):
    for _ in range(MOST_DECISIONS):
        decided(tx, "the same", (0, 500))
    assert hold_outs.spent_before(tx.connection, "loans") is None


def test_what_was_not_decided_does_not_count(tx):
    for index in range(MOST_DECISIONS):
        decided(tx, f"few labels {index}", (0, 500), "inconclusive")
        decided(tx, f"no rows {index}", None)
        hold_outs.note(tx, "loans", replace(decided(tx, "x", None), gate=None), job=f"first {index}", now=NOW)
    assert hold_outs.spent_before(tx.connection, "loans") is None
