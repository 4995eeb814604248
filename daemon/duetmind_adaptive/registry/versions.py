"""Versions and reigns as rows: what was trained, what serves, what served when. SQL in the caller's transaction.

Exactly one version of a model serves, by a unique index; a job makes at most one version and a request at most one
switch, by unique indexes too, so whatever is repeated after a kill changes nothing. Imports nothing heavy.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, cast

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select, update

from duetmind_adaptive.contracts import Transaction
from duetmind_adaptive.errors import RegistryError
from duetmind_adaptive.records import MetricReading, TrainingReport, VersionRef
from duetmind_adaptive.registry.layout import ARTIFACT, version_folder
from duetmind_adaptive.store.tables import reigns, stamp, unstamp, versions

State = Literal["challenger", "champion", "retired", "rejected"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One row: what a training job made, and what became of it."""

    model: str
    version: int
    #: challenger: not decided; retired: served once; rejected: failed its gate, or was rolled back
    state: State
    created: datetime
    #: None for a model deployed elsewhere
    sha256: str | None
    #: of `body["baseline"]`
    metric: float | None
    job: str | None
    #: name of its folder below the model's `versions`
    folder: str
    baseline: MetricReading | None
    #: the rest of the training report: metrics, again, gate, trained_rows, train_size, libraries, seconds, notes, extra
    body: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Switch:
    """A change of the serving version that has just been made."""

    version: int
    previous: int | None
    reason: str
    sha256: str | None
    metric: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reign:
    """A time during which a version served; `until` is None for the one that still does."""

    version: int
    since: datetime
    until: datetime | None
    reason: str


def next_version(conn: Connection, model: str) -> int:
    """The number the next version gets, counting from 1."""
    highest = conn.execute(select(func.max(versions.c.version)).where(versions.c.model == model)).scalar()
    return (highest or 0) + 1


def register(
    tx: Transaction, model: str, report: TrainingReport, *, job: str, now: datetime, state: State = "challenger"
) -> int:
    """Give what a job made a version number; the same job again gets the number it already has."""
    conn = tx.connection
    known = conn.execute(select(versions.c.version).where(versions.c.job == job)).scalar()
    if known is not None:
        return known
    number = next_version(conn, model)
    body = asdict(report)
    body["folder"] = report.folder.name
    row = {
        "model": model,
        "version": number,
        "state": state,
        "created": stamp(now),
        "sha256": report.sha256 or None,
        "metric": report.baseline.value if report.baseline else None,
        "job": job,
        "body": json.dumps(body, default=str),
    }
    conn.execute(versions.insert().values(row))
    return number


def promote(
    tx: Transaction,
    model: str,
    version: int,
    *,
    request: str,
    reason: str,
    now: datetime,
    usable: Callable[[Version], bool] | None = None,
) -> Switch | None:
    """Make `version` the champion; None when this request was already served, or it is the champion.

    Parameters
    ----------
    usable
        Whether a version can serve, e.g. its artifact is there; default: every one.

    Raises
    ------
    RegistryError
        When there is no such version, or it cannot serve.
    """
    conn = tx.connection
    if _served(conn, request):
        return None
    chosen, current = _existing(conn, model, version), champion(conn, model)
    if current and current.version == version:
        return None
    _assert_usable(chosen, usable)
    return _switch(conn, chosen, current, "retired", request=request, reason=reason, now=now)


