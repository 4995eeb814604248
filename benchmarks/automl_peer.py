"""One search by a peer: `PEER_PYTHON automl_peer.py NAME TRAIN TEST SECONDS FOLDER` prints one JSON object.

Runs in the peer's own environment, so it imports nothing of this project but the scoring beside it. The clock runs
while the peer searches and fits; its imports are not counted.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import automl_score
import joblib
import pandas as pd

TARGET = "target"
Ask = Callable[[pd.DataFrame], Any]
#: what a search gives: how to ask, and how to save to a file or folder
Fitted = tuple[Ask, Callable[[Path], Any]]


def lightgbm(x: pd.DataFrame, y: Any, seconds: float, folder: Path) -> Fitted:  # noqa: ARG001 - all have one signature
    """The defaults."""
    model = import_module("lightgbm").LGBMClassifier(n_jobs=1, random_state=0, verbose=-1).fit(x, y)
    return model.predict_proba, lambda place: joblib.dump(model, place)


def flaml(x: pd.DataFrame, y: Any, seconds: float, folder: Path) -> Fitted:
    """Its defaults, told the time."""
    model = import_module("flaml").AutoML()
    metric = "roc_auc" if y.nunique() == 2 else "roc_auc_ovr_weighted"
    log = str(folder / "flaml.log")
    model.fit(
        x, y, task="classification", metric=metric, time_budget=seconds, n_jobs=1, seed=0, verbose=0, log_file_name=log
    )
    return model.predict_proba, lambda place: joblib.dump(model, place)


def autogluon(x: pd.DataFrame, y: Any, seconds: float, folder: Path) -> Fitted:
    """Its `best_quality`, told the time."""
    tabular = import_module("autogluon.tabular")
    metric = "roc_auc" if y.nunique() == 2 else "roc_auc_ovr_weighted"
    model = tabular.TabularPredictor(label=TARGET, eval_metric=metric, path=str(folder / "autogluon"), verbosity=0)
    model.fit(x.assign(**{TARGET: y}), time_limit=seconds, presets="best_quality", num_cpus=1, num_gpus=0)
    model.persist()
    return (lambda rows: model.predict_proba(rows).to_numpy()), lambda place: model.clone_for_deployment(str(place))


def optuna(x: pd.DataFrame, y: Any, seconds: float, folder: Path) -> Fitted:  # noqa: ARG001 - as above
    """What is written in an afternoon: TPE over a few algorithms, 5 folds, the best fitted again."""
    optuna = import_module("optuna")
    selection = import_module("sklearn.model_selection")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    scoring = "roc_auc" if y.nunique() == 2 else "roc_auc_ovr_weighted"
    folds = selection.StratifiedKFold(5, shuffle=True, random_state=0)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(
        lambda trial: selection.cross_val_score(_naive(trial), x, y, cv=folds, scoring=scoring).mean(), timeout=seconds
    )
    model = _naive(optuna.trial.FixedTrial(study.best_params)).fit(x, y)
    return model.predict_proba, lambda place: joblib.dump(model, place)


def _naive(trial: Any) -> Any:
    compose, impute, pipeline, preprocessing = (
        import_module(f"sklearn.{name}") for name in ("compose", "impute", "pipeline", "preprocessing")
    )
    words = pipeline.make_pipeline(
        impute.SimpleImputer(strategy="most_frequent"),
        preprocessing.OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    numbers = pipeline.make_pipeline(impute.SimpleImputer(), preprocessing.StandardScaler())
    columns = compose.make_column_transformer(
        (words, compose.make_column_selector(dtype_include="category")),
        (numbers, compose.make_column_selector(dtype_include="number")),
    )
    return pipeline.make_pipeline(columns, _learner(trial))


def _learner(trial: Any) -> Any:
    ensemble, linear = import_module("sklearn.ensemble"), import_module("sklearn.linear_model")
    name = trial.suggest_categorical("algorithm", ["forest", "linear", "lightgbm"])
    if name == "forest":
        return ensemble.RandomForestClassifier(
            trial.suggest_int("trees", 50, 500), max_depth=trial.suggest_int("depth", 2, 32, log=True), random_state=0
        )
    if name == "linear":
        return linear.LogisticRegression(C=trial.suggest_float("C", 1e-4, 1e2, log=True), max_iter=500)
    return import_module("lightgbm").LGBMClassifier(
        n_estimators=trial.suggest_int("rounds", 50, 600),
        learning_rate=trial.suggest_float("rate", 0.01, 0.3, log=True),
        num_leaves=trial.suggest_int("leaves", 7, 127, log=True),
        colsample_bytree=trial.suggest_float("columns", 0.4, 1),
        n_jobs=1,
        random_state=0,
        verbose=-1,
    )


def _size(place: Path) -> int:
    files = [place] if place.is_file() else [file for file in place.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def main() -> None:
    """Search, then answer the test rows once."""
    name, train, test, seconds, folder = sys.argv[1:]
    warnings.filterwarnings("ignore")
    rows, unseen = pd.read_parquet(train), pd.read_parquet(test)
    for column in rows.columns:
        if not pd.api.types.is_numeric_dtype(rows[column]):
            rows[column] = rows[column].astype("category")
            unseen[column] = unseen[column].astype(rows[column].dtype)
    search = {"lightgbm": lightgbm, "flaml": flaml, "autogluon": autogluon, "optuna": optuna}[name]
    began = time.perf_counter()
    ask, save = search(rows.drop(columns=TARGET), rows[TARGET], float(seconds), Path(folder))
    taken = time.perf_counter() - began
    place = Path(folder) / "saved"
    save(place)
    found = automl_score.measured(ask, unseen, TARGET)
    print(json.dumps({**found, "seconds": taken, "mb": _size(place) / 1e6}))


if __name__ == "__main__":
    main()
