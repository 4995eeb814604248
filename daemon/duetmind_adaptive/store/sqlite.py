"""SQLite as the store needs it: durable settings that are asserted, one sentence for whatever is wrong.

WAL with `synchronous=FULL` makes a commit durable before it is acknowledged. SQLite before 3.51.3 can corrupt a
WAL database when two connections write or checkpoint at once, so exactly one connection ever does; the other is
`query_only`.

Source: https://sqlite.org/wal.html, https://sqlite.org/pragma.html
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import StaticPool

from duetmind_adaptive.errors import StoreError

#: what the driver itself raises, where SQLAlchemy is not in between
DriverError = sqlite3.Error

#: how long a statement waits for another program's lock before it fails, milliseconds
BUSY_TIMEOUT_MS = 5_000
#: the WAL is folded back after this many pages, and cut to this many bytes after an unusual burst
CHECKPOINT_PAGES = 1_000
WAL_BYTES = 64 * 2**20
#: files up to this size are checked page by page at start-up; larger ones would make a restart wait for seconds
QUICK_CHECK_BYTES = 32 * 2**20
#: the first version in which two writing or checkpointing connections cannot corrupt a WAL database
WAL_RESET_FIXED = (3, 51, 3)

_EXPECTED = {
    "journal_mode": ("wal", "memory"),
    "synchronous": (2,),
    "busy_timeout": (BUSY_TIMEOUT_MS,),
    "foreign_keys": (1,),
}

_SENTENCES = {
    sqlite3.SQLITE_FULL: "the disk that holds {path} is full: free space there, the store goes on by itself",
    sqlite3.SQLITE_IOERR: "reading or writing {path} failed ({error}): look at the disk and its system log",
    sqlite3.SQLITE_BUSY: "{path} is locked by another program: close whatever else has it open",
    sqlite3.SQLITE_LOCKED: "{path} is locked by another program: close whatever else has it open",
    sqlite3.SQLITE_CORRUPT: "{path} is damaged ({error}): put a backup in its place, or move it away to start afresh",
    sqlite3.SQLITE_NOTADB: "{path} is damaged ({error}): put a backup in its place, or move it away to start afresh",
    sqlite3.SQLITE_READONLY: "{path} cannot be written: give this user write permission on the file and its folder",
    sqlite3.SQLITE_PERM: "{path} cannot be opened: give this user permission on the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "{path} cannot be opened: give this user permission on the file and its folder",
}


def explain(error: BaseException | None, path: str) -> StoreError | None:
    """The one sentence for a failure of the database itself; None when the statement was at fault.

    Follows the chain of contexts, because undoing after a failure often fails too and hides the cause.
    """
    found = None
    while error is not None:
        code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
        if isinstance(code, int) and (sentence := _SENTENCES.get(code & 0xFF)):
            found = StoreError(sentence.format(path=path, error=getattr(error, "orig", error)))
        error = error.__context__
    return found


def connect(path: str, *, read_only: bool = False) -> Connection:
    """Open a connection for the calling thread alone and check that its settings hold.

    Parameters
    ----------
    path
        A file, or `:memory:`.
    read_only
        Refuse to write; the transaction is then a snapshot instead of a writer's turn.

    Raises
    ------
    StoreError
        When the settings that durability rests on cannot be had.
    """

    def dbapi() -> sqlite3.Connection:
        return sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000, cached_statements=512)

    engine = create_engine("sqlite://", creator=dbapi, poolclass=StaticPool)
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    # sqlite3 would begin late and commit early by itself: isolation_level=None leaves both to us
    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction] - SQLAlchemy calls it
        connection.exec_driver_sql(begin)

    connection = engine.connect()
    _configure(connection, read_only=read_only)
    return connection


def close(connection: Connection) -> None:
    """Let go of a connection that `connect` made; the last one folds the WAL back into the file."""
    connection.close()
    connection.engine.dispose()


def _configure(connection: Connection, *, read_only: bool) -> None:
    raw = connection.connection.cursor()
    try:
        if not read_only:
            raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA synchronous=FULL")
        raw.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        raw.execute("PRAGMA foreign_keys=ON")
        raw.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        raw.execute(f"PRAGMA journal_size_limit={WAL_BYTES}")
        raw.execute("PRAGMA cache_size=-16384")
        if read_only:
            raw.execute("PRAGMA query_only=ON")
        for name, allowed in _EXPECTED.items():
            (found,) = raw.execute(f"PRAGMA {name}").fetchone()
            if found not in allowed:
                msg = f"SQLite answers {name}={found} where {allowed[0]} is needed: keep the store on a local disk"
                raise StoreError(msg)
    finally:
        raw.close()


def prepare_file(path: Path) -> None:
    """Make the file and its folder if missing, readable by this user alone, on a local file system.

    Raises
    ------
    StoreError
        When the folder cannot be made, or the file lies on a network file system.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
    except OSError as error:
        msg = f"{path} cannot be opened ({error.strerror}): give this user permission on the file and its folder"
        raise StoreError(msg) from error


def check_pages(connection: Connection, path: Path) -> None:
    """Refuse a file whose pages do not fit together, as far as that can be told without making the start slow."""
    if path.stat().st_size > QUICK_CHECK_BYTES:
        return
    with connection.begin():
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if found != "ok":
        msg = f"{path} is damaged ({found}): put a backup in its place, or move it away to start afresh"
        raise StoreError(msg)


def version_note(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> str | None:
    """What people should know of this SQLite; None when there is nothing to say.

    >>> version_note((3, 51, 3)) is None
    True
    >>> version_note((3, 40, 1))
    'SQLite 3.40.1 can corrupt a store that two programs write: open it with no other (mended in 3.51.3)'
    """
    if version >= WAL_RESET_FIXED or version in {(3, 50, 7), (3, 44, 6)}:
        return None
    number = ".".join(map(str, version))
    return f"SQLite {number} can corrupt a store that two programs write: open it with no other (mended in 3.51.3)"
