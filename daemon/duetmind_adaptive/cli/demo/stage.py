"""Sets the stage: a folder with a config, the reference, and a production stream that arrives file by file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib.resources import files
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

MODEL = "term_deposits"
METRIC = "accuracy"

#: rows to learn from: May to October 2008, before the financial crisis reached the calls
REFERENCE_ROWS = 24_064
WINDOWS = 30

#: simulated seconds per second: a daily schedule comes round five times a second
SPEED = 5 * 86_400

CONFIG = """\
# The demo's config: a real one, but for the clock.
http: {{host: 127.0.0.1, port: {port}}}
clock: {{speed: {speed}, start: "2008-11-01T00:00:00Z", anchor: "{anchor}"}}   # {days:g} days per second
models:
  {model}:
    task: binary
    target: target
    timestamp: timestamp
    metric: {metric}
    reference: {{path: reference.parquet}}
    production: {{path: stream, window: {{rows: {rows}}}}}
    schedule: {{every: 1d}}
    responses: [retrain_model]
    pipeline:
      preprocessing: {{numerical_scaler: none, categorical_encoding: ordinal}}
      model: {{algorithm: hist_gradient_boosting, hyperparameters: {{max_iter: 60, random_state: 0}}}}
alerts:
  group_wait: 0s
  group_interval: 0s
  repeat: 3650d
  channels:
    log: {{type: log}}
    demo: {{type: webhook, url: "{webhook}", secret: {{env: DUETMIND_DEMO_SECRET}}}}
"""


@dataclass(frozen=True)
class Stage:
    """The demo's folder and the stream it lets in, window by window."""

    folder: Path

    @property
    def config(self) -> Path:
        """The daemon's configuration."""
        return self.folder / "duetmind.yaml"

    @property
    def store(self) -> Path:
        """The daemon's database."""
        return self.folder / "state" / "duetmind.db"

    @cached_property
    def stream(self) -> pa.Table:
        """The production rows: November 2008 to November 2010."""
        with (files("duetmind_adaptive") / "data" / "bank_marketing.parquet").open("rb") as file:
            return pq.read_table(file)

    @cached_property
    def edges(self) -> list[int]:
        """The first row of each window, and the end."""
        rows = (self.stream.num_rows - REFERENCE_ROWS) // WINDOWS
        return [i * rows for i in range(WINDOWS + 1)]

    def build(self, *, port: int, webhook: str) -> None:
        """Write config and reference, and an empty stream."""
        (self.folder / "stream").mkdir(parents=True)
        pq.write_table(self.stream.slice(0, REFERENCE_ROWS), self.folder / "reference.parquet")
        self.config.write_text(
            CONFIG.format(
                port=port,
                webhook=webhook,
                speed=SPEED,
                days=SPEED / 86_400,
                anchor=datetime.now(UTC).isoformat(),
                model=MODEL,
                metric=METRIC,
                rows=self.edges[1],
            )
        )

    def window(self, index: int) -> pa.Table:
        """The rows of one window."""
        first, last = self.edges[index], self.edges[index + 1]
        return self.stream.slice(REFERENCE_ROWS + first, last - first)

    def let_in(self, index: int) -> None:
        """The window's file appears in the stream, whole."""
        target = self.folder / "stream" / f"window-{index:03}.parquet"
        partial = target.with_suffix(".tmp")
        pq.write_table(self.window(index), partial)
        partial.replace(target)

    def static_metric(self, artifact: Path) -> list[float]:
        """The accuracy of one version on every window: what would have been without the loop."""
        from duetmind_adaptive import load_model

        model = load_model(artifact)
        production = self.stream.slice(REFERENCE_ROWS, self.edges[-1])
        right = model.predict(production) == production["target"].to_numpy()
        return [float(np.mean(part)) for part in np.split(right, self.edges[1:-1])]
