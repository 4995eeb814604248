"""The tables are the same on both databases, and importing them loads the dialect of neither."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from sqlalchemy import create_mock_engine
from sqlalchemy.schema import CreateIndex

from duetmind_adaptive.store.tables import metadata


def test_postgresql_gets_every_partial_index_with_its_condition() -> None:
    made: list[Any] = []
    engine = create_mock_engine("postgresql+asyncpg://", lambda statement, *_, **__: made.append(statement))
    metadata.create_all(engine, checkfirst=False)
    statements = [str(one.compile(dialect=engine.dialect)) for one in made if isinstance(one, CreateIndex)]
    partial = [s for s in statements if " WHERE " in s]
    assert "CREATE UNIQUE INDEX versions_one_champion ON versions (model) WHERE state = 'champion'" in partial
    assert len(partial) == 9
    assert any("deliveries_once" in s for s in statements if s not in partial)


def test_the_store_does_not_import_a_dialect_it_does_not_speak() -> None:
    code = "import sys, duetmind_adaptive.store.database; sys.exit('sqlalchemy.dialects.postgresql' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
