"""What `duetmind init` writes: a commented configuration that `run` accepts as it is, and data for it to watch.

The data is made up: loans of which the dearest for their income are not paid back, until inflation sets in
half-way through the production file: incomes rise, prices more, and what was safe to lend no longer is.
"""

from __future__ import annotations

import csv
import io
import math
import random
from datetime import UTC, datetime, timedelta

_COLUMNS = ("timestamp", "age", "income", "amount", "purpose", "target")
_PURPOSES = ("car", "home", "study", "travel")
_REFERENCE_ROWS = 1000
_PRODUCTION_ROWS = 2000
_DRIFT_ROW = _PRODUCTION_ROWS // 2
_START = datetime(2025, 1, 1, tzinfo=UTC)
_STEP = timedelta(minutes=15)

CONFIG = """\
# Start the daemon:       duetmind run --config duetmind.yaml
# Look at what it found:  duetmind status --config duetmind.yaml
# Check this file:        duetmind config check duetmind.yaml
# Every setting:          duetmind config schema
# Paths are relative to this file; durations are written 90s, 15m, 24h, 7d.

store: {url: "sqlite:///state/duetmind.db"}   # everything the daemon knows; versions of models beside it
http: {host: 127.0.0.1, port: 8420}           # status page, metrics and API; the token is in state/http-token

models:
  loans:                                      # the name of your model
    task: binary                              # binary | multiclass | regression
    target: target                            # the column with the truth
    timestamp: timestamp                      # optional: the column with the time of each row
    # exclude: [customer_id]                  # columns that the model must not see
    # prediction: prediction                  # the column with the answers of a model you already serve
    reference: {path: reference.csv}          # the period to learn from and to compare with
    production:
      path: production.csv                    # a file, a folder or a pattern such as "loans/*.parquet"; may grow
      window: {rows: 250}                     # or {every: 1d}
    # labels: {delay: 24h}                    # when the truth comes later than the row
    schedule: {every: 1m}                     # or {cron: "0 6 * * *", timezone: Europe/Berlin}
    responses: [retrain_model]                # [] only watches and tells

alerts:
  channels:
    log: {type: log}
    # ops: {type: webhook, url: "https://example.com/hook", secret: {env: OPS_SECRET}}

responses: {retrain_model: {max_auto_retrains_per_day: 3}}
"""


def starter_files() -> dict[str, str]:
    """The starter's files by name; the same text every time.

    >>> sorted(starter_files())
    ['duetmind.yaml', 'production.csv', 'reference.csv']
    """
    rng = random.Random(20250101)  # noqa: S311  # sample data, nothing to guess
    reference = [_row(rng, index, drifted=False) for index in range(_REFERENCE_ROWS)]
    production = [_row(rng, _REFERENCE_ROWS + index, drifted=index >= _DRIFT_ROW) for index in range(_PRODUCTION_ROWS)]
    return {"duetmind.yaml": CONFIG, "reference.csv": _table(reference), "production.csv": _table(production)}


def _row(rng: random.Random, index: int, *, drifted: bool) -> tuple[object, ...]:
    """One loan application; after the drift incomes are 40 % higher and bear less debt."""
    age = rng.randint(20, 70)
    income = round(rng.lognormvariate(math.log(42_000 * (1.4 if drifted else 1.0)), 0.4))
    amount = round(rng.lognormvariate(math.log(12_000), 0.5))
    purpose = rng.choice(_PURPOSES)
    bearable = 0.15 if drifted else 0.4
    risk = 16 * (amount / income - bearable) + (0.8 if purpose == "travel" else 0.0) - (age - 45) / 40
    target = int(rng.random() < 1 / (1 + math.exp(-risk)))
    return (f"{_START + index * _STEP:%Y-%m-%dT%H:%M:%SZ}", age, income, amount, purpose, target)


def _table(rows: list[tuple[object, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(rows)
    return text.getvalue()
