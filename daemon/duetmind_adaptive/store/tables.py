"""Every table, once. Times are UTC ISO-8601 text with microseconds, so that they sort; documents are JSON text.

Whatever must be unique is unique by index, never by looking first: a decision, a window's check, a slot,
a request's job and a model's serving version can each exist once only.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    event,
    text,
)

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


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """Index the rows that `where` names.

    PostgreSQL is told of the condition when its tables are made (`_tell_postgresql`): naming it here would import that
    dialect, which takes a twentieth of the daemon's start.
    """
    return Index(name, *columns, unique=unique, sqlite_where=text(where))


@event.listens_for(metadata, "before_create")
def _tell_postgresql(_: MetaData, connection: Connection, **_options: Any) -> None:
    if connection.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        for index in table.indexes:
            index.dialect_kwargs["postgresql_where"] = index.dialect_options["sqlite"]["where"]


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
    #: pending | leased | delivered | suppressed | dead
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
    partial_index("deliveries_open", "handler", "model", "event_seq", where="state IN ('pending', 'leased')"),
    partial_index("deliveries_due", "handler", "not_before", "event_seq", where="state IN ('pending', 'leased')"),
    partial_index("deliveries_leased", "owner", where="state = 'leased'"),
    partial_index("deliveries_dead", "handler", "event_seq", where="state = 'dead'"),
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
    partial_index("slots_open", "due", where="state = 'due'"),
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

#: what a model's last check left for the next one
memories = Table(
    "memories", metadata, Column("model", String, primary_key=True), Column("memory", Text, nullable=False)
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

#: the rows of each window counted on its version's bins, older ones a day at a time: the history that needs no rows
window_profiles = Table(
    "window_profiles",
    metadata,
    Column("model", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("first_row", Integer, primary_key=True),
    Column("last_row", Integer, nullable=False),
    Column("start", String),
    Column("end", String),
    #: the end or, where rows have no times, when they were checked
    Column("moment", String, nullable=False),
    #: window | day
    Column("grain", String, nullable=False),
    #: a profile without its bins
    Column("body", LargeBinary, nullable=False),
    Index("window_profiles_by_age", "model", "grain", "moment"),
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
    partial_index("incidents_one_open", "model", "cause", where="state = 'open'", unique=True),
)

#: what a channel told last of an incident, and what became of the newest message about it
notices = Table(
    "notices",
    metadata,
    Column("channel", String, primary_key=True),
    Column("incident", String, primary_key=True),
    Column("model", String, nullable=False),
    #: when the last message about it was taken, and the severity that it told
    Column("told", String),
    Column("severity", String),
    #: what it is known by at the receiver
    Column("handle", String),
    #: delivered | waiting | suppressed | failed
    Column("state", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", String, nullable=False),
    Index("notices_of_model", "channel", "model"),
    Index("notices_of_incident", "incident"),
)

#: who has taken an incident on
acknowledgements = Table(
    "acknowledgements",
    metadata,
    Column("incident", String, primary_key=True),
    #: of the incident then: only something worse is told after it
    Column("severity", String, nullable=False),
    Column("at", String, nullable=False),
    Column("by", String, nullable=False),
    Column("note", Text, nullable=False),
)

#: until when nobody is told of a model
silences = Table(
    "silences",
    metadata,
    Column("model", String, primary_key=True),
    Column("since", String, nullable=False),
    Column("until", String, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", Text, nullable=False),
)

#: who did what, and why: people over the API, and the policy by itself
audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("at", String, nullable=False),
    #: a person's name as they gave it, or `policy`
    Column("who", String, nullable=False),
    Column("what", String, nullable=False),
    Column("model", String, nullable=False),
    Column("why", Text, nullable=False),
    #: what came of it: the status answered, or the id of the event
    Column("outcome", String, nullable=False),
    sqlite_autoincrement=True,
)

#: questions to people
reviews = Table(
    "reviews",
    metadata,
    Column("id", String, primary_key=True),
    Column("model", String, nullable=False),
    #: what is asked for: the name of a response action
    Column("subject", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("version", Integer),
    #: open | approved | rejected | expired
    Column("state", String, nullable=False),
    Column("asked", String, nullable=False),
    Column("answered", String),
    Column("by", String),
    Column("answer", Text),
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
    partial_index("jobs_open", "state", "not_before", where="state IN ('queued', 'running')"),
)

workflow_runs = Table(
    "workflow_runs",
    metadata,
    Column("id", String, primary_key=True),
    Column("workflow", String, nullable=False),
    #: running | succeeded | failed | cancelled
    Column("state", String, nullable=False),
    #: schedule | asked
    Column("cause", String, nullable=False),
    Column("created", String, nullable=False),
    Column("finished", String),
    #: the workflow as it was written when the run began
    Column("definition", Text, nullable=False),
    Index("workflow_runs_by_name", "workflow", "created"),
    partial_index("workflow_runs_one_open", "workflow", where="state = 'running'", unique=True),
)

workflow_tasks = Table(
    "workflow_tasks",
    metadata,
    Column("run", String, primary_key=True),
    Column("task", String, primary_key=True),
    Column("position", Integer, nullable=False),
    #: waiting | ready | running | succeeded | failed | upstream_failed | cancelled
    Column("state", String, nullable=False),
    #: grows with each job that was queued for it
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("job", String),
    Column("started", String),
    Column("finished", String),
    #: why the last attempt failed, or an earlier task's failure kept it from running
    Column("error", Text),
    #: sha256, size and a short form of what it returned, as JSON
    Column("result", Text),
    Index("workflow_tasks_by_job", "job"),
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
    partial_index("versions_one_champion", "model", where="state = 'champion'", unique=True),
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

#: what became of each act: expected, measured, and whether it helped
outcomes = Table(
    "outcomes",
    metadata,
    #: of the event that it began with
    Column("id", String, primary_key=True),
    Column("model", String, nullable=False),
    #: retrain | promotion | rollback
    Column("act", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", String, nullable=False),
    Column("version", Integer),
    Column("previous", Integer),
    #: of both versions, by its name; what the version before scored in the gate, and by how much more was expected
    Column("metric", String),
    Column("before", Float),
    Column("expected", Float),
    #: on rows since the switch: what serves, what served before it, and how many they are
    Column("after", Float),
    Column("beside", Float),
    Column("rows", Integer),
    #: pending | helped | did_not_help | harmed | not_known
    Column("verdict", String, nullable=False, server_default="pending"),
    Column("why", Text, nullable=False, server_default=""),
    Column("closed", String),
    Index("outcomes_by_age", "at", "id"),
)

#: what a gate has decided, and on which rows: the same ones may only decide so often
gate_decisions = Table(
    "gate_decisions",
    metadata,
    #: one decision a job
    Column("job", String, primary_key=True),
    Column("model", String, nullable=False),
    Column("first_row", Integer, nullable=False),
    Column("last_row", Integer, nullable=False),
    #: better | not_better | worse | segment_worse
    Column("verdict", String, nullable=False),
    Column("at", String, nullable=False),
    Index("gate_decisions_by_model", "model", "last_row"),
)
