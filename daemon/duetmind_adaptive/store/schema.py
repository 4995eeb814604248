"""Which tables the database holds: made when it is fresh, refused when a newer program or another one made them."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, select

from duetmind_adaptive.errors import StoreError
from duetmind_adaptive.store.tables import SCHEMA_VERSION, meta, metadata
from duetmind_adaptive.store.upsert import insert

VERSION_KEY = "schema_version"


def prepare(connection: Connection, path: str) -> None:
    """Make every table in a fresh database, in one transaction; check the version of one that has them.

    Raises
    ------
    StoreError
        When the database was written by a newer program, or is not a store of this product at all.
    """
    with connection.begin():
        present = set(inspect(connection).get_table_names())
        if not present:
            metadata.create_all(connection)
            connection.execute(insert(connection, meta).values(key=VERSION_KEY, value=str(SCHEMA_VERSION)))
        elif "meta" not in present:
            raise StoreError(f"{path} is a database, but not one of this program: name another file in store.url")
        _check_version(connection, path)
        metadata.create_all(connection)  # a table that came since changes nothing for those that were there


def _check_version(connection: Connection, path: str) -> None:
    value = connection.execute(select(meta.c.value).where(meta.c.key == VERSION_KEY)).scalar()
    found = int(value) if value and value.isdecimal() else 0
    if found > SCHEMA_VERSION:
        raise StoreError(
            f"{path} has schema version {found}, this program knows up to {SCHEMA_VERSION}: install the newer program"
        )
    if found < SCHEMA_VERSION:
        raise StoreError(f"{path} has schema version {found}, which this program cannot read: restore a backup")
