"""The learners a pipeline may end in: one entry each, imported only when it is asked for.

An entry says where the classes are, what they can take as it is (missing values, categories, sparse matrices), and
which hyperparameters hold unless the configuration says otherwise. A package adds its own under the entry point group
`duetmind.algorithms`, a `contracts.Algorithm` each; the built-in ones are registered there as well.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from duetmind_adaptive import plugins
from duetmind_adaptive.contracts import Algorithm
from duetmind_adaptive.errors import PluginError, TrainingError

RANDOM_FOREST = Algorithm(
    classifier="sklearn.ensemble:RandomForestClassifier", regressor="sklearn.ensemble:RandomForestRegressor"
)
LOGISTIC_REGRESSION = Algorithm(
    classifier="sklearn.linear_model:LogisticRegression",
    regressor=None,
    defaults={"max_iter": 1000},
    takes_sparse=True,
)
SVM = Algorithm(classifier="sklearn.svm:SVC", regressor="sklearn.svm:SVR", calibrate=True)
HIST_GRADIENT_BOOSTING = Algorithm(
    classifier="sklearn.ensemble:HistGradientBoostingClassifier",
    regressor="sklearn.ensemble:HistGradientBoostingRegressor",
    takes_missing=True,
    categories_parameter="categorical_features",
)
XGBOOST = Algorithm(
    classifier="xgboost:XGBClassifier",
    regressor="xgboost:XGBRegressor",
    defaults={"n_jobs": 1},
    takes_missing=True,
    takes_sparse=True,
    codes_only=True,
    extra="boosting",
)
LIGHTGBM = Algorithm(
    classifier="lightgbm:LGBMClassifier",
    regressor="lightgbm:LGBMRegressor",
    defaults={"n_jobs": 1, "verbosity": -1},
    takes_missing=True,
    takes_sparse=True,
    extra="boosting",
)

#: those that need no look at what is installed
ALGORITHMS: dict[str, Algorithm] = {
    "random_forest": RANDOM_FOREST,
    "logistic_regression": LOGISTIC_REGRESSION,
    "svm": SVM,
    "hist_gradient_boosting": HIST_GRADIENT_BOOSTING,
    "xgboost": XGBOOST,
    "lightgbm": LIGHTGBM,
}


def find_algorithm(name: str) -> Algorithm:
    """The entry called `name`; raises TrainingError naming those there are."""
    if name in ALGORITHMS:
        return ALGORITHMS[name]
    found = plugins.installed(plugins.ALGORITHMS)
    if name not in found:
        there = dict.fromkeys((*ALGORITHMS, *sorted(found)))
        raise TrainingError(f"there is no algorithm '{name}'; choose one of {', '.join(there)}")
    try:
        return plugins.load(plugins.ALGORITHMS, name)
    except PluginError as error:
        raise TrainingError(str(error)) from error


def make_estimator(
    name: str, task: str, hyperparameters: Mapping[str, Any], *, seed: int, category_columns: list[int] | None = None
) -> Any:
    """An unfitted scikit-learn estimator.

    Parameters
    ----------
    name : str
        A key of `ALGORITHMS`, or the name of an entry point.
    task : str
        `binary`, `multiclass`, `classification` (either of them) or `regression`.
    hyperparameters : Mapping
        What the configuration says; wins over the entry's defaults and over `seed`.
    seed : int
        `random_state`, for algorithms that have one.
    category_columns : list of int, optional
        Positions of the input columns that hold category codes, for algorithms that learn from those.

    Raises
    ------
    TrainingError
        When the algorithm does not know the task, a hyperparameter is unknown, or its extra is not installed.
    """
    algorithm = find_algorithm(name)
    factory = _load(name, algorithm, task)
    allowed = set(factory().get_params())
    _refuse_unknown(name, hyperparameters, allowed)
    values = {**algorithm.defaults, **hyperparameters}
    if "random_state" in allowed:
        values.setdefault("random_state", seed)
    if category_columns and algorithm.categories_parameter:
        values.setdefault(algorithm.categories_parameter, category_columns)
    return factory(**values)


def _load(name: str, algorithm: Algorithm, task: str) -> Any:
    path = algorithm.regressor if task == "regression" else algorithm.classifier
    if path is None:
        kind = "regressor" if task == "regression" else "classifier"
        others = ", ".join(other for other, entry in ALGORITHMS.items() if getattr(entry, kind))
        does = "classes, not numbers; for regression" if task == "regression" else "numbers, not classes; for classes"
        raise TrainingError(f"{name} predicts {does} choose one of {others}")
    module, _, attribute = path.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ImportError as error:
        hint = f"; pip install 'duetmind-adaptive[{algorithm.extra}]'" if algorithm.extra else ""
        raise TrainingError(f"algorithm {name} needs the package {module}, which cannot be imported{hint}") from error


def _refuse_unknown(name: str, hyperparameters: Mapping[str, Any], allowed: set[str]) -> None:
    unknown = sorted(set(hyperparameters) - allowed)
    if unknown:
        raise TrainingError(
            f"{name} has no hyperparameter {', '.join(map(repr, unknown))}; it has {', '.join(sorted(allowed))}"
        )
