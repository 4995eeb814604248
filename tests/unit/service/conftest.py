"""The HTTP tests' daemon: a twin of the `Api` protocol behind the real server, asked by a real client."""

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from duetmind_adaptive.errors import RegistryError
from duetmind_adaptive.service.http.api import Artifact, BadCursorError, NotFoundError, Page, Streamed
from duetmind_adaptive.service.http.server import HttpServer
from duetmind_adaptive.service.metrics import Metrics
from duetmind_adaptive.settings.model import HttpSettings
from duetmind_adaptive.store.audit import Act

TOKEN = "a-token-for-the-tests-0815"


class WorkflowsTwin:
    """A daemon's workflows in memory: `nightly` is in the config, `r1` has not ended."""

    def __init__(self, acts: list[tuple[object, ...]]) -> None:
        self.acts = acts

    async def page(self, limit: int, cursor: str | None, workflow: str | None) -> Page:
        return Page([await self.run("r1")] if workflow in {None, "nightly"} else [])

    async def run(self, run: str) -> dict[str, Any]:
        if run != "r1":
            raise NotFoundError(f"there is no run {run}")
        return {"id": run, "workflow": "nightly", "state": "running", "done": 0, "total": 1, "tasks": []}

    async def begin(self, workflow: str) -> dict[str, Any]:
        if workflow != "nightly":
            raise NotFoundError(f"there is no workflow {workflow}")
        self.acts.append(("begin", workflow))
        return await self.run("r1")

    async def cancel(self, run: str) -> dict[str, Any]:
        found = await self.run(run)
        self.acts.append(("cancel run", run))
        return found


