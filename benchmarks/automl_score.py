"""How good a model's probabilities are, and what it costs to get them: shared by our process and those of peers.

Imports nothing of this project: peers run it in environments of their own.
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score

#: bins of the calibration error, rows of the timing, and how often they are answered
BINS, ROWS, TURNS = 15, 1_000, 5


def measured(ask: Callable[[pd.DataFrame], Any], test: pd.DataFrame, target: str) -> dict[str, float]:
    """AUC, log loss, calibration error and milliseconds per 1,000 rows of `ask(frame) -> probabilities`."""
    frame, truth = test.drop(columns=target), test[target].to_numpy()
    answers = np.asarray(ask(frame), dtype=float)
    known = np.clip(answers, 1e-6, 1)
    sample, times = frame.sample(ROWS, replace=len(frame) < ROWS, random_state=0), list[float]()
    for _ in range(TURNS):
        began = time.perf_counter()
        ask(sample)
        times.append(time.perf_counter() - began)
    peaks = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "auc": _auc(truth, answers),
        "log_loss": float(log_loss(truth, known / known.sum(axis=1, keepdims=True))),
        "ece": calibration_error(truth, answers),
        "ms": 1000 * statistics.median(times),
        "peak_mb": max(peaks),
    }


def _auc(truth: Any, answers: Any) -> float:
    if answers.shape[1] == 2:
        return float(roc_auc_score(truth, answers[:, 1]))
    return float(roc_auc_score(truth, answers, multi_class="ovr", average="weighted"))


def calibration_error(truth: Any, answers: Any) -> float:
    """Expected calibration error of the likeliest class, in bins of equal width."""
    sure, right = answers.max(axis=1), (answers.argmax(axis=1) == truth).astype(float)
    place = np.minimum((sure * BINS).astype(int), BINS - 1)
    parts = [place == at for at in range(BINS) if (place == at).any()]
    return float(sum(abs(right[part].mean() - sure[part].mean()) * part.mean() for part in parts))
