"""What is tried first: a fixed list of configurations that are strong and unlike each other, the surest first.

They were chosen for tabular data of many shapes (public benchmarks and data made for this purpose), not for any one
set; an ensemble of a few of them is what a short budget can give. The search that follows starts from what they found.

Reference
---------
M. Feurer, K. Eggensperger, S. Falkner, M. Lindauer, F. Hutter, "Auto-sklearn 2.0: Hands-free AutoML via meta-learning",
JMLR 23 (2022): portfolios instead of meta-features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from duetmind_adaptive.training.automl.families import BOOSTERS

Configuration = tuple[str, Mapping[str, Any]]

#: rounds times learning rate: a booster has learned what it can by then
LEARNED = 12.0
MOST_ROUNDS = 500


def _lightgbm(leaves: int, rows: int, columns: float, penalty: float, **more: Any) -> Configuration:
    values = {"learning_rate": 0.06, "num_leaves": leaves, "min_child_samples": rows, "feature_fraction": columns}
    return "lightgbm", {**values, "bagging_fraction": 0.8, "lambda_l2": penalty, **more}


def _xgboost(depth: int, weight: float, columns: float, penalty: float) -> Configuration:
    values = {"learning_rate": 0.05, "max_depth": depth, "min_child_weight": weight, "colsample_bytree": columns}
    return "xgboost", {**values, "subsample": 0.8, "reg_lambda": penalty}


def _histogram(leaves: int, columns: float) -> Configuration:
    values = {"learning_rate": 0.06, "max_leaf_nodes": leaves, "max_features": columns, "l2_regularization": 1.0}
    return "hist_gradient_boosting", values


def _linear(strength: float, knots: int) -> Configuration:
    return "logistic_regression", {"C": strength, "scaling": "quantile", "knots": knots}


def _network(depth: int, width: int, alpha: float, rate: float, epochs: int) -> Configuration:
    return "mlp", {"depth": depth, "width": width, "alpha": alpha, "learning_rate_init": rate, "epochs": epochs}


def _forest(name: str, columns: float) -> Configuration:
    return name, {"min_samples_leaf": 3, "max_features": columns, "max_leaf_nodes": 400}


#: a linear model stands for ridge where numbers are predicted
_LISTED: tuple[Configuration, ...] = (
    _xgboost(5, 2.0, 0.6, 1.0),
    _linear(0.3, 0),
    _lightgbm(16, 20, 0.6, 1.0),
    _histogram(16, 0.6),
    _network(1, 96, 0.1, 0.002, 20),
    _xgboost(3, 8.0, 0.4, 5.0),
    _linear(0.05, 10),
    _histogram(6, 0.4),
    _lightgbm(6, 30, 0.4, 5.0),
    _xgboost(8, 2.0, 0.7, 1.0),
    _lightgbm(24, 10, 0.7, 1.0, extra_trees=True),
    _lightgbm(64, 5, 0.7, 1.0),
    _histogram(48, 0.7),
    _network(2, 48, 0.03, 0.003, 12),
    _forest("extra_trees", 0.5),
    _forest("random_forest", 0.3),
    _lightgbm(16, 20, 0.6, 1.0, categories="native"),
)
#: what a configuration that leaves a parameter out means by that
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "lightgbm": {"extra_trees": False, "categories": "target"},
    "xgboost": {"reg_lambda": 1.0},
    "hist_gradient_boosting": {"min_samples_leaf": 20},
    "mlp": {"scaling": "quantile"},
}


def installed() -> tuple[str, ...]:
    """The algorithms that this environment has; looks, imports nothing."""
    optional = {"lightgbm": "lightgbm", "xgboost": "xgboost"}
    gone = {name for name, module in optional.items() if find_spec(module) is None}
    every = dict.fromkeys(name for name, _ in _LISTED)
    return tuple(name for name in every if name not in gone)


def portfolio(task: str, allowed: Sequence[str]) -> Sequence[Configuration]:
    """The list for a kind of target, of these algorithms only.

    Parameters
    ----------
    task
        `binary`, `multiclass` or `regression`.
    allowed
        Names of algorithms.

    Examples
    --------
    >>> [name for name, _ in portfolio("regression", ["ridge", "extra_trees"])]
    ['ridge', 'ridge', 'extra_trees']
    """
    linear = "ridge" if task == "regression" else "logistic_regression"
    renamed = [(linear if name == "logistic_regression" else name, params) for name, params in _LISTED]
    kept = [(name, with_rounds(name, params)) for name, params in renamed if name in allowed]
    if set(allowed) & {"lightgbm", "xgboost"}:
        # the same idea again, slower
        kept = [entry for entry in kept if entry[0] != "hist_gradient_boosting"]
    return kept


def complete(algorithm: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with every parameter of its algorithm's space, defaults where it has none."""
    return {**_DEFAULTS.get(algorithm, {}), **params}


def with_rounds(algorithm: str, params: Mapping[str, Any], most: int = MOST_ROUNDS) -> dict[str, Any]:
    """A booster's configuration with as many rounds as its learning rate needs."""
    if algorithm not in BOOSTERS or "rounds" in params:
        return dict(params)
    return {**params, "rounds": max(30, min(most, round(LEARNED / float(params["learning_rate"]))))}
