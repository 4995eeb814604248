"""Leases, fencing and the line in which deliveries wait, on the rows themselves."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from duetmind_adaptive.bus.deliveries import acknowledge, adopt, bury, extend, fail, first_in_line, lease, split_due
from duetmind_adaptive.contracts import Delivered, Subscription
from duetmind_adaptive.store.tables import deliveries


@pytest.fixture
async def three(bus, store, event):
    """Three events of two models wait for the handlers `a` and `b`."""

    async def effect(event, attempt):
        return Delivered()

    for name in "ab":
        bus.subscribe(Subscription(name=name, wants=lambda _: True, effect=effect))
    await bus.publish(event(1, "north"), event(2, "north"), event(3, "south"))
    return store


def line(conn, *, ordered=True, limit=10):
    return [waiting.seq for waiting in first_in_line(conn, "a", ordered=ordered, limit=limit)]


def take(tx, now="3", until="4", limit=10):
    due, _ = split_due(first_in_line(tx.connection, "a", ordered=True, limit=limit), now=now, limit=limit)
    return lease(tx.connection, due, owner="me", until=until)


async def test_of_an_ordered_handler_the_oldest_open_delivery_of_each_model_is_first(three):
    assert await three.read(line) == [1, 3]

    def finish_first(tx):
        assert acknowledge(tx.connection, take(tx)[0], now="3")
        return line(tx.connection)

    assert await three.write(finish_first) == [2, 3]


async def test_of_an_unordered_handler_those_due_soonest_are_first(three):
    assert await three.read(lambda conn: line(conn, ordered=False)) == [1, 2, 3]
    assert await three.read(lambda conn: line(conn, ordered=False, limit=2)) == [1, 2]


async def test_a_leased_delivery_keeps_its_place_and_cannot_be_taken_before_its_lease_ends(three):
    def change(tx):
        taken = take(tx, now="3", until="4")
        return [c.seq for c in taken], [c.seq for c in take(tx, now="3")], [c.seq for c in take(tx, now="4")]

    assert await three.write(change) == ([1, 3], [], [1, 3])


async def test_a_late_acknowledge_of_a_stale_owner_is_refused_and_changes_nothing(three):
    def change(tx):
        stale = take(tx, now="3", until="4")[0]
        fresh = take(tx, now="4", until="5")[0]
        assert fresh.token > stale.token
        refused = (
            acknowledge(tx.connection, stale, now="4"),
            fail(tx.connection, stale, now="4", reason="late", retry=None),
            extend(tx.connection, stale, until="9"),
        )
        return refused, extend(tx.connection, fresh, until="6"), acknowledge(tx.connection, fresh, now="5"), fresh

    refused, extended, kept, fresh = await three.write(change)
    assert refused == (False, False, False)
    assert extended
    assert kept
    again = await three.write(lambda tx: acknowledge(tx.connection, fresh, now="6"))
    assert not again


async def test_an_extended_lease_is_not_taken_at_its_first_end(three):
    def change(tx):
        claim = take(tx, now="3", until="4")[0]
        extend(tx.connection, claim, until="8")
        return [c.seq for c in take(tx, now="5", until="6")]

    assert await three.write(change) == [3]


async def test_only_other_owners_leases_are_adopted_and_their_answers_refused(three):
    def change(tx):
        claim = take(tx)[0]
        assert adopt(tx.connection, owner="me", now="3") == 0
        assert adopt(tx.connection, owner="the next", now="3") == 2
        return acknowledge(tx.connection, claim, now="3"), [c.seq for c in take(tx, now="3")]

    assert await three.write(change) == (False, [1, 3])


async def test_what_is_open_for_a_removed_handler_is_buried(three):
    assert await three.write(lambda tx: bury(tx.connection, handlers={"a"}, now="3")) == 3
    query = select(deliveries.c.handler, deliveries.c.state, deliveries.c.outcome).distinct()
    found = await three.read(lambda conn: {tuple(row) for row in conn.execute(query)})
    assert found == {("a", "pending", None), ("b", "dead", "handler removed")}


@pytest.mark.parametrize("ordered", [True, False])
async def test_the_line_is_read_from_the_indexes_alone(three, ordered):
    """A backlog of a million must cost as little as one of ten: no scan, no sort of it."""
    statements = []

    def explain(conn):
        first_in_line(conn, "a", ordered=ordered, limit=5)
        plans = [conn.exec_driver_sql("EXPLAIN QUERY PLAN " + sql, values).all() for sql, values in statements]
        return [row[3] for plan in plans for row in plan]

    def capture(conn):
        from sqlalchemy import event

        def remember(_, __, sql, values, *___):
            if not sql.startswith("EXPLAIN"):
                statements.append((sql, values))

        event.listen(conn, "before_cursor_execute", remember)
        try:
            return explain(conn)
        finally:
            event.remove(conn, "before_cursor_execute", remember)

    plan = await three.read(capture)
    searched = [step for step in plan if step.startswith("SEARCH")]
    assert searched
    assert all("INDEX deliveries" in step and "handler=?" in step for step in searched)
    assert not [step for step in plan if step.startswith("SCAN") and "models" not in step]
