"""The built-in source `sql`: the rows of a table of any database that SQLAlchemy reaches, in the order of a key.

The key must grow with time (a serial number, the moment of insertion): a row that comes later with a smaller key would
shift those behind it, and is noticed as rows that were rewritten.
"""

from __future__ import annotations

import pandas as pd
from pydantic import SecretStr
from sqlalchemy import MetaData, Table, create_engine, func, select
from sqlalchemy.exc import NoSuchTableError, SQLAlchemyError

from duetmind_adaptive.errors import SourceError


class SqlTable:
    """A table or view.

    Parameters
    ----------
    url
        Of the database, as SQLAlchemy writes it; a secret where it holds a password.
    table
        Its name.
    key
        The column that rows are ordered by.
    schema
        Where the table is, if not in the default one.
    """

    def __init__(self, url: str | SecretStr, table: str, key: str, schema: str | None = None) -> None:
        address = url.get_secret_value() if isinstance(url, SecretStr) else url
        try:
            self._engine = create_engine(address)
            self._table = Table(table, MetaData(), schema=schema, autoload_with=self._engine)
        except NoSuchTableError:
            raise SourceError(f"source sql: the database has no table '{table}'") from None
        except (SQLAlchemyError, ImportError) as error:
            raise SourceError(f"source sql: {_reason(error)}") from None
        if key not in self._table.columns:
            there = ", ".join(self._table.columns.keys())
            raise SourceError(f"source sql: table '{table}' has no column '{key}'; its columns are {there}")
        self._key = self._table.columns[key]

    def rows(self) -> int:
        """How many there are now."""
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(self._table)).scalar_one()

    def read(self, first: int, last: int) -> pd.DataFrame:
        """Rows `[first, last)` in the order of the key."""
        query = select(self._table).order_by(self._key).offset(first).limit(last - first)
        with self._engine.connect() as connection:
            return pd.read_sql_query(query, connection)


def _reason(error: Exception) -> str:
    """The first line; SQLAlchemy masks passwords itself, and what follows are its hints."""
    return str(error).strip().splitlines()[0][:200]