def rollback(
    tx: Transaction,
    model: str,
    *,
    request: str,
    reason: str,
    now: datetime,
    to: int | None = None,
    usable: Callable[[Version], bool] | None = None,
) -> Switch | None:
    """Make the previous (or the named) version the champion again; the one that served is rejected.

    Being rejected it is not gone back to by itself later, so that rollbacks never go in circles.

    Parameters
    ----------
    to
        The version to go back to; default: the latest that served before, was not itself rolled back and is usable.
    request
        The same request again changes nothing and answers None.
    usable
        Whether a version can serve, e.g. its artifact is there; default: every one.

    Raises
    ------
    RegistryError
        When there is nothing to go back to, the named version is unknown, serves already, or cannot serve.
    """
    conn = tx.connection
    if _served(conn, request):
        return None
    current = champion(conn, model)
    if current is None:
        raise RegistryError(f"model {model} has no version that serves, so there is nothing to roll back")
    chosen = _previous(conn, current, usable) if to is None else _named(conn, current, to, usable)
    return _switch(conn, chosen, current, "rejected", request=request, reason=reason, now=now)


def reject(tx: Transaction, model: str, version: int) -> None:
    """Note that a challenger did not prove itself; a version that serves or served stays what it is."""
    mine = _is(model, version) & (versions.c.state == "challenger")
    tx.connection.execute(update(versions).where(mine).values(state="rejected"))


def get(conn: Connection, model: str, version: int) -> Version | None:
    """One version, or None."""
    return _one(conn, _is(model, version))


def of_job(conn: Connection, job: str) -> Version | None:
    """The version a job made, or None."""
    return _one(conn, versions.c.job == job)


def champion(conn: Connection, model: str) -> Version | None:
    """The version that serves, or None before the first one."""
    return _one(conn, (versions.c.model == model) & (versions.c.state == "champion"))


def champion_at(conn: Connection, model: str, when: datetime) -> Version | None:
    """The version that served at a moment; a switch counts from its own moment on."""
    reign = reign_at(conn, model, when)
    return None if reign is None else get(conn, model, reign.version)


def reign_at(conn: Connection, model: str, when: datetime) -> Reign | None:
    """The time of serving that a moment lies in."""
    moment = stamp(when)
    during = (reigns.c.since <= moment) & or_(reigns.c.until.is_(None), reigns.c.until > moment)
    query = select(reigns).where((reigns.c.model == model) & during).order_by(reigns.c.id.desc())
    row = conn.execute(query).first()
    return None if row is None else _reign(row)


def former(conn: Connection, model: str, *, limit: int) -> list[Version]:
    """Versions that served before and may again, the latest first; each artifact once.

    Neither what serves now, nor an artifact that was ever taken back.
    """
    mine = versions.c.model == model
    served = select(versions).join(
        reigns, (reigns.c.model == versions.c.model) & (reigns.c.version == versions.c.version)
    )
    taken_back = {row.sha256 for row in conn.execute(served.where(mine & (versions.c.state == "rejected")))}
    current = champion(conn, model)
    known = taken_back | {None, current.sha256 if current else None}
    found: list[Version] = []
    for row in conn.execute(served.where(mine & (versions.c.state == "retired")).order_by(reigns.c.id.desc())):
        if row.sha256 not in known and len(found) < limit:
            known.add(row.sha256)
            found.append(_version(row))
    return found


def page(conn: Connection, model: str, *, limit: int, before: int | None = None) -> list[Version]:
    """Versions of a model, newest first; go on with `before` = the last one's number."""
    mine = versions.c.model == model
    if before is not None:
        mine &= versions.c.version < before
    rows = conn.execute(select(versions).where(mine).order_by(versions.c.version.desc()).limit(limit))
    return [_version(row) for row in rows]


def history(conn: Connection, model: str, *, limit: int) -> list[Reign]:
    """The latest reigns, newest first."""
    query = select(reigns).where(reigns.c.model == model).order_by(reigns.c.id.desc()).limit(limit)
    return [_reign(row) for row in conn.execute(query)]


def _reign(row: Row[Any]) -> Reign:
    until = unstamp(row.until) if row.until else None
    return Reign(version=row.version, since=unstamp(row.since), until=until, reason=row.reason)


def folders(conn: Connection, model: str) -> set[str]:
    """The names of the folders of all versions: what `champion.sweep` keeps."""
    bodies = conn.execute(select(versions.c.body).where(versions.c.model == model)).scalars()
    return {json.loads(body)["folder"] for body in bodies}


