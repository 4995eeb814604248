"""The monitor against the daemon's engine on files: the same rows give the same checks and the same decisions."""

import json
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from duetmind_adaptive.bus import log as event_log
from duetmind_adaptive.events import derive_id
from duetmind_adaptive.jobs.inline import InlineExecutor
from duetmind_adaptive.service.clock import SystemClock
from duetmind_adaptive.service.engine import Engine
from duetmind_adaptive.service.monitor.results import check_of
from duetmind_adaptive.service.plugins import Handlers, load_handlers
from duetmind_adaptive.settings.load import load_config
from duetmind_adaptive.store import checks
from duetmind_adaptive.store.database import open_store
from duetmind_adaptive.store.tables import unstamp
from duetmind_adaptive.training.enhanced_drift_monitoring import create_enhanced_drift_monitor

ROWS, WINDOWS = 400, 8
CONFIG = f"""
drift_monitoring: {{opens_after: 1}}
models:
  model:
    task: binary
    target: y
    timestamp: at
    prediction: answer
    reference: {{path: reference.parquet}}
    production: {{path: live.parquet, window: {{rows: {ROWS}}}}}
    schedule: {{every: 1h}}
    responses: []
"""


def world(first: int, rows: int, *, shift: float = 0.0, right: float = 0.9) -> pd.DataFrame:
    rng = np.random.default_rng(first + 1)
    y = rng.integers(0, 2, rows)
    return pd.DataFrame(
        {
            "at": pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(np.arange(first, first + rows), unit="min"),
            "age": rng.normal(shift, 1, rows),
            "job": rng.choice(["a", "b", "c"], rows),
            "y": y,
            "answer": np.where(rng.random(rows) < right, y, 1 - y),
        }
    )


def live(at: int) -> pd.DataFrame:
    """A window: calm at first, then the inputs move, then the answers get worse."""
    return world(4000 + at * ROWS, ROWS, shift=0.8 if at >= 3 else 0.0, right=0.7 if at >= 5 else 0.9)


async def of_the_daemon(folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The checks and the types of the events, of the engine as the daemon puts it together."""
    world(0, 4000).to_parquet(folder / "reference.parquet")
    pd.concat([live(at) for at in range(WINDOWS)], ignore_index=True).to_parquet(folder / "live.parquet")
    (folder / "duetmind.yaml").write_text(CONFIG)
    loaded = load_config(folder / "duetmind.yaml", {})
    store, ids, clock = await open_store("sqlite://"), count(), SystemClock()
    handlers = Handlers(actions=load_handlers(loaded, {}).actions)
    engine = Engine(
        loaded, store=store, clock=clock, machine_clock=clock, executor=InlineExecutor(), handlers=handlers,
        owner="test", new_id=lambda: derive_id("test", next(ids)),
    )  # fmt: skip
    await engine.prepare()
    await engine.settle()
    while await engine.checks.run_one("model"):
        await engine.settle()
    rows = await store.read(lambda conn: checks.history(conn, "model"))
    told = await store.read(lambda conn: [json.loads(each.body)["type"] for each in event_log.after(conn, 0, 1000)])
    await store.close()
    return [check_of("model", unstamp(row.at), row.report) for row in rows], told


def compared(check: dict[str, Any]) -> dict[str, Any]:
    """What does not depend on when the check was made, and on how numbers were rounded on the way."""
    keys = ("window", "version", "drift", "severity", "kinds", "schema", "findings", "metrics")
    columns = {name: (each["kind"], each["drift"], each["summary"]) for name, each in check["columns"].items()}
    return {**{key: check[key] for key in keys}, "columns": columns}


def decided(types: list[str]) -> list[str]:
    return [each for each in types if each.startswith(("duetmind.check", "duetmind.drift"))]


async def test_the_same_rows_give_the_same_checks_and_the_same_decisions(tmp_path: Path) -> None:
    daemon, told = await of_the_daemon(tmp_path)
    options: dict[str, Any] = {"target": "y", "prediction": "answer", "timestamp": "at"}
    with create_enhanced_drift_monitor(world(0, 4000), **options) as monitor:
        results = [monitor.detect_comprehensive_drift(live(at)) for at in range(WINDOWS)]
        mine = monitor._loop.run(monitor._core.store.read(lambda conn: event_log.after(conn, 0, 1000)))
        history = list(monitor.history)
    assert results[0]["window"]["start"] == live(0)["at"][0]
    assert any(each["drift"] for each in results)
    assert not all(each["drift"] for each in results)
    for here, there in zip(history, daemon, strict=True):
        assert compared(here) == compared(there)
        for name, column in here["columns"].items():
            assert column["effect"] == pytest.approx(there["columns"][name]["effect"], abs=1e-9)
    assert decided([json.loads(each.body)["type"] for each in mine]) == decided(told)
