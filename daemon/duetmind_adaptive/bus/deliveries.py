"""Deliveries as rows: who may take which next, under which lease, and how it ended.

A delivery is open (`pending`, or `leased` while a handler works on it) until it is `delivered`,
`suppressed` or `dead`.
`not_before` says from when an open delivery may be claimed, for a leased one the end of its lease: so one index
answers both "what is due" and "when is the next due", and an expired lease needs no sweeper. The token grows
with each lease; whoever acknowledges with an older one is refused (fencing).

Source: https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html (fencing tokens)
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, literal_column, select, text, update

from duetmind_adaptive.failpoints import failpoint
from duetmind_adaptive.store.tables import deliveries, delivery_errors, events

_c = deliveries.c

#: spelt exactly as the partial indexes are, or the planner cannot use them
_OPEN = literal_column("deliveries.state IN ('pending', 'leased')")

_COLUMNS = (_c.id, _c.event_seq, _c.model, _c.not_before, _c.attempts, _c.token, _c.created)

# The oldest open delivery of each model of a handler. The recursion jumps from model to model through the index
# `deliveries_open`, so a backlog of a million costs as little as one of ten.
_HEADS = text("""
WITH RECURSIVE models(model) AS (
  SELECT min(model) FROM deliveries WHERE handler = :handler AND state IN ('pending', 'leased')
  UNION ALL
  SELECT (SELECT min(d.model) FROM deliveries d
          WHERE d.handler = :handler AND d.state IN ('pending', 'leased') AND d.model > models.model)
  FROM models WHERE models.model IS NOT NULL
)
SELECT d.id, d.event_seq, d.model, d.not_before, d.attempts, d.token, d.created
FROM models JOIN deliveries d ON d.handler = :handler AND d.event_seq = (
  SELECT min(e.event_seq) FROM deliveries e
  WHERE e.handler = :handler AND e.model = models.model AND e.state IN ('pending', 'leased'))
WHERE models.model IS NOT NULL
ORDER BY d.event_seq
""")

_DUE = select(*_COLUMNS).where(_c.handler == bindparam("handler"), _OPEN).order_by(_c.not_before, _c.event_seq)

_LEASE = (
    update(deliveries)
    .where(_c.id == bindparam("delivery"))
    .values(
        state="leased",
        token=bindparam("next_token"),
        owner=bindparam("by"),
        lease_until=bindparam("until"),
        not_before=bindparam("until"),
    )
)

#: the fence: still open, and nobody has leased it since
_HELD = (_c.id == bindparam("delivery"), _c.token == bindparam("held_token"), _OPEN)

_EXTEND = update(deliveries).where(*_HELD).values(lease_until=bindparam("until"), not_before=bindparam("until"))


@dataclass(frozen=True, slots=True)
class Claim:
    """One delivery taken, with the event's envelope and the token that its acknowledge must show."""

    delivery: int
    seq: int
    model: str
    #: tries that failed before
    failures: int
    token: int
    #: stamp of the delivery's creation
    created: str
    body: str


@dataclass(frozen=True, slots=True)
class Open:
    """An open delivery that stands first in its line."""

    delivery: int
    seq: int
    model: str
    not_before: str
    failures: int
    token: int
    created: str


def first_in_line(conn: Connection, handler: str, *, ordered: bool, limit: int) -> list[Open]:
    """The open deliveries that nothing but time holds back.

    Of an ordered handler: the oldest of each model, oldest first; a later one waits for it. Of an unordered one:
    the `limit` that are due soonest.
    """
    if ordered:
        rows = conn.execute(_HEADS, {"handler": handler})
    else:
        rows = conn.execute(_DUE.limit(limit), {"handler": handler})
    return [Open(*row) for row in rows]


def split_due(
    line: Sequence[Open], *, now: str, busy: Collection[int] = (), limit: int
) -> tuple[list[Open], str | None]:
    """Choose what to take from `line` at the stamp `now`, and say when the next of the rest is due.

    `busy` are the deliveries this process works on: they are never taken twice, whatever their lease says.

    >>> def make(id, not_before): return Open(id, id, "m", not_before, 0, 0, "1")
    >>> due, later = split_due([make(1, "5"), make(2, "1"), make(3, "2"), make(4, "9")], now="3", busy={2}, limit=8)
    >>> [chosen.delivery for chosen in due], later
    ([3], '5')
    """
    free = [waiting for waiting in line if waiting.delivery not in busy]
    due = [waiting for waiting in free if waiting.not_before <= now]
    later = min((waiting.not_before for waiting in free if waiting.not_before > now), default=None)
    return due[:limit], later


def with_bodies(conn: Connection, chosen: Sequence[Open]) -> list[Claim]:
    """The chosen deliveries with their events' envelopes, in the same order."""
    if not chosen:
        return []
    query = select(events.c.seq, events.c.body).where(events.c.seq.in_([o.seq for o in chosen]))
    bodies = {row.seq: row.body for row in conn.execute(query)}
    return [Claim(o.delivery, o.seq, o.model, o.failures, o.token, o.created, bodies[o.seq]) for o in chosen]


