"""`INSERT … ON CONFLICT` for whichever database the connection speaks to; the two dialects share the syntax."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Table


def insert(conn: Connection, table: Table) -> Any:
    """An insert that knows `on_conflict_do_nothing` and `on_conflict_do_update`.

    Only the connection's own dialect is imported: PostgreSQL's takes a twentieth of the daemon's start.
    """
    return import_module(f"sqlalchemy.dialects.{conn.dialect.name}").insert(table)
