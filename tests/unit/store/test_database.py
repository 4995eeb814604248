"""The store on a file: what start-up asserts and refuses, and what a failing disk does to it."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import stat
import threading

import pytest
from sqlalchemy import select

from duetmind_adaptive.errors import StoreError
from duetmind_adaptive.store import database as database_module
from duetmind_adaptive.store.database import open_store
from duetmind_adaptive.store.sqlite import explain
from duetmind_adaptive.store.tables import meta


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/state/duetmind.db"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "state" / "duetmind.db"


def put(key, value=""):
    return lambda tx: tx.connection.execute(meta.insert().values(key=key, value=value)).rowcount


def keys(conn):
    return {key for key in conn.execute(select(meta.c.key)).scalars() if key not in {"schema_version", "probe"}}


async def refused(url):
    with pytest.raises(StoreError) as caught:
        await open_store(url)
    assert "\n" not in str(caught.value)
    assert "duetmind-store" not in {thread.name for thread in threading.enumerate()}
    return str(caught.value)


async def test_the_writing_connection_is_durable_and_patient(url):
    store = await open_store(url)

    def look(tx):
        names = ("journal_mode", "synchronous", "busy_timeout", "query_only")
        return [tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names]

    assert await store.write(look) == ["wal", 2, 5000, 0]
    assert await store.read(lambda conn: conn.exec_driver_sql("PRAGMA query_only").scalar_one()) == 1
    await store.close()


async def test_its_files_are_readable_by_this_user_alone(url, file):
    file.parent.mkdir()
    file.touch(0o644)
    store = await open_store(url)
    await store.write(put("a"))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    assert modes == dict.fromkeys(["duetmind.db", "duetmind.db-wal", "duetmind.db-shm"], 0o600)
    await store.close()
    assert list(file.parent.iterdir()) == [file]


async def test_what_was_written_is_there_after_a_restart(url):
    store = await open_store(url)
    await store.write(put("a"))
    await store.close()
    store = await open_store(url)
    assert await store.read(keys) == {"a"}
    await store.close()


async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(url, file):
    file.parent.mkdir()
    file.write_bytes(b"these are notes, not a database\n" * 100)
    assert f"{file} is damaged" in await refused(url)
    assert file.read_bytes().startswith(b"these are notes")


async def test_a_database_with_scribbled_pages_is_refused_and_left_as_it_is(url, file):
    store = await open_store(url)
    for i in range(20):
        await store.write(put(f"key{i}", "v" * 2000))
    await store.close()
    whole = bytearray(file.read_bytes())
    whole[4096:-4096] = os.urandom(len(whole) - 8192)
    file.write_bytes(whole)
    assert f"{file} is damaged" in await refused(url)
    assert file.read_bytes() == whole


async def test_a_store_of_a_newer_program_is_refused(url, file):
    await (await open_store(url)).close()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    connection.close()
    message = await refused(url)
    assert "schema version 99" in message
    assert "newer program" in message


async def test_another_programs_database_is_refused(url, file):
    file.parent.mkdir()
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE recipes(name)")
    connection.close()
    assert "not one of this program" in await refused(url)


async def test_a_network_file_system_is_refused_before_a_file_is_made(url, file, monkeypatch):
    monkeypatch.setattr(database_module, "network_type_of", lambda _: "nfs4")
    assert "network file system (nfs4)" in await refused(url)
    assert not file.exists()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://db/x", "only sqlite: is served"),
        ("state/duetmind.db", "is not a database URL"),
        ("sqlite:////proc/nowhere/x.db", "cannot be opened"),
        ("sqlite:////etc", "cannot be opened"),
    ],
)
async def test_a_url_that_cannot_be_used_says_why(url, sentence):
    assert sentence in await refused(url)


def test_a_lock_held_by_another_program_is_named(tmp_path):
    holder = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None, timeout=0)
    with pytest.raises(sqlite3.OperationalError) as caught:
        other.execute("BEGIN IMMEDIATE")
    assert "x.db is locked by another program" in str(explain(caught.value, "x.db"))
    holder.close()
    other.close()


def test_a_statement_at_fault_is_not_the_databases_failure():
    connection = sqlite3.connect(":memory:")
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("SELECT * FROM nowhere")
    assert explain(caught.value, "x.db") is None
    connection.close()


def limit_pages(extra):
    def change(tx):
        if extra is None:
            tx.connection.exec_driver_sql(f"PRAGMA max_page_count={2**30}")
        else:
            pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            tx.connection.exec_driver_sql(f"PRAGMA max_page_count={pages + extra}")

    return change


async def test_on_a_full_disk_callers_are_told_nothing_acknowledged_is_lost_and_it_recovers_alone(url):
    store = await open_store(url)
    await store.write(limit_pages(8))
    big = "v" * 3000
    answers = []
    for round_ in range(8):
        answers += await asyncio.gather(
            *(store.write(put(f"{round_}-{i}", big)) for i in range(4)), return_exceptions=True
        )
    told = [answer for answer in answers if answer != 1]
    assert told
    assert all(isinstance(answer, StoreError) and "is full" in str(answer) for answer in told)
    assert len(await store.read(keys)) == answers.count(1)
    with pytest.raises(StoreError):
        await store.write(put("huge", "v" * 100_000))
    assert re.search("the disk that holds .*duetmind.db is full", store.degraded or "")
    await store.write(limit_pages(None))
    assert store.degraded is None
    assert await store.write(put("after", big)) == 1
    await store.close()


async def test_a_degraded_store_notices_by_itself_that_there_is_room_again(url):
    store = await open_store(url)
    await store.write(limit_pages(0))
    with pytest.raises(StoreError):
        await store.write(put("huge", "v" * 100_000))
    assert store.degraded
    for _ in range(1000):  # the probe of one small row succeeds
        await asyncio.sleep(0.02)
        if not store.degraded:
            break
    assert store.degraded is None
    await store.close()


async def test_the_write_ahead_log_stays_bounded(url, file):
    store = await open_store(url)
    for i in range(40):
        await store.write(put(f"k{i}", "v" * 500_000))
    assert file.with_name("duetmind.db-wal").stat().st_size < 12 * 2**20
    assert file.stat().st_size > 10 * 2**20
    await store.close()


async def test_an_open_read_keeps_its_snapshot_while_others_write(url):
    store = await open_store(url)
    started, go_on = threading.Event(), threading.Event()

    def slow(conn):
        before = keys(conn)
        started.set()
        go_on.wait(10)
        return before, keys(conn)

    reading = asyncio.create_task(store.read(slow))
    await asyncio.to_thread(started.wait, 10)
    await store.write(put("meanwhile"))
    go_on.set()
    assert await reading == (set(), set())
    assert await store.read(keys) == {"meanwhile"}
    await store.close()
