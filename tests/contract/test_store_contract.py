"""What every `Store` keeps, on a file and in memory."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from duetmind_adaptive.errors import StoreError
from duetmind_adaptive.store.database import open_store
from duetmind_adaptive.store.tables import meta, slots
from duetmind_adaptive.store.upsert import insert


@pytest.fixture(params=["file", "memory"])
async def store(request, tmp_path):
    database = await open_store(f"sqlite:///{tmp_path}/store.db" if request.param == "file" else "sqlite://")
    yield database
    await database.close()


def put(key, value="x"):
    return lambda tx: tx.connection.execute(meta.insert().values(key=key, value=value)).rowcount


def keys(conn):
    return set(conn.execute(select(meta.c.key)).scalars()) - {"schema_version"}


async def test_a_read_sees_every_write_that_has_returned(store):
    assert await store.write(put("a")) == 1
    assert await store.read(keys) == {"a"}


async def test_an_exception_undoes_only_its_own_change_and_reaches_its_caller(store):
    def half(tx):
        put("half")(tx)
        raise LookupError("second half")

    answers = await asyncio.gather(
        *(store.write(put(f"k{i}")) for i in range(40)), store.write(half), return_exceptions=True
    )
    assert isinstance(answers[-1], LookupError)
    assert answers[:-1] == [1] * 40
    assert await store.read(keys) == {f"k{i}" for i in range(40)}


async def test_a_broken_constraint_is_the_changes_own_failure(store):
    await store.write(put("a"))
    with pytest.raises(IntegrityError):
        await store.write(put("a"))
    assert store.degraded is None
    await store.write(put("b"))


async def test_after_commit_is_called_on_the_event_loop_before_the_write_returns(store):
    called = []

    def change(tx):
        tx.after_commit(lambda: called.append(threading.current_thread()))
        assert not called

    await store.write(change)
    assert called == [threading.current_thread()]


async def test_after_commit_is_never_called_for_a_change_that_was_undone(store):
    called = []

    def change(tx):
        tx.after_commit(lambda: called.append(1))
        raise LookupError

    with pytest.raises(LookupError):
        await store.write(change)
    await store.write(put("later"))
    assert not called


async def test_an_after_commit_that_raises_harms_no_other(store):
    seen, called = [], []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: seen.append(context["exception"]))

    def change(tx):
        tx.after_commit(lambda: 1 / 0)
        tx.after_commit(lambda: called.append(1))

    await store.write(change)
    assert called == [1]
    assert isinstance(seen[0], ZeroDivisionError)


async def test_a_query_changes_nothing(store):
    with contextlib.suppress(StoreError):
        await store.read(lambda conn: put("sneaky")(type("Tx", (), {"connection": conn})))
    assert await store.read(keys) == set()
    await store.write(put("honest"))


async def test_a_queries_exception_reaches_its_caller(store):
    with pytest.raises(ZeroDivisionError):
        await store.read(lambda _: 1 / 0)
    assert await store.read(keys) == set()


async def test_a_hundred_concurrent_inserts_of_one_decision_leave_one_row(store):
    row = {"model": "loans", "slot": "2026-01-01", "state": "due", "due": "2026-01-01"}

    def once(tx):
        return tx.connection.execute(insert(tx.connection, slots).values(row).on_conflict_do_nothing()).rowcount

    assert sorted(await asyncio.gather(*(store.write(once) for _ in range(100)))) == [0] * 99 + [1]
    assert await store.read(lambda conn: conn.execute(select(func.count()).select_from(slots)).scalar_one()) == 1


async def test_changes_are_made_in_the_order_they_were_asked_for(store):
    order = []
    await asyncio.gather(*(store.write(lambda tx, i=i: order.append(i)) for i in range(600)))
    assert order == list(range(600))


async def test_the_change_of_a_cancelled_caller_stands_and_the_store_goes_on(store):
    task = asyncio.create_task(store.write(put("cancelled")))
    await asyncio.sleep(0)
    task.cancel()
    await store.write(put("next"))
    assert await store.read(keys) == {"cancelled", "next"}


async def test_closing_finishes_what_was_accepted_and_takes_nothing_more(store):
    writes = [asyncio.create_task(store.write(put(f"k{i}"))) for i in range(300)]
    await asyncio.sleep(0)
    await store.close()
    assert await asyncio.gather(*writes) == [1] * 300
    await store.close()
    with pytest.raises(StoreError, match="is closed"):
        await store.write(put("late"))
    with pytest.raises(StoreError, match="is closed"):
        await store.read(keys)
