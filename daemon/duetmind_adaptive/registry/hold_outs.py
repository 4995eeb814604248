"""How often which labelled rows have decided between two versions: a hold-out that is asked too often is overfitted.

Overlap is counted row by row: a decision counts for every row of its hold-out, so that hold-outs which overlap only in
part are neither the same nor different. Decisions of all versions of a model count, whatever their verdict; one that
was inconclusive decided nothing.

Reference
---------
C. Dwork et al., "The reusable holdout: preserving validity in adaptive data analysis", Science 349 (2015), 636-638.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select

from duetmind_adaptive.contracts import Transaction
from duetmind_adaptive.records import TrainingReport
from duetmind_adaptive.store.tables import gate_decisions, stamp
from duetmind_adaptive.store.upsert import insert

#: how often the same row may decide
MOST_DECISIONS = 5


def note(tx: Transaction, model: str, report: TrainingReport, *, job: str, now: datetime) -> None:
    """Count what the gate decided, if it did; the same job again counts once."""
    rows, gate = report.judged_rows, report.gate
    if rows is None or gate is None or gate.verdict == "inconclusive":
        return
    values = {
        "job": job, "model": model, "first_row": rows[0], "last_row": rows[1], "verdict": gate.verdict,
        "at": stamp(now),
    }  # fmt: skip
    tx.connection.execute(insert(tx.connection, gate_decisions).values(values).on_conflict_do_nothing())


def spent_before(conn: Connection, model: str) -> int | None:
    """The end of the rows that have decided as often as they may; None where none have."""
    mine = select(gate_decisions.c.first_row, gate_decisions.c.last_row).where(gate_decisions.c.model == model)
    return end_of_spent((row.first_row, row.last_row) for row in conn.execute(mine))


def end_of_spent(decided: Iterable[tuple[int, int]], most: int = MOST_DECISIONS) -> int | None:
    """The end of the newest rows that lie in at least `most` of these ranges `[first, last)`.

    Examples
    --------
    >>> end_of_spent([(0, 500)] * 5), end_of_spent([(0, 500)] * 4 + [(400, 900)])
    (500, 500)
    >>> end_of_spent([(0, 500)] * 3 + [(500, 900)] * 3) is None
    True
    """
    turns = sorted(turn for first, last in decided for turn in ((first, 1), (last, -1)))
    depth, spent = 0, None
    for row, change in turns:  # an end comes before a beginning at the same row
        if depth >= most and change < 0:
            spent = row
        depth += change
    return spent
