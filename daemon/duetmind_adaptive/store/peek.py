"""One read of a store that belongs to somebody else: a daemon may be at work on it meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from duetmind_adaptive.errors import StoreError
from duetmind_adaptive.store import sqlite

T = TypeVar("T")


def peek(path: Path, query: Callable[[Connection], T]) -> T:
    """Run a query on the database file and let go of it; raises StoreError with one sentence."""
    try:
        connection = sqlite.connect(str(path), read_only=True)
        try:
            return query(connection)
        finally:
            sqlite.close(connection)
    except (DBAPIError, sqlite.DriverError) as error:
        raise sqlite.explain(error, str(path)) or StoreError(f"{path} cannot be read: {error}") from error
