"""A small stream whose world turns round, a model of it, and versions trained on it in this process."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from duetmind_adaptive.records import VersionRef
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.tasks.requests import TrainRequest
from duetmind_adaptive.tasks.train import train_version

NOW = datetime(2026, 6, 1, tzinfo=UTC)
REFERENCE, WINDOW = 1200, 250
BOOSTING = {
    "preprocessing": {"numerical_scaler": "none", "categorical_encoding": "ordinal"},
    "model": {"algorithm": "hist_gradient_boosting", "hyperparameters": {"max_iter": 20}},
}


def a_stream(rows, *, flipped=False, seed=0, start=0):
    """Rows whose class follows x and job; `flipped` turns the concept round."""
    rng = np.random.default_rng(seed)
    x, job = rng.normal(size=rows), rng.choice(["cook", "nurse"], rows)
    yes = (x + (job == "cook") + rng.normal(scale=0.5, size=rows) > 0.5) ^ flipped
    return pd.DataFrame(
        {
            "at": pd.Timestamp("2026-01-01") + pd.to_timedelta(start + np.arange(rows), unit="min"),
            "x": x,
            "job": job,
            "noise": rng.integers(0, 9, rows),
            "y": np.where(yes, "yes", "no"),
        }
    )


def a_model(folder, **changes):
    facts = {
        "name": "loans", "task": "binary", "target": "y", "timestamp": "at", "features": None, "exclude": (),
        "prediction": None, "score": None, "metric": "accuracy",
        "reference": {"path": str(folder / "reference.parquet")},
        "production": {"path": str(folder / "production.parquet"), "window": {"rows": WINDOW}},
        "labels": {}, "schedule": {"every": "1h"}, "pipeline": BOOSTING, "responses": ("retrain_model",),
        "drift_threshold": 0.1, "opens_after": 1, "clears_after": 2, "max_retrains_per_day": 3,
        "job_timeout": timedelta(hours=1), "folder": folder / "models" / "loans", "gate_rows": 300,
        "gate_rows_per_class": 10,
    }  # fmt: skip
    return Model.model_validate(facts | changes)


def train(model, *, champion=None, upto=0, job="first", **changes):
    request = TrainRequest(model=model, job=job, attempt=1, champion=champion, upto_row=upto, now=NOW, **changes)
    return train_version(request)


def as_version(report, number=1):
    artifact = report.folder / "model.duet" if report.sha256 else None
    return VersionRef(
        model="loans", version=number, folder=report.folder, artifact=artifact, sha256=report.sha256 or None,
        baseline=report.baseline,
    )  # fmt: skip
