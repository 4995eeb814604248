"""The ledger of acts in the store: opened once, changed while it is open, never after."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, create_engine

from duetmind_adaptive.store import outcomes
from duetmind_adaptive.store.tables import metadata

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Tx:
    connection: Connection


@pytest.fixture
def tx():
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as connection:
        yield Tx(connection)


def note(tx, act, changes, *, opens=False, closes=False, now=NOW, model="loans"):
    outcomes.note(tx, model, act, changes, opens=opens, closes=closes, now=now)


def rows(tx, before=None, limit=9, model=None):
    return outcomes.page(tx.connection, model=model, before=before, limit=limit)


OPENED = {"act": "retrain", "reason": "metric_degraded"}


def test_an_act_is_opened_changed_and_closed_with_its_verdict(tx):
    note(tx, "a", OPENED, opens=True)
    assert [(row.verdict, row.closed) for row in rows(tx)] == [("pending", None)]
    note(tx, "a", {"expected": 0.1})
    note(tx, "a", {"verdict": "helped", "why": "seen"}, closes=True)
    note(tx, "a", {"verdict": "harmed"}, closes=True)
    note(tx, "a", OPENED, opens=True)
    (row,) = rows(tx)
    assert (row.verdict, row.expected, row.closed is not None) == ("helped", 0.1, True)


def test_what_follows_from_an_act_that_was_never_noted_is_left_out(tx):
    note(tx, "from before the upgrade", {"verdict": "helped"}, closes=True)
    assert rows(tx) == []


def test_acts_come_newest_first_page_by_page_and_by_model(tx):
    for index in range(3):
        note(tx, f"a{index}", OPENED, opens=True, now=NOW + timedelta(hours=index))
    note(tx, "other", OPENED, opens=True, model="other")
    first = rows(tx, limit=2, model="loans")
    assert [row.id for row in first] == ["a2", "a1"]
    assert [row.id for row in rows(tx, before=f"{first[-1].at} a1", model="loans")] == ["a0"]
