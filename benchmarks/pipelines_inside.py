"""What is measured inside one process: `python -m benchmarks.pipelines_inside MODE …` prints one JSON object."""

from __future__ import annotations

import gc
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from duetmind_adaptive.training.custom_pipeline import create_pipeline_builder

NUMBERS, WORDS = 40, 10
MISSING = 0.05
ONEHOT = 64
HYPERPARAMETERS: dict[str, dict[str, Any]] = {
    "logistic_regression": {"max_iter": 1000},
    "random_forest": {"n_estimators": 5},
    "hist_gradient_boosting": {"max_iter": 50},
}


def a_frame(rows: int, seed: int = 7) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Columns of both kinds, and two classes that depend on some of them."""
    generator = np.random.default_rng(seed)
    numbers = generator.normal(size=(rows, NUMBERS))
    score = numbers[:, :5].sum(axis=1)
    numbers[generator.random(numbers.shape) < MISSING] = np.nan
    frame = pd.DataFrame(numbers, columns=[f"number {at}" for at in range(NUMBERS)])
    for at in range(WORDS):
        codes = generator.integers(0, 3 * 2 ** (at % 7), rows)
        score += (codes == 0) * 2.0
        frame[f"word {at}"] = pd.Series(codes).map("c{}".format).astype("str")
    return frame, (score + generator.normal(size=rows) > 1).astype(np.int64)


def by_hand(frame: pd.DataFrame, learner: str) -> Pipeline:
    """What somebody who knows scikit-learn would write."""
    numbers, words = list(frame.columns[:NUMBERS]), list(frame.columns[NUMBERS:])
    given = HYPERPARAMETERS[learner]
    if learner == "hist_gradient_boosting":
        coder = OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan, max_categories=255
        )
        codes = list(range(NUMBERS, NUMBERS + WORDS))
        columns = ColumnTransformer([("numbers", StandardScaler(), numbers), ("words", coder, words)])
        return Pipeline(
            [
                ("columns", columns),
                ("model", HistGradientBoostingClassifier(categorical_features=codes, random_state=0, **given)),
            ]
        )
    sparse = learner == "logistic_regression"
    filled = Pipeline([("impute", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    coder = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=ONEHOT, sparse_output=sparse)
    columns = ColumnTransformer([("numbers", filled, numbers), ("words", coder, words)])
    model: Any = LogisticRegression if sparse else RandomForestClassifier
    return Pipeline([("columns", columns), ("model", model(random_state=0, **given))])


def ours(frame: pd.DataFrame, learner: str) -> Pipeline:
    """The same steps from a configuration."""
    encoding = "ordinal" if learner == "hist_gradient_boosting" else "onehot"
    model = {"algorithm": learner, "hyperparameters": HYPERPARAMETERS[learner]}
    config = {"preprocessing": {"categorical_encoding": encoding}, "model": model}
    return create_pipeline_builder(config).build_complete_pipeline(frame)


def fitting(learner: str, rows: str, turns: str) -> dict[str, Any]:
    """Seconds of one core for building and fitting, turn by turn; both have to answer alike to be the same."""
    frame, target = a_frame(int(rows))
    makers: dict[str, Callable[[pd.DataFrame, str], Pipeline]] = {"hand": by_hand, "ours": ours}
    seconds: dict[str, list[float]] = {name: [] for name in makers}
    answers = {}
    for turn in range(-1, int(turns)):  # the first one warms up and is not counted
        for name, make in makers.items():
            began = time.process_time()
            fitted = make(frame, learner).fit(frame, target)
            if turn >= 0:
                seconds[name].append(time.process_time() - began)
            answers[name] = fitted.predict_proba(frame.head(500))
    if not np.abs(answers["ours"] - answers["hand"]).max() < 1e-3:
        raise RuntimeError(f"{learner}: the two pipelines do not answer alike")
    return seconds


def memory(side: str, rows: str) -> dict[str, float]:
    """Megabytes at the peak, on top of the frame, and of the frame itself."""
    frame, target = a_frame(int(rows))
    pipeline = (ours if side == "ours" else by_hand)(frame, "logistic_regression")
    pipeline[:-1].fit_transform(frame.head(1000), target[:1000])  # what is imported late is no cost of the rows
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the kernel forgets the peak so far
    before = _status("VmRSS")
    matrix = pipeline[:-1].fit_transform(frame, target)
    peak = _status("VmHWM")
    if matrix.shape[0] != len(frame):
        raise RuntimeError("rows were lost")
    return {"peak": peak, "added": peak - before, "frame": float(frame.memory_usage(deep=True).sum()) / 1e6}


def _status(name: str) -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1e3


def main() -> None:
    """Run one mode."""
    modes: dict[str, Callable[..., dict[str, Any]]] = {"fitting": fitting, "memory": memory}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        print(json.dumps(modes[sys.argv[1]](*sys.argv[2:])))


if __name__ == "__main__":
    main()