def lease(conn: Connection, chosen: Sequence[Open], *, owner: str, until: str) -> list[Claim]:
    """Take the chosen deliveries for `owner` until the stamp `until`; each gets a new token."""
    if not chosen:
        return []
    failpoint("bus.claim_chosen")
    conn.execute(
        _LEASE,
        [{"delivery": o.delivery, "next_token": o.token + 1, "by": owner, "until": until} for o in chosen],
    )
    failpoint("bus.claim_leased")
    return [
        Claim(c.delivery, c.seq, c.model, c.failures, c.token + 1, c.created, c.body) for c in with_bodies(conn, chosen)
    ]


def extend(conn: Connection, claim: Claim, *, until: str) -> bool:
    """Prolong a lease; False if it is no longer held."""
    values = {"delivery": claim.delivery, "held_token": claim.token, "until": until}
    return conn.execute(_EXTEND, values).rowcount == 1


def series(conn: Connection, handler: str, model: str, *, limit: int) -> list[Open]:
    """The open deliveries of one handler and model in the order of their events."""
    query = select(*_COLUMNS).where(_c.handler == handler, _c.model == model, _OPEN).order_by(_c.event_seq)
    return [Open(*row) for row in conn.execute(query.limit(limit))]


_DELIVERED = (
    update(deliveries)
    .where(*_HELD)
    .values(state="delivered", finished=bindparam("at"), outcome=bindparam("detail"), lease_until=None)
)

_SUPPRESSED = (
    update(deliveries)
    .where(*_HELD)
    .values(state="suppressed", finished=bindparam("at"), outcome=bindparam("reason"), lease_until=None)
)

_POSTPONED = (
    update(deliveries)
    .where(*_HELD)
    .values(state="pending", not_before=bindparam("due"), outcome=bindparam("reason"), lease_until=None, owner=None)
)

_FAILED = (
    update(deliveries)
    .where(*_HELD)
    .values(
        state=bindparam("new_state"),
        attempts=bindparam("failures"),
        not_before=bindparam("due"),
        finished=bindparam("end"),
        outcome=bindparam("reason"),
        lease_until=None,
        owner=None,
    )
)


def acknowledge(conn: Connection, claim: Claim, *, now: str, detail: str = "") -> bool:
    """Record that the delivery happened; False (and nothing recorded) if the claim is stale."""
    values = {"delivery": claim.delivery, "held_token": claim.token, "at": now, "detail": detail}
    return conn.execute(_DELIVERED, values).rowcount == 1


def suppress(conn: Connection, claim: Claim, *, now: str, reason: str) -> bool:
    """Record that it was decided not to deliver; False if the claim is stale."""
    values = {"delivery": claim.delivery, "held_token": claim.token, "at": now, "reason": reason}
    return conn.execute(_SUPPRESSED, values).rowcount == 1


def postpone(conn: Connection, claim: Claim, *, until: str, reason: str) -> bool:
    """Put the delivery back to be taken up from the stamp `until` on, at no cost; False if the claim is stale."""
    values = {"delivery": claim.delivery, "held_token": claim.token, "due": until, "reason": reason}
    return conn.execute(_POSTPONED, values).rowcount == 1


def hasten(conn: Connection, *, model: str, reason: str, now: str) -> int:
    """Have deliveries about `model` that were postponed for `reason` taken up at once; returns how many."""
    pending = literal_column("deliveries.state = 'pending'")
    statement = update(deliveries).where(pending, _c.model == model, _c.outcome == reason).values(not_before=now)
    return conn.execute(statement).rowcount


def fail(conn: Connection, claim: Claim, *, now: str, reason: str, retry: str | None) -> bool:
    """Record that a try failed, to be repeated at the stamp `retry` or (None) dead; False if the claim is stale."""
    values: dict[str, Any] = {
        "delivery": claim.delivery,
        "held_token": claim.token,
        "new_state": "pending" if retry else "dead",
        "failures": claim.failures + 1,
        "due": retry or now,
        "end": None if retry else now,
        "reason": reason,
    }
    if conn.execute(_FAILED, values).rowcount != 1:
        return False
    row = {"delivery": claim.delivery, "attempt": claim.failures + 1, "at": now, "error": reason}
    conn.execute(insert(delivery_errors), row)
    failpoint("bus.failure_recorded")
    return True


def adopt(conn: Connection, *, owner: str, now: str) -> int:
    """Take back what other owners had leased; right only while no other owner can be alive.

    The token grows, so that an owner who lives on after all is refused.
    """
    orphaned = literal_column("deliveries.state = 'leased'")
    statement = (
        update(deliveries)
        .where(orphaned, _c.owner != owner)
        .values(state="pending", not_before=now, token=_c.token + 1, owner=None, lease_until=None)
    )
    return conn.execute(statement).rowcount


def bury(conn: Connection, *, handlers: Collection[str], now: str) -> int:
    """Declare dead whatever is open for a handler that no longer exists; returns how many."""
    known = select(_c.handler).where(_OPEN).distinct()
    gone = [name for (name,) in conn.execute(known) if name not in handlers]
    statement = (
        update(deliveries)
        .where(_c.handler.in_(gone), _OPEN)
        .values(state="dead", finished=now, outcome="handler removed", token=_c.token + 1, owner=None, lease_until=None)
    )
    return conn.execute(statement).rowcount if gone else 0
