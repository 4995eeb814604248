"""One trial, in a worker: a configuration is fitted on every fold and answers the rows that it did not learn from.

The rows lie in files of the search's own folder, mapped into memory once for each worker. The fitted members stay
there as files too, until the search knows which it wants; the answers go back. Of a booster the best number of rounds
is found on the way: the answers after fewer rounds are by-products, and one number is chosen for all folds together,
on the rows that no fold learned from.
"""

from __future__ import annotations

import pickle
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.training.automl.families import BOOSTERS, Boosted, Lesson, Member, fit
from duetmind_adaptive.training.automl.folds import NEVER, learning_rows
from duetmind_adaptive.training.automl.scoring import gain, score

Matrix = NDArray[Any]

#: shares of the rounds after which a booster's answers are looked at
STAGES = (0.08, 0.12, 0.16, 0.2, 0.25, 0.3, 0.36, 0.43, 0.5, 0.58, 0.66, 0.76, 0.88, 1.0)
#: fewer rounds are taken where they are worse by no more than this: far below what the folds can tell apart, and the
#: time to answer that they leave is room for another member
INDISTINCT = 5e-4


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """What all trials of a search share."""

    #: folder with `x.npy`, `y.npy` and `folds.npy`; members go there
    home: Path
    task: str
    metric: str
    classes: int
    categories: tuple[int, ...]
    #: of the matrix
    columns: int
    #: the folds that are fitted, of those there are
    fitted: tuple[int, ...]
    ordered: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A configuration to try."""

    number: int
    algorithm: str
    params: Mapping[str, Any]
    seed: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Answered:
    """What a trial found."""

    score: float
    #: for the rows of the fitted folds, in their order: shape (rows, classes) or (rows, 1), float32
    answers: Matrix
    #: with the number of rounds that was best
    params: dict[str, Any]
    #: to fit one fold, on average
    seconds: float
    #: that the whole trial took, and that it computed
    wall: float
    processor: float
    #: one member, as pickled
    size: int


@lru_cache(maxsize=1)
def rows_of(home: Path) -> tuple[Matrix, Matrix, Matrix]:
    """Inputs, target and folds."""
    x, y, folds = (np.load(home / f"{name}.npy", mmap_mode="r") for name in ("x", "y", "folds"))
    return x, y, folds


def members_file(home: Path, number: int) -> Path:
    """Where the members of a trial wait."""
    return home / f"members-{number}.pickle"


def run_trial(board: Board, candidate: Candidate) -> Answered:
    """Fit and answer every fold; raises TrainingError when the algorithm cannot cope with the rows."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # not converged, constant columns: the score tells
            return _run(board, candidate)
    except (ValueError, TypeError, ArithmeticError, LookupError, MemoryError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise TrainingError(f"{candidate.algorithm} cannot learn from these rows: {reason}") from error


def fit_rows(board: Board, candidate: Candidate, rows: NDArray[np.bool_] | slice) -> Member:
    """One member, fitted to these rows."""
    x, y, _ = rows_of(board.home)
    lesson = Lesson(
        params=candidate.params,
        task=board.task,
        metric=board.metric,
        classes=board.classes,
        categories=list(board.categories),
        seed=candidate.seed,
        x=x[rows],
        y=y[rows],
    )
    return fit(candidate.algorithm, lesson)


def _run(board: Board, candidate: Candidate) -> Answered:
    x, y, folds = rows_of(board.home)
    members, began, began_processor = list[Member](), time.perf_counter(), time.process_time()
    rounds = _rounds(candidate)
    staged = [list[Matrix]() for _ in rounds or [0]]
    held = [np.flatnonzero(folds == fold) for fold in board.fitted]
    for fold, rows in zip(board.fitted, held, strict=True):
        member = fit_rows(board, candidate, learning_rows(folds, fold, ordered=board.ordered))
        members.append(member)
        answers = cast("Boosted", member).staged(x[rows], rounds) if rounds else [member.predict(x[rows])]
        for stage, answer in zip(staged, answers, strict=True):
            stage.append(answer)
    seconds = (time.perf_counter() - began) / len(members)
    every = [np.concatenate(stage) for stage in staged]
    truth = y[np.concatenate(held)]
    if not all(np.isfinite(answers).all() for answers in every):
        raise TrainingError(f"{candidate.algorithm} diverged: its answers are not finite numbers")
    gains = [gain(board.metric, board.task, truth, answers) for answers in every]
    best = next(at for at, value in enumerate(gains) if value >= max(gains) - INDISTINCT)
    params = dict(candidate.params)
    if rounds:
        members = [cast("Boosted", member).cut(rounds[best]) for member in members]
        params["rounds"] = rounds[best]
    content = pickle.dumps(members, protocol=pickle.HIGHEST_PROTOCOL)
    members_file(board.home, candidate.number).write_bytes(content)
    return Answered(
        score=score(board.metric, board.task, truth, every[best]),
        answers=every[best],
        params=params,
        seconds=seconds,
        wall=time.perf_counter() - began,
        processor=time.process_time() - began_processor,
        size=len(content) // len(members),
    )


def _rounds(candidate: Candidate) -> list[int]:
    if candidate.algorithm not in BOOSTERS:
        return []
    most = int(candidate.params["rounds"])
    return sorted({max(1, round(most * share)) for share in STAGES})


def covered_rows(folds: Matrix, fitted: tuple[int, ...]) -> NDArray[np.intp]:
    """The rows that are answered, fold by fold, in the order of `Answered.answers`."""
    return np.concatenate([np.flatnonzero(folds == fold) for fold in fitted if fold != NEVER])
