"""The learners a pipeline may end in: one entry each, imported only when it is asked for.

An entry says where the classes are, what they can take as it is (missing values, categories, sparse matrices), and
which hyperparameters hold unless the configuration says otherwise. A package adds its own under the entry point group
`duetmind.algorithms`, an `Algorithm` each; the built-in ones are registered there as well.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any

from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.settings.pipeline import ALGORITHMS as GROUP


@dataclass(frozen=True, kw_only=True, slots=True)
class Algorithm:
    """One learner; classes are `module:Class`, None where it has none for that kind of target."""

    classifier: str | None
    regressor: str | None
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    #: learns from missing values without imputation
    takes_missing: bool = False
    #: learns from sparse matrices, and faster than from dense ones when most of their cells are 0
    takes_sparse: bool = False
    #: the hyperparameter that names columns of category codes; None when it has none
    categories_parameter: str | None = None
    #: the classifier gives no probabilities itself: they are calibrated from its decision values
    calibrate: bool = False
    #: the classifier takes the codes 0, 1, … as a target, nothing else, and knows no class weights
    codes_only: bool = False
    #: the extra of this distribution that installs it
    extra: str | None = None
    #: names of types, beside its classes, that an artifact of it holds
    artifact_types: tuple[str, ...] = ()


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
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in found:
        there = dict.fromkeys((*ALGORITHMS, *sorted(found)))
        raise TrainingError(f"there is no algorithm '{name}'; choose one of {', '.join(there)}")
    try:
        algorithm = found[name].load()
    except Exception as error:
        raise TrainingError(f"algorithm '{name}' cannot be loaded: {type(error).__name__}: {error}") from error
    if not isinstance(algorithm, Algorithm):
        raise TrainingError(f"the entry point '{name}' of {GROUP} is a {type(algorithm).__name__}, not an Algorithm")
    return algorithm


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
