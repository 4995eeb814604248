"""What the leading process and its workers say to each other; light, because the leading process imports no learner.

A task is named, not passed: importing its function would load scikit-learn where it is not needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from duetmind_adaptive.training.automl.trial import Candidate

Matrix = NDArray[Any]

PREPARE = "preparing:prepare"
DELIVER = "finishing:deliver"


def perform(name: str, *args: object) -> Any:
    """Import the task `module:function` of this package in the worker, and call it."""
    module, _, function = name.partition(":")
    return getattr(import_module(f"duetmind_adaptive.training.automl.{module}"), function)(*args)


def warm_up() -> None:
    """Import what trials need, so that the first one does not wait for it."""
    import_module("duetmind_adaptive.training.automl.preload")


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """What the rows became."""

    #: tells rows, columns and folds apart
    fingerprint: str
    #: positions of the columns of codes
    categories: tuple[int, ...]
    columns: int
    #: seconds that it took, and that it computed
    wall: float
    processor: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A trial that is to be put into the blend."""

    candidate: Candidate
    weight: float
    refit: bool
    #: that fitting one of its members will take
    seconds: float
    #: of the members that wait, so many; 0 = all
    most: int = 0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Order:
    """What is to be delivered."""

    parts: tuple[Part, ...]
    #: of the blend, for the rows of the fitted folds; None where no trial has finished
    answers: Matrix | None
    truth: Matrix
    #: by `time.monotonic`
    until: float
    #: milliseconds for 1,000 rows
    most_ms: float
    #: called in the worker, to write the artifact
    save: Callable[[Any, Delivered], None] | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Delivered:
    """What was put together; the pipeline lies pickled in `file`."""

    file: Path
    #: numbers of the trials that are in it, with their weights
    weights: Mapping[int, float]
    #: how many members they have together
    members: int
    threshold: float | None
    predict_ms: float
    #: calibrated answers to the rows of the fitted folds
    answers: Matrix | None
    #: cross-validated metric of the blend
    score: float
