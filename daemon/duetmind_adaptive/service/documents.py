"""Rows as the documents that the API answers with, in the contract's shapes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from duetmind_adaptive.jobs.queue import Job
from duetmind_adaptive.store.pauses import Pause

Document = dict[str, Any]


def iso(moment: datetime | None) -> str | None:
    """A moment as JSON has it."""
    return moment.isoformat() if moment else None


def check_document(row: Row[Any]) -> Document:
    """A check: its window, verdict and metric, and the columns that moved most."""
    report = json.loads(row.report)
    return {
        "model": row.model,
        "at": row.at,
        "window": {
            "first_row": row.first_row,
            "last_row": row.last_row,
            "start": row.start,
            "end": row.end,
            "rows": row.last_row - row.first_row,
        },
        "version": row.version,
        "drift": bool(row.drift),
        "severity": row.severity,
        "kinds": report["kinds"],
        "metric": row.metric,
        "columns": [
            {
                **{key: column[key] for key in ("name", "kind", "drift", "effect", "untested")},
                "summary": column.get("words") or column["untested"] or "",
            }
            for column in report["columns"]
        ],
        "findings": report["findings"],
        "predicted": report.get("predicted", []),
        "anomalies": report.get("anomalies", []),
        "odd_rows": report.get("odd_rows"),
        "detectors": report.get("detectors", []),
        "seconds": report["seconds"],
    }


def outlook(report: str | None) -> Document:
    """What the newest check foretells and finds odd, as one sentence each."""
    held: Document = json.loads(report) if report else {}
    return {
        "predicted": [each["sentence"] for each in held.get("predicted", [])],
        "unusual": unusual(held.get("odd_rows"), held.get("anomalies", [])),
    }


def unusual(odd_rows: Mapping[str, Any] | None, anomalies: Iterable[Mapping[str, Any]]) -> list[str]:
    """One sentence on the odd rows, and one on each series of the daemon's own that is out of line."""
    rows = [odd_rows["sentence"]] if odd_rows and odd_rows["sentence"] else []
    return rows + [each["reason"] for each in anomalies if not each["subject"].startswith("row ")]


def incident_document(row: Row[Any]) -> Document:
    """An incident, with what its newest event says of it."""
    body = json.loads(row.body)
    return {
        "id": row.id,
        "model": row.model,
        "cause": row.cause,
        "severity": row.severity,
        "state": row.state,
        "opened": row.opened,
        "resolved": row.resolved,
        "kinds": body["kinds"],
        "metric": body["metric"],
        "metric_reference": body["metric_reference"],
        "top": body["top"],
        "findings": body["findings"],
    }


def job_document(job: Job) -> Document:
    """A job."""
    return {
        "id": job.id,
        "kind": job.kind,
        "model": job.model,
        "state": job.state,
        "attempt": job.attempt,
        "created": iso(job.created),
        "started": iso(job.started),
        "finished": iso(job.finished),
        "error": job.error,
    }


def pause_document(pause: Pause | None) -> Document | None:
    """A pause of all acting; None where there is none."""
    return None if pause is None else {"since": pause.since.isoformat(), "reason": pause.reason}


def audit_document(row: Row[Any]) -> Document:
    """Who did what, and why."""
    return {name: getattr(row, name) for name in ("at", "who", "what", "model", "why", "outcome")}


def outcome_document(row: Row[Any]) -> Document:
    """An act, what was expected of it and what became of it."""
    names = (
        "id", "at", "model", "act", "reason", "version", "previous", "metric", "before", "expected", "after", "beside",
        "rows", "verdict", "why", "closed",
    )  # fmt: skip
    return {name: getattr(row, name) for name in names}


def review_document(row: Row[Any]) -> Document:
    """A question to a person, with its answer once it has one."""
    names = ("id", "model", "subject", "reason", "version", "state", "asked", "answered", "by", "answer")
    return {name: getattr(row, name) for name in names}
