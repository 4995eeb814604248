"""The store: one database, one thread that writes, one that reads.

`await open_store("sqlite:////var/lib/duetmind/duetmind.db")` is the daemon's; `await open_store("sqlite://")` is its
twin in memory, for backtests, the library and tests: same code, nothing on disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from duetmind_adaptive.contracts import Transaction
from duetmind_adaptive.errors import StoreError
from duetmind_adaptive.store import schema, sqlite
from duetmind_adaptive.store.filesystem import network_type_of
from duetmind_adaptive.store.writer import Change, Writer

T = TypeVar("T")

MEMORY = ":memory:"


class Database:
    """The `Store` on SQLite; made by `open_store`.

    Parameters
    ----------
    path
        The database file, or None to keep everything in memory.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._name = str(path) if path else "the store in memory"
        self._writer = Writer(self._open_writing, name=self._name)
        # a database in memory belongs to its connection, so there the writer reads too
        self._reader = Reader(path) if path else None

    @property
    def degraded(self) -> str | None:
        """Why writing fails at present, in one sentence; None while it works."""
        return self._writer.degraded

    async def open(self) -> None:
        """Make or check the database and start its threads; raises StoreError with one sentence."""
        await self._writer.start()
        if self._reader:
            await self._reader.start()

    async def write(self, change: Callable[[Transaction], T]) -> T:
        """Run `change` in a transaction; returns when it is on disk. Its exception undoes only itself.

        `change` runs in the writer's thread: it must not touch the event loop, and must not call `write`.

        Raises
        ------
        StoreError
            When the database failed (disk full, damaged, locked); the change did not happen.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._writer.submit(Change(future, change))
        return await future

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run a read-only query on a consistent snapshot; it sees every write that has returned."""
        if self._reader:
            return await self._reader.read(query)
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._writer.submit(Change(future, query, is_query=True))
        return await future

    async def close(self) -> None:
        """Finish what was accepted, then let go of the database. A second call does nothing."""
        if self._reader:
            await self._reader.close()
        await self._writer.close()

    def _open_writing(self) -> Connection:
        if self.path:
            sqlite.prepare_file(self.path)
        connection = None
        try:
            connection = sqlite.connect(str(self.path or MEMORY))
            if self.path:
                sqlite.check_pages(connection, self.path)
            schema.prepare(connection, self._name)
        except BaseException as error:
            if connection is not None:
                sqlite.close(connection)
            if isinstance(error, (DBAPIError, sqlite.DriverError)):
                raise sqlite.explain(error, self._name) or StoreError(f"{self._name}: {error}") from error
            raise
        return connection


class Reader:
    """One thread with a connection that cannot write; queries run one after the other."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="duetmind-read")
        self._open = False

    async def start(self) -> None:
        """Open the connection in the reader's thread."""
        self._connection = await self._call(lambda: sqlite.connect(self._path, read_only=True))
        self._open = True

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run `query` in a transaction of its own, which is a snapshot."""
        return await self._call(lambda: self._query(query))

    async def close(self) -> None:
        """Finish what was accepted, close the connection, end the thread."""
        if self._open:
            self._open = False
            await self._call(lambda: sqlite.close(self._connection))
        self._thread.shutdown(wait=False)

    async def _call(self, function: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, function)
        except RuntimeError as error:  # the executor takes nothing more
            raise StoreError(f"{self._path} is closed") from error

    def _query(self, query: Callable[[Connection], T]) -> T:
        try:
            with self._connection.begin() as transaction:
                result = query(self._connection)
                transaction.rollback()
        except DBAPIError as error:
            if explained := sqlite.explain(error, self._path):
                raise explained from error
            raise
        return result


async def open_store(url: str) -> Database:
    """Open the store that `url` names, making it if it is not there.

    Parameters
    ----------
    url
        `sqlite:////absolute/file`, `sqlite:///relative/file` or `sqlite://` for memory.

    Raises
    ------
    StoreError
        With one sentence: what is wrong with the URL or the database, and how to mend it.
    """
    path = path_of(url)
    if path and (kind := await asyncio.to_thread(network_type_of, path)):
        raise StoreError(f"{path} is on a network file system ({kind}), where SQLite is not safe: use a local disk")
    database = Database(path)
    try:
        await database.open()
    except BaseException:
        await database.close()
        raise
    return database


def path_of(url: str) -> Path | None:
    """The file that a store's URL names; None for memory.

    >>> path_of("sqlite:///state/duetmind.db").as_posix()
    'state/duetmind.db'
    >>> path_of("sqlite://") is None
    True
    >>> path_of("mysql://db")
    Traceback (most recent call last):
    duetmind_adaptive.errors.StoreError: store.url starts with mysql:, but only sqlite: is served: write sqlite:///FILE
    """
    try:
        parsed: Any = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"store.url is not a database URL: write sqlite:///FILE, not {url!r}") from error
    if parsed.drivername not in {"sqlite", "sqlite+pysqlite"}:
        raise StoreError(
            f"store.url starts with {parsed.drivername}:, but only sqlite: is served: write sqlite:///FILE"
        )
    return None if parsed.database in {None, "", MEMORY} else Path(parsed.database)
