"""Every table, once. Times are UTC ISO-8601 text with microseconds, so that they sort; documents are JSON text.

Whatever must be unique is unique by index, never by looking first: a decision, a window's check, a slot,
a request's job and a model's serving version can each exist once only.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Column, Float, Index, Integer, MetaData, String, Table, Text, text

metadata = MetaData()

#: bumped whenever a table changes; a store written by a newer program is refused
SCHEMA_VERSION = 1


def stamp(moment: datetime) -> str:
    """A moment as the tables hold it: UTC, fixed width, sortable as text.

    >>> stamp(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    '2026-01-02T03:04:05.000000+00:00'
    """
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def unstamp(value: str) -> datetime:
    """The moment a stamp stands for."""
    return datetime.fromisoformat(value)


meta = Table("meta", metadata, Column("key", String, primary_key=True), Column("value", Text, nullable=False))

events = Table(
    "events",
    metadata,
    #: the order of commits
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("type", String, nullable=False),
    Column("model", String, nullable=False),
    Column("time", String, nullable=False),
    #: the envelope, as its JSON
    Column("body", Text, nullable=False),
    Index("events_by_model", "model", "seq"),
    sqlite_autoincrement=True,
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("event_seq", Integer, nullable=False),
    Column("handler", String, nullable=False),
    Column("model", String, nullable=False),
    #: pending | leased | delivered | dead
    Column("state", String, nullable=False),
    #: tries that failed; one that a crash interrupted is not counted
    Column("attempts", Integer, nullable=False, server_default="0"),
    #: from when it may be claimed: the end of the lease while leased
    Column("not_before", String, nullable=False),
    Column("lease_until", String),
    #: the fencing token: grows with each lease, an acknowledge with an older one is refused
    Column("token", Integer, nullable=False, server_default="0"),
    Column("owner", String),
    Column("created", String, nullable=False),
    Column("finished", String),
    Column("outcome", Text),
    Index("deliveries_once", "event_seq", "handler", unique=True),
    Index(
        "deliveries_open",
        "handler",
        "model",
        "event_seq",
        sqlite_where=text("state IN ('pending', 'leased')"),
        postgresql_where=text("state IN ('pending', 'leased')"),
    ),
    Index(
        "deliveries_due",
        "handler",
        "not_before",
        "event_seq",
        sqlite_where=text("state IN ('pending', 'leased')"),
        postgresql_where=text("state IN ('pending', 'leased')"),
    ),
    Index(
        "deliveries_leased",
        "owner",
        sqlite_where=text("state = 'leased'"),
        postgresql_where=text("state = 'leased'"),
    ),
    Index(
        "deliveries_dead",
        "handler",
        "event_seq",
        sqlite_where=text("state = 'dead'"),
        postgresql_where=text("state = 'dead'"),
    ),
    sqlite_autoincrement=True,
)

delivery_errors = Table(
    "delivery_errors",
    metadata,
    Column("delivery", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("at", String, nullable=False),
    Column("error", Text, nullable=False),
    Index("delivery_errors_by_delivery", "delivery", "attempt"),
)

slots = Table(
    "slots",
    metadata,
    Column("model", String, primary_key=True),
    #: the moment the schedule names, before jitter
    Column("slot", String, primary_key=True),
    #: due | ran | late | coalesced | missed
    Column("state", String, nullable=False),
    Column("due", String, nullable=False),
    Column("reason", Text),
    Column("finished", String),
    Index("slots_open", "due", sqlite_where=text("state = 'due'"), postgresql_where=text("state = 'due'")),
)

cursors = Table(
    "cursors",
    metadata,
    Column("model", String, primary_key=True),
    Column("next_row", Integer, nullable=False),
    Column("position", Text, nullable=False),
    #: the standing problem of the source, told once; null when there is none
    Column("problem", Text),
)

checks = Table(
    "checks",
    metadata,
    Column("model", String, primary_key=True),
    Column("first_row", Integer, primary_key=True),
    Column("last_row", Integer, nullable=False),
    Column("start", String),
    Column("end", String),
    #: of the check itself
    Column("at", String, nullable=False),
    Column("version", Integer),
    Column("drift", Integer, nullable=False),
    Column("severity", String, nullable=False),
    Column("metric", Float),
    #: 1 once the window's labels were measured or given up
    Column("labelled", Integer, nullable=False),
    Column("report", Text, nullable=False),
)

model_states = Table(
    "model_states",
    metadata,
    Column("model", String, primary_key=True),
    Column("state", Text, nullable=False),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", String, primary_key=True),
    Column("model", String, nullable=False),
    Column("cause", String, nullable=False),
    Column("severity", String, nullable=False),
    #: open | resolved
    Column("state", String, nullable=False),
    Column("opened", String, nullable=False),
    Column("resolved", String),
    Column("body", Text, nullable=False),
    Index(
        "incidents_one_open",
        "model",
        "cause",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
)

jobs = Table(
    "jobs",
    metadata,
    #: the id of the event that asked for it
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("model", String, nullable=False),
    #: queued | running | succeeded | failed | cancelled
    Column("state", String, nullable=False),
    #: grows with each claim: with the owner it is the fencing token
    Column("attempt", Integer, nullable=False, server_default="0"),
    #: attempts that ended through no fault of the task: the worker died; too many end the job
    Column("lost", Integer, nullable=False, server_default="0"),
    Column("not_before", String, nullable=False),
    Column("owner", String),
    Column("created", String, nullable=False),
    Column("started", String),
    Column("finished", String),
    Column("payload", Text, nullable=False),
    Column("result", Text),
    Column("error", Text),
    Index(
        "jobs_open",
        "state",
        "not_before",
        sqlite_where=text("state IN ('queued', 'running')"),
        postgresql_where=text("state IN ('queued', 'running')"),
    ),
)

versions = Table(
    "versions",
    metadata,
    Column("model", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    #: challenger | champion | retired | rejected
    Column("state", String, nullable=False),
    Column("created", String, nullable=False),
    Column("sha256", String),
    Column("metric", Float),
    #: the job that made it: one version per job
    Column("job", String, unique=True),
    Column("body", Text, nullable=False),
    Index(
        "versions_one_champion",
        "model",
        unique=True,
        sqlite_where=text("state = 'champion'"),
        postgresql_where=text("state = 'champion'"),
    ),
)

reigns = Table(
    "reigns",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("model", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("since", String, nullable=False),
    Column("until", String),
    Column("reason", Text, nullable=False),
    #: the request that switched, so that a repeat changes nothing
    Column("request", String, nullable=False, unique=True),
    Index("reigns_by_model", "model", "since"),
    sqlite_autoincrement=True,
)
