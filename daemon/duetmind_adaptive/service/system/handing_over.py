"""`duetmind.yaml`: the folder as `duetmind run` takes it over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from duetmind_adaptive.durable import write_durably
from duetmind_adaptive.service.system.folder import SystemState, digest
from duetmind_adaptive.tasks.automated.wanted import CONFIG, DATABASE, PRODUCTION

HEAD = """\
# Written by duetmind_adaptive.training.automation_system, which leaves it alone once you have changed it.
# Start the daemon:       duetmind run --config {path}
# Look at what it found:  duetmind status --config {path}
# New rows to watch:      Parquet files in production/, named in the order of time
# Who is told:            alerts.channels, see docs/alerts.md; no secret of the system is written here

"""


def first_document(state: SystemState, task: str) -> dict[str, Any]:
    """The config before any training: the reference is watched, and nothing is trained."""
    model = {
        "task": task,
        "reference": {"path": state.reference},
        "production": {"path": f"{PRODUCTION}/*.parquet", "window": {"rows": 1000}},
        "responses": [],
    }
    return {"store": {"url": f"sqlite:///{DATABASE}"}, **state.sections, "models": {state.name: model}}


def hand_over(folder: Path, state: SystemState, task: str) -> tuple[SystemState, bool]:
    """Write the config for what serves now, unless a person has changed it; the state that knows of it, and whether."""
    path = folder / CONFIG
    if path.exists() and digest(path.read_bytes()) != state.written:
        return state, False
    document = state.document or first_document(state, task)
    text = HEAD.format(path=path) + yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    write_durably(path, text.encode())
    return state.model_copy(update={"written": digest(text.encode())}), True
