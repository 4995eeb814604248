"""The values a search may try: a few hyperparameters for each algorithm, each with its range and scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Value = float | int | str | bool


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers from `low` to `high`, both included; whole ones if both are."""

    low: float
    high: float
    log: bool = False

    @property
    def whole(self) -> bool:
        """Whether only integers are meant."""
        return isinstance(self.low, int) and isinstance(self.high, int)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few values."""

    values: tuple[Value, ...]


Space = Mapping[str, Span | Choice]

#: of every booster
_RATE = Span(0.015, 0.15, log=True)

LIGHTGBM: Space = {
    "learning_rate": _RATE,
    "num_leaves": Span(4, 96, log=True),
    "min_child_samples": Span(3, 120, log=True),
    "feature_fraction": Span(0.25, 1.0),
    "bagging_fraction": Span(0.5, 1.0),
    "lambda_l2": Span(0.01, 30.0, log=True),
    "extra_trees": Choice((False, True)),
    "categories": Choice(("target", "native")),
}
XGBOOST: Space = {
    "learning_rate": _RATE,
    "max_depth": Span(2, 8),
    "min_child_weight": Span(0.5, 30.0, log=True),
    "colsample_bytree": Span(0.3, 1.0),
    "subsample": Span(0.5, 1.0),
    "reg_lambda": Span(0.1, 30.0, log=True),
}
HIST: Space = {
    "learning_rate": _RATE,
    "max_leaf_nodes": Span(4, 64, log=True),
    "min_samples_leaf": Span(3, 120, log=True),
    "max_features": Span(0.25, 1.0),
    "l2_regularization": Span(0.01, 30.0, log=True),
}
FOREST: Space = {
    "min_samples_leaf": Span(2, 40, log=True),
    "max_features": Span(0.1, 0.9),
    "max_leaf_nodes": Span(60, 600, log=True),
}
LINEAR: Space = {
    "C": Span(0.001, 30.0, log=True),
    "scaling": Choice(("quantile", "standard")),
    "knots": Choice((0, 4, 10)),
}
MLP: Space = {
    "depth": Span(1, 3),
    "width": Span(8, 128, log=True),
    "alpha": Span(1e-4, 1.0, log=True),
    "learning_rate_init": Span(0.0007, 0.01, log=True),
    "epochs": Span(6, 40, log=True),
    "scaling": Choice(("quantile", "standard")),
}

SPACES: dict[str, Space] = {
    "lightgbm": LIGHTGBM,
    "xgboost": XGBOOST,
    "hist_gradient_boosting": HIST,
    "random_forest": FOREST,
    "extra_trees": FOREST,
    "logistic_regression": LINEAR,
    "ridge": LINEAR,
    "mlp": MLP,
}
