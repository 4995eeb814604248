"""The learners a pipeline may end in: one entry each, imported only when it is asked for.

An entry says where the classes are, what they can take as it is (missing values, categories), and which
hyperparameters hold unless the configuration says otherwise.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from duetmind_adaptive.errors import TrainingError

CALIBRATION_FOLDS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Algorithm:
    """One learner; classes are `module:Class`, None where it has none for that kind of target."""

    classifier: str | None
    regressor: str | None
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    #: learns from missing values without imputation
    takes_missing: bool = False
    #: the hyperparameter that names columns of category codes; None when it has none
    categories_parameter: str | None = None
    #: the classifier gives no probabilities itself: they are calibrated from its decision values
    calibrate: bool = False
    #: the extra of this distribution that installs it
    extra: str | None = None


ALGORITHMS: dict[str, Algorithm] = {
    "random_forest": Algorithm(
        classifier="sklearn.ensemble:RandomForestClassifier", regressor="sklearn.ensemble:RandomForestRegressor"
    ),
    "logistic_regression": Algorithm(
        classifier="sklearn.linear_model:LogisticRegression", regressor=None, defaults={"max_iter": 1000}
    ),
    "svm": Algorithm(classifier="sklearn.svm:SVC", regressor="sklearn.svm:SVR", calibrate=True),
    "hist_gradient_boosting": Algorithm(
        classifier="sklearn.ensemble:HistGradientBoostingClassifier",
        regressor="sklearn.ensemble:HistGradientBoostingRegressor",
        takes_missing=True,
        categories_parameter="categorical_features",
    ),
    "xgboost": Algorithm(
        classifier="xgboost:XGBClassifier",
        regressor="xgboost:XGBRegressor",
        defaults={"n_jobs": 1},
        takes_missing=True,
        extra="boosting",
    ),
    "lightgbm": Algorithm(
        classifier="lightgbm:LGBMClassifier",
        regressor="lightgbm:LGBMRegressor",
        defaults={"n_jobs": 1, "verbosity": -1},
        takes_missing=True,
        extra="boosting",
    ),
}


def find_algorithm(name: str) -> Algorithm:
    """The entry called `name`; raises TrainingError naming those there are."""
    if name not in ALGORITHMS:
        raise TrainingError(f"there is no algorithm '{name}'; choose one of {', '.join(ALGORITHMS)}")
    return ALGORITHMS[name]


def make_estimator(
    name: str, task: str, hyperparameters: Mapping[str, Any], *, seed: int, category_columns: list[int] | None = None
) -> Any:
    """An unfitted scikit-learn estimator.

    Parameters
    ----------
    name : str
        A key of `ALGORITHMS`.
    task : str
        `binary`, `multiclass` or `regression`.
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
    estimator = factory(**values)
    return _calibrated(estimator) if algorithm.calibrate and task != "regression" else estimator


def _load(name: str, algorithm: Algorithm, task: str) -> Any:
    path = algorithm.regressor if task == "regression" else algorithm.classifier
    if path is None:
        others = ", ".join(other for other, entry in ALGORITHMS.items() if entry.regressor)
        raise TrainingError(f"{name} predicts classes, not numbers; for regression choose one of {others}")
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


def _calibrated(estimator: Any) -> Any:
    from sklearn import calibration  # noqa: PLC0415 - costs time only this learner needs

    make: Any = calibration.CalibratedClassifierCV
    return make(estimator, method="sigmoid", cv=CALIBRATION_FOLDS, ensemble=False)
