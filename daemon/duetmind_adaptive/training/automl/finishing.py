"""The last task of a search, in a worker: members are put together, calibrated and written down.

It runs against the clock: what has to be fitted again is fitted in the order of its weight, and whatever the time
does not allow any more is left out, so something is always delivered.
"""

from __future__ import annotations

import pickle
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from duetmind_adaptive.training.automl.blend import make_blend
from duetmind_adaptive.training.automl.calibration import Calibration, fit_calibration
from duetmind_adaptive.training.automl.choosing import SURELY
from duetmind_adaptive.training.automl.families import Member
from duetmind_adaptive.training.automl.folds import learning_rows
from duetmind_adaptive.training.automl.orders import Delivered, Order, Part
from duetmind_adaptive.training.automl.scoring import score
from duetmind_adaptive.training.automl.trial import Board, Candidate, fit_rows, members_file, rows_of

Matrix = NDArray[Any]
#: number, weight and members of a trial
Group = tuple[int, float, list[Member]]

#: fewest answered rows that a calibration is fitted to
CALIBRATION_ROWS = 100
#: metrics that depend on the side of the threshold on which a probability lies
SIDED = ("accuracy", "balanced_accuracy", "f1")
THRESHOLDS = 199
#: rows whose answers are timed
TIMED_ROWS = 1_000
#: members of folds that stand in for one of all rows
STAND_INS = 2
#: rows that a last resort learns from
FEW_ROWS = 1_000


def deliver(board: Board, order: Order) -> Delivered:
    """Build, calibrate, measure and write the model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in a trial
        groups = _groups(board, order)
    calibration = _calibration(board, order)
    answers = order.answers
    if answers is not None and board.classes:
        answers = calibration.apply(answers)
    threshold = choose_threshold(board.metric, board.task, order.truth, answers)
    coder = pickle.loads((board.home / "coder.pickle").read_bytes())  # noqa: S301 - written by this search
    pipeline, predict_ms, groups = _shrunk(board, order, coder, groups, calibration)
    file = board.home / "model.pickle"
    file.write_bytes(pickle.dumps(pipeline, protocol=pickle.HIGHEST_PROTOCOL))
    total = sum(weight for _, weight, _ in groups)
    done = Delivered(
        file=file,
        weights={number: weight / total for number, weight, _ in groups},
        members=sum(len(members) for _, _, members in groups),
        threshold=threshold,
        predict_ms=predict_ms,
        answers=answers,
        score=float("nan") if answers is None else score(board.metric, board.task, order.truth, answers, threshold),
    )
    if order.save is not None:
        order.save(pipeline, done)
    return done


def choose_threshold(metric: str, task: str, truth: Matrix, answers: Matrix | None) -> float | None:
    """From which probability on the second class is answered; None where that does not matter.

    Examples
    --------
    >>> answers = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.65, 0.35]] * 50)
    >>> choose_threshold("f1", "binary", np.array([0, 0, 1, 1] * 50), answers).__round__(2)
    0.25
    """
    if task != "binary" or metric not in SIDED or answers is None or len(answers) < CALIBRATION_ROWS:
        return None
    grid = np.linspace(0, 1, THRESHOLDS + 2)[1:-1]
    values = np.array([score(metric, task, truth, answers, threshold) for threshold in grid])
    near = np.flatnonzero(values >= np.nanmax(values) - 1e-12)
    return float(grid[near].mean().round(6))


def _groups(board: Board, order: Order) -> list[Group]:
    """Number, weight and members of each trial, the weightiest first."""
    found = list[Group]()
    for part in sorted(order.parts, key=lambda part: -part.weight):
        members = _members(board, part, order.until)
        if members:
            found.append((part.candidate.number, part.weight, members))
    return found or [(-1, 1.0, [_last_resort(board)])]


def _members(board: Board, part: Part, until: float) -> list[Member]:
    """As ordered where there is time; else those of a few folds, as they wait; none where nothing waits."""
    waiting = members_file(board.home, part.candidate.number)
    now, needed = time.monotonic(), SURELY * part.seconds * (1 if part.refit else len(board.fitted))
    if waiting.exists() and not part.refit:
        return _load(waiting)[: part.most or None]
    if now + needed < until:
        return [fit_rows(board, part.candidate, slice(None))] if part.refit else _fit_folds(board, part.candidate)
    return _load(waiting)[:STAND_INS] if waiting.exists() else []


def _load(file: Path) -> list[Member]:
    members: list[Member] = pickle.loads(file.read_bytes())  # noqa: S301 - written by this search
    return members


def _fit_folds(board: Board, candidate: Candidate) -> list[Member]:
    _, _, folds = rows_of(board.home)
    return [fit_rows(board, candidate, learning_rows(folds, fold, ordered=board.ordered)) for fold in board.fitted]


def _last_resort(board: Board) -> Member:
    """A linear model of a few rows, where no trial has finished in time."""
    linear = "logistic_regression" if board.classes else "ridge"
    _, y, _ = rows_of(board.home)
    first = {int(np.flatnonzero(y == code)[0]) for code in range(board.classes)}
    rows = np.unique([*range(min(len(y), FEW_ROWS)), *first])
    chosen = np.zeros(len(y), dtype=bool)
    chosen[rows] = True
    return fit_rows(board, Candidate(number=-1, algorithm=linear, params={"C": 0.1}, seed=0), chosen)


def _calibration(board: Board, order: Order) -> Calibration:
    if not board.classes or order.answers is None or len(order.answers) < CALIBRATION_ROWS:
        return Calibration()
    return fit_calibration(order.truth, order.answers)


def _shrunk(
    board: Board, order: Order, coder: Any, groups: list[Group], calibration: Calibration
) -> tuple[Pipeline, float, list[Group]]:
    """The pipeline and its time for 1,000 rows; members, then trials, leave while that is more than was promised."""
    frame = pickle.loads((board.home / "sample.pickle").read_bytes())  # noqa: S301 - written by this search
    while True:
        members, weights = [group for _, _, group in groups], [weight for _, weight, _ in groups]
        weights = [weight / sum(weights) for weight in weights]
        blend = make_blend(members, weights, board.classes, calibration)
        pipeline = Pipeline([("columns", coder), ("blend", blend)])
        taken = _timed(coder, blend, frame)
        if taken <= order.most_ms or sum(map(len, members)) == 1 or time.monotonic() > order.until:
            return pipeline, taken, groups
        groups = lighter(groups)


def lighter(groups: list[Group]) -> list[Group]:
    """One member fewer of the lightest trial that has several of them; where each has one, without the lightest trial.

    Examples
    --------
    >>> lighter([(7, 0.6, ["a", "b"]), (9, 0.4, ["c"])])
    [(7, 0.6, ['a']), (9, 0.4, ['c'])]
    >>> lighter([(7, 0.6, ["a"]), (9, 0.4, ["c"])])
    [(7, 0.6, ['a'])]
    """
    several = [at for at, (_, _, members) in enumerate(groups) if len(members) > 1]
    if not several:
        return groups[:-1]
    at = several[-1]
    number, weight, members = groups[at]
    return [*groups[:at], (number, weight, members[:-1]), *groups[at + 1 :]]


def _timed(coder: Any, blend: Any, frame: Any) -> float:
    times = list[float]()
    for _ in range(3):
        began = time.process_time()
        blend.mean_answers(coder.transform(frame))
        times.append(1000 * (time.process_time() - began) * TIMED_ROWS / len(frame))
    return min(times)