def version_ref(version: Version, folder: Path) -> VersionRef:
    """What a worker needs to know of a version, `folder` being its model's."""
    home = version_folder(folder, version.folder)
    return VersionRef(
        model=version.model,
        version=version.version,
        folder=home,
        artifact=home / ARTIFACT if version.sha256 else None,
        sha256=version.sha256,
        baseline=version.baseline,
    )


def is_whole(version: Version, folder: Path) -> bool:
    """Whether a version's files are there, for `rollback`'s `usable`; `folder` is its model's."""
    home = version_folder(folder, version.folder)
    return (home / ARTIFACT).is_file() if version.sha256 else home.is_dir()


def _switch(
    conn: Connection, chosen: Version, current: Version | None, fate: State, *, request: str, reason: str, now: datetime
) -> Switch:
    moment = stamp(now)
    if current:
        conn.execute(update(versions).where(_is(current.model, current.version)).values(state=fate))
    conn.execute(update(versions).where(_is(chosen.model, chosen.version)).values(state="champion"))
    open_reign = (reigns.c.model == chosen.model) & reigns.c.until.is_(None)
    conn.execute(update(reigns).where(open_reign).values(until=moment))
    reign = {"model": chosen.model, "version": chosen.version, "since": moment, "reason": reason, "request": request}
    conn.execute(reigns.insert().values(reign))
    return Switch(
        version=chosen.version,
        previous=current.version if current else None,
        reason=reason,
        sha256=chosen.sha256,
        metric=chosen.metric,
    )


def _previous(conn: Connection, current: Version, usable: Callable[[Version], bool] | None) -> Version:
    query = (
        select(versions)
        .join(reigns, (reigns.c.model == versions.c.model) & (reigns.c.version == versions.c.version))
        .where((versions.c.model == current.model) & (versions.c.state == "retired"))
        .order_by(reigns.c.id.desc())
    )
    for row in conn.execute(query):
        candidate = _version(row)
        if usable is None or usable(candidate):
            return candidate
    raise RegistryError(f"model {current.model} has no earlier version to go back to from version {current.version}")


def _named(conn: Connection, current: Version, to: int, usable: Callable[[Version], bool] | None) -> Version:
    chosen = _existing(conn, current.model, to)
    if to == current.version:
        raise RegistryError(f"version {to} of model {current.model} serves already")
    _assert_usable(chosen, usable)
    return chosen


def _assert_usable(chosen: Version, usable: Callable[[Version], bool] | None) -> None:
    if usable is not None and not usable(chosen):
        raise RegistryError(f"version {chosen.version} of model {chosen.model} cannot serve: its artifact is gone")


def _existing(conn: Connection, model: str, version: int) -> Version:
    found = get(conn, model, version)
    if found is None:
        raise RegistryError(f"model {model} has no version {version}; `duetmind models` lists those it has")
    return found


def _served(conn: Connection, request: str) -> bool:
    return conn.execute(select(reigns.c.id).where(reigns.c.request == request)).first() is not None


def _is(model: str, version: int) -> ColumnElement[bool]:
    return (versions.c.model == model) & (versions.c.version == version)


def _one(conn: Connection, condition: ColumnElement[bool]) -> Version | None:
    row = conn.execute(select(versions).where(condition)).first()
    return _version(row) if row else None


def _version(row: Row[Any]) -> Version:
    body: dict[str, Any] = json.loads(row.body)
    baseline = body.get("baseline")
    return Version(
        model=row.model,
        version=row.version,
        state=cast("State", row.state),
        created=unstamp(row.created),
        sha256=row.sha256,
        metric=row.metric,
        job=row.job,
        folder=body["folder"],
        baseline=MetricReading(**baseline) if baseline else None,
        body=body,
    )
