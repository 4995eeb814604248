"""A search that begins with what the champion is made of, in a third of the time, beside one that begins with nothing.

The champion comes from a search on the older half of the rows; both searches then learn from all of them and are judged
on rows that none has seen. A gain is counted from what answers without looking (an AUC of a half) and, because that
flatters everybody, from scikit-learn's boosted trees as they come. DUETMIND_WARM_SEEDS says how many splits.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from benchmarks.automl_data import TARGET, split, tables
from benchmarks.figures import Figure, at_least
from duetmind_adaptive.training.automl import create_automl_optimizer
from duetmind_adaptive.training.automl.learner import blended

#: seconds of a search that begins with nothing, and of one that begins with the champion
COLD, WARM, QUICK = 30.0, 10.0, 3.0
#: of the cold search's gain, what the warm one has to reach
SHARE = 0.99
CHANCE = 0.5


class Scores(NamedTuple):
    """Areas under the curve on unseen rows."""

    cold: float
    warm: float
    untuned: float


def run(quick: bool) -> list[Figure]:
    """Search (quick: two small tables, three seconds each)."""
    seeds = 1 if quick else int(os.environ.get("DUETMIND_WARM_SEEDS", "1"))
    seconds = (QUICK, QUICK) if quick else (COLD, WARM)
    found = [_scores(table, seed, *seconds) for table in tables(quick=quick).values() for seed in range(seeds)]
    return [*_figures(found, judged=not quick)]


def _scores(table: pd.DataFrame, seed: int, cold: float, warm: float) -> Scores:
    with tempfile.TemporaryDirectory() as folder:
        train, test = map(pd.read_parquet, split(table, seed, Path(folder)))
    half = train.iloc[: len(train) // 2]
    champion = _search(half, cold, seed)
    fresh = _search(train, cold, seed + 1)
    begun = _search(train, warm, seed + 1, warm_start=blended(champion))
    return Scores(_auc(fresh["best_model"], test), _auc(begun["best_model"], test), _untuned(train, test))


def _search(rows: pd.DataFrame, seconds: float, seed: int, **options: Any) -> Any:
    optimizer = create_automl_optimizer("roc_auc", timeout=seconds, random_state=seed, **options)
    return optimizer.optimize(rows.drop(columns=TARGET), rows[TARGET])


def _auc(model: Any, test: pd.DataFrame) -> float:
    answers = np.asarray(model.predict_proba(test.drop(columns=TARGET)))
    return _area(test[TARGET].to_numpy(), answers)


def _area(truth: Any, answers: Any) -> float:
    if answers.shape[1] == 2:
        return float(roc_auc_score(truth, answers[:, 1]))
    return float(roc_auc_score(truth, answers, multi_class="ovr", average="weighted"))


def _untuned(train: pd.DataFrame, test: pd.DataFrame) -> float:
    """scikit-learn's boosted trees, categories as codes."""
    both = pd.concat([train, test]).drop(columns=TARGET)
    for name in both.select_dtypes(exclude="number"):
        both[name] = both[name].astype("category").cat.codes
    model = HistGradientBoostingClassifier(random_state=0).fit(both.iloc[: len(train)], train[TARGET])
    return _area(test[TARGET].to_numpy(), model.predict_proba(both.iloc[len(train) :]))


def _figures(found: list[Scores], *, judged: bool) -> list[Figure]:
    cold, warm, untuned = (statistics.mean(column) for column in zip(*found, strict=True))
    shares = [(scores.warm - CHANCE) / (scores.cold - CHANCE) for scores in found]
    told = f"{len(found)} runs"
    return [
        Figure(name=f"mean AUC, begun with nothing, {told}", value=cold, unit=""),
        Figure(name=f"mean AUC, begun with the champion, a third of the time, {told}", value=warm, unit=""),
        Figure(name=f"mean AUC of untuned boosted trees, {told}", value=untuned, unit=""),
        Figure(
            name=f"share of the gain over chance, {told}",
            value=(warm - CHANCE) / (cold - CHANCE),
            unit="",
            target=at_least(SHARE) if judged else None,
        ),
        Figure(name=f"the same in the worst run, {told}", value=min(shares), unit=""),
        Figure(
            name=f"share of the gain over untuned boosted trees, {told}",
            value=(warm - untuned) / max(cold - untuned, 1e-9),
            unit="",
        ),
    ]
