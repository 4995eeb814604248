"""The policy's memory of each model, as the JSON it makes of itself."""

from __future__ import annotations

from sqlalchemy import Connection, select

from duetmind_adaptive.contracts import Transaction
from duetmind_adaptive.store.tables import model_states
from duetmind_adaptive.store.upsert import insert


def load_state(conn: Connection, model: str) -> str | None:
    """The document kept for the model."""
    return conn.execute(select(model_states.c.state).where(model_states.c.model == model)).scalar()


def save_state(tx: Transaction, model: str, document: str) -> None:
    """Keep the document instead of the one before."""
    statement = insert(tx.connection, model_states).values(model=model, state=document)
    tx.connection.execute(statement.on_conflict_do_update(index_elements=["model"], set_={"state": document}))
