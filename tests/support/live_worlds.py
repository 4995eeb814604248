"""Folders for a live daemon: a config, a reference to learn from, and production files that arrive when a test says so.

Rows are loans that are paid back when `income` outweighs `amount`. Production may drift: incomes `shifted`, or the
world turned round (`flipped`), so that the first model is wrong about nearly every row and any other is better; or the
`purposes` change, which matters to nobody.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from duetmind_adaptive.cli.demo.daemon import free_port

MODEL = "loans"
WINDOW = 500
REFERENCE_ROWS = 1500
START = datetime(2025, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=1)
PURPOSES = ("car", "home", "study")


def rows(
    first: int, count: int, *, shifted: float = 0.0, flipped: bool = False, purposes: tuple[str, ...] = PURPOSES
) -> pa.Table:
    """Rows `[first, first + count)` of the stream, the same whenever they are made; the reference's are negative."""
    chance = np.random.default_rng(abs(first) * 2 + (first < 0))
    income, amount = chance.normal(shifted, 1, count), chance.normal(0, 1, count)
    paid = income - amount + chance.normal(0, 0.3, count) > shifted
    stamps = [START + STEP * (first + index) for index in range(count)]
    return pa.table(
        {
            "id": list(range(first, first + count)),
            "timestamp": pa.array(stamps, pa.timestamp("us", tz="UTC")),
            "income": income,
            "amount": amount,
            "purpose": chance.choice(purposes, count).tolist(),
            "target": (paid ^ flipped).astype(np.int64),
        }
    )


def model_settings(**changes: Any) -> dict[str, Any]:
    """One model's section of a config; `changes` are keys of it."""
    return {
        "task": "binary",
        "target": "target",
        "timestamp": "timestamp",
        "exclude": ["id"],
        "metric": "accuracy",
        "reference": {"path": "reference.parquet"},
        "production": {"path": "stream", "window": {"rows": WINDOW}},
        "schedule": {"every": "1s"},
        "responses": ["retrain_model"],
        "pipeline": {"model": {"algorithm": "logistic_regression"}},
        **changes,
    }


@dataclass
class World:
    """A folder for one daemon; `settings` is the config, to be changed and written with `write`."""

    folder: Path
    port: int = field(default_factory=free_port)
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    #: production rows let in so far
    next_row: int = 0

    def __post_init__(self) -> None:
        """Fill in what a config needs at least."""
        self.settings = {
            "http": {"port": self.port},
            "models": {MODEL: model_settings()},
            "alerts": {"group_wait": "0s", "group_interval": "0s", "channels": {"log": {"type": "log"}}},
            "responses": {"retrain_model": {"max_auto_retrains_per_day": 100}},
            **self.settings,
        }

    @property
    def config(self) -> Path:
        """The config file."""
        return self.folder / "duetmind.yaml"

    @property
    def store(self) -> Path:
        """The daemon's database."""
        return self.folder / "state" / "duetmind.db"

    @property
    def models(self) -> dict[str, dict[str, Any]]:
        """The config's models, to be changed."""
        return self.settings["models"]

    def build(self) -> World:
        """Write reference, config and an empty stream."""
        (self.folder / "stream").mkdir(parents=True)
        pq.write_table(rows(-REFERENCE_ROWS, REFERENCE_ROWS), self.folder / "reference.parquet")
        self.write()
        return self

    def write(self) -> None:
        """Write the config anew; JSON is YAML."""
        self.config.write_text(json.dumps(self.settings, indent=1))

    def let_in(self, count: int = WINDOW, *, folder: str = "stream", **drift: Any) -> pa.Table:
        """The next rows appear in the stream as one whole file."""
        table = rows(self.next_row, count, **drift)
        self.next_row += count
        return self.add(table, folder=folder)

    def add(self, table: pa.Table, *, folder: str = "stream") -> pa.Table:
        """A file with these rows appears, whole, after all others."""
        target = self.folder / folder
        target.mkdir(exist_ok=True)
        path = target / f"part-{len(list(target.iterdir())):04}.parquet"
        partial = path.with_suffix(".tmp")
        pq.write_table(table, partial)
        partial.replace(path)
        return table