class ApiTwin:
    """A daemon in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reasons: list[str] = []
        self.acts: list[tuple[object, ...]] = []
        self.noted: list[Act] = []
        self.workflows = WorkflowsTwin(self.acts)
        self.log: list[Streamed] = []
        self.fault: Exception | None = None
        self.names = ["loans"]
        self.version = self.put_version(3, b"three " * 1000)

    def put_version(self, number: int, content: bytes) -> dict[str, Any]:
        path = self.folder / f"{number}.skops"
        path.write_bytes(content)
        self.version = {
            "version": number,
            "sha256": hashlib.sha256(content).hexdigest(),
            "promoted": "2026-03-01T00:00:00+00:00",
            "metric": 0.91,
        }
        return self.version

    def publish(self, number: int = 1, size: int = 0) -> None:
        for _ in range(number):
            seq = len(self.log) + 1
            body = {"id": f"e{seq}", "type": "duetmind.check.completed", "data": {"model": "loans", "pad": "x" * size}}
            self.log.append(Streamed(seq, json.dumps(body)))

    def _known(self, model: str) -> None:
        if self.fault:
            raise self.fault
        if model not in self.names:
            raise NotFoundError(f"There is no model {model!r}.")

    async def ready(self) -> list[str]:
        return self.reasons

    async def status(self) -> dict[str, Any]:
        if self.fault:
            raise self.fault
        model = {
            "champion": 3,
            "last_check": "2026-03-01T11:00:00.000000+00:00",
            "next_check": "2026-03-01T12:00:00.000000+00:00",
            "drift": True,
            "severity": "high",
            "open_incident": "i1",
        }
        return {
            "version": "0.1.0",
            "uptime_seconds": 12.5,
            "models": dict.fromkeys(self.names, model),
            "bus": {"pending": 4, "dead": 1},
            "jobs": {"running": 1, "queued": 2},
            "resources": {name: {"total": 2, "reserved": 0} for name in ("cpu", "memory_gb", "gpu")},
        }

    async def models(self, limit: int, cursor: str | None) -> Page:
        return Page([{"name": name} for name in self.names[:limit]])

    async def checks(self, limit: int, cursor: str | None, model: str | None) -> Page:
        return Page([])

    async def events(self, limit: int, cursor: str | None, model: str | None) -> Page:
        if cursor is not None and not cursor.isdecimal():
            raise BadCursorError
        end = int(cursor) if cursor else len(self.log)
        chosen = self.log[:end][::-1][:limit]
        more = bool(chosen) and chosen[-1].seq > 1
        return Page([json.loads(event.body) for event in chosen], str(chosen[-1].seq - 1) if more else None)

    async def audit(self, limit: int, cursor: str | None, model: str | None) -> Page:
        return Page([], None)

    async def outcomes(self, limit: int, cursor: str | None, model: str | None) -> Page:
        return Page([], None)

    async def note_act(self, act: Act) -> None:
        self.noted.append(act)

    async def incidents(self, limit: int, cursor: str | None, model: str | None) -> Page:
        incident = {"id": "i1", "model": self.names[0], "cause": "drift", "severity": "high", "state": "open"}
        return Page([{**incident, "opened": "2026-03-01T11:00:00+00:00", "resolved": None}])

    async def jobs(self, limit: int, cursor: str | None, model: str | None) -> Page:
        return Page([])

    async def job_log(self, job: str, offset: int) -> dict[str, Any]:
        self._known(job)
        return {"job": job, "state": "running", "text": "fold 1\n"[offset:], "next": 7}

    async def reviews(self, limit: int, cursor: str | None, model: str | None) -> Page:
        return Page([{"id": "r1", "model": self.names[0], "subject": "retrain_model", "state": "open"}])

    async def answer_review(self, review: str, *, approve: bool, by: str, reason: str) -> dict[str, Any]:
        if review != "r1":
            raise NotFoundError(f"there is no review {review}")
        self.acts.append(("review", review, approve, by))
        return {"id": review, "model": self.names[0], "subject": "retrain_model", "state": "approved"}

    async def pause(self, reason: str) -> dict[str, Any]:
        self.acts.append(("pause", reason))
        return {"paused": {"since": "2026-03-01T11:00:00+00:00", "reason": reason}}

    async def resume(self) -> dict[str, Any]:
        self.acts.append(("resume", ""))
        return {"paused": None}

    async def last_event(self) -> int:
        return len(self.log)

    async def event_tail(self, after: int, limit: int) -> Sequence[Streamed]:
        return self.log[after : after + limit]

    async def champion(self, model: str) -> dict[str, Any]:
        self._known(model)
        return self.version

    async def champion_at(self, model: str, when: datetime) -> dict[str, Any]:
        self._known(model)
        return {**self.version, "version": 1, "promoted": when.isoformat()}

    async def champion_artifact(self, model: str) -> Artifact:
        self._known(model)
        return Artifact(self.folder / f"{self.version['version']}.skops", self.version["sha256"])

    async def request_check(self, model: str) -> dict[str, Any]:
        self._known(model)
        self.acts.append(("check", model))
        return {"model": model}

    async def request_retrain(self, model: str) -> dict[str, Any]:
        self._known(model)
        self.acts.append(("retrain", model))
        return {"request": "r1"}

    async def cancel_job(self, job: str) -> dict[str, Any]:
        if job != "j1":
            raise NotFoundError(f"there is no job {job}")
        self.acts.append(("cancel", job))
        return {"id": job, "kind": "retrain", "model": "loans", "state": "cancelled"}

    async def set_threshold(self, model: str, value: float | None) -> dict[str, Any]:
        self._known(model)
        self.acts.append(("threshold", model, value))
        return {"model": model, "before": 0.02, "after": value or 0.1}

    async def rollback(self, model: str, to: int | None) -> dict[str, Any]:
        self._known(model)
        if to == 99:
            raise RegistryError("model loans has no version 99")
        self.acts.append(("rollback", model, to))
        return {"version": to or 2, "previous": 3}

    async def promote(self, model: str, version: int) -> dict[str, Any]:
        self._known(model)
        self.acts.append(("promote", model, version))
        return {"version": version, "previous": 3}


@pytest.fixture
def api(tmp_path: Path) -> ApiTwin:
    return ApiTwin(tmp_path)


@pytest.fixture
async def server(api: ApiTwin) -> AsyncIterator[HttpServer]:
    async with HttpServer(api, HttpSettings(port=0), TOKEN, Metrics()) as running:
        yield running


@pytest.fixture
async def client(server: HttpServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.url) as session:
        yield session


@pytest.fixture
def bearer() -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKEN}"}
