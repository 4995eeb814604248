"""The learners of the search: one file each, imported in workers only, and only when one is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from numpy.typing import NDArray

Matrix = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lesson:
    """What is to be learned, and how."""

    params: Mapping[str, Any]
    #: binary | multiclass | regression
    task: str
    metric: str
    #: 0 for regression
    classes: int
    #: positions of the columns of `x` that hold category codes
    categories: list[int]
    seed: int
    x: Matrix
    y: Matrix


class Member(Protocol):
    """A fitted learner with its own preprocessing."""

    def predict(self, x: Matrix) -> Matrix:
        """Probabilities of shape (n, classes), or numbers of shape (n, 1)."""
        ...


class Boosted(Member, Protocol):
    """A member whose answers after fewer rounds cost nothing more."""

    def staged(self, x: Matrix, rounds: list[int]) -> list[Matrix]:
        """Answers after each of these numbers of rounds, ascending."""
        ...

    def cut(self, rounds: int) -> Boosted:
        """The same member after fewer rounds."""
        ...


#: algorithm -> the module here that has its `fit(lesson) -> Member`
MODULES = {
    "lightgbm": "lightgbm_trees",
    "xgboost": "xgboost_trees",
    "hist_gradient_boosting": "histogram_trees",
    "random_forest": "forests",
    "extra_trees": "forests",
    "logistic_regression": "linear",
    "ridge": "linear",
    "mlp": "networks",
}
#: those with a number of rounds, of which the best is found on the way
BOOSTERS = ("lightgbm", "xgboost", "hist_gradient_boosting")


def fit(algorithm: str, lesson: Lesson) -> Member:
    """Fit one learner."""
    module = import_module(f"{__name__}.{MODULES[algorithm]}")
    member: Member = module.fit(algorithm, lesson)
    return member
