"""The search: portfolio first, then what the estimators propose, until trials or time are over; then one blend.

This process leads and remembers; whatever fits runs in workers. It imports neither scikit-learn nor a booster, and
Optuna only when the portfolio has been tried: a short budget is for fitting.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.contracts import Executor
from duetmind_adaptive.drift.metrics import higher_is_better
from duetmind_adaptive.errors import JobError, JobTimeoutError, TrainingError
from duetmind_adaptive.training.automl.choosing import SURELY, WHOLE, Pool
from duetmind_adaptive.training.automl.costs import fitting_work, serving_ms
from duetmind_adaptive.training.automl.deadline import Deadline
from duetmind_adaptive.training.automl.portfolio import Configuration, complete, portfolio, with_rounds
from duetmind_adaptive.training.automl.proposals import Proposals
from duetmind_adaptive.training.automl.study import Study, Trial
from duetmind_adaptive.training.automl.trial import Answered, Board, Candidate, covered_rows, run_trial

Matrix = NDArray[Any]

#: in units of the dearest algorithm that was tried: what one is taken to cost before it was
FIRST_SHARE: Mapping[str, float] = {
    "logistic_regression": 1.0, "ridge": 0.5, "lightgbm": 1.6, "xgboost": 1.6, "mlp": 2.0,
    "extra_trees": 2.5, "random_forest": 3.0, "hist_gradient_boosting": 2.0,
}  # fmt: skip
#: a budget below this begins with the quickest algorithm
SHORT = 6.0
#: without a number of trials the search ends after so many that did not improve on the best by `WORTHWHILE`
PATIENCE, WORTHWHILE = 40, 2e-4
#: of the budget, for what comes after the last trial
MOST_RESERVED = 0.35
#: of the budget, what a trial that is begun should take at most: a search of one trial is none
MOST_TRIAL = 0.25
#: trials that are to be fitted once more at the end, and of the budget at most for that
AGAIN, MOST_AGAIN = 2, 0.25
#: seconds that a trial may take where nothing else is said
LONGEST = 3_600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What bounds a search."""

    #: of the study, earlier sessions included; None = as many as the time allows
    n_trials: int | None
    seed: int
    jobs: int
    algorithms: tuple[str, ...]
    #: configurations to begin with: a champion's, an earlier study's
    first: tuple[Configuration, ...] = ()
    trial_timeout: float | None = None
    #: gigabytes that a trial and all that it starts may hold
    trial_memory_gb: float | None = None
    #: a booster's rounds at most
    rounds: int
    #: seconds that are kept for what comes after the last trial, on a core of its own
    reserve: float
    #: of the budget, for fitting the chosen ones once more
    refit_share: float = 0.0
    #: milliseconds in which the model has to answer 1,000 rows
    most_ms: float = math.inf


@dataclass(frozen=True, slots=True)
class Progress:
    """What a search has found so far."""

    trials: int
    best_score: float | None
    best_algorithm: str | None
    #: seconds; None = unlimited
    left: float | None
    failed: int = 0


class Search:
    """One session of a study."""

    def __init__(
        self,
        board: Board,
        rules: Rules,
        *,
        executor: Executor,
        study: Study,
        deadline: Deadline,
        rows: str,
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self._board = board
        self._rules = rules
        self._executor = executor
        self._study = study
        self._deadline = deadline
        self._rows = rows
        self._progress = progress
        #: trials of this session, whose members are at hand
        self._here: set[int] = set()
        self._best = float("-inf")
        self._calm = 0

    async def run(self) -> str:
        """Try until there is a reason to stop, and say which: `trials`, `time` or `nothing more to gain`."""
        for trial in self._usable():
            self._note(trial)
        candidates = self._candidates()
        while True:
            batch = list[Candidate]()
            for _ in range(self._rules.jobs):
                if self._stop() is None and self._room(len(batch)):
                    batch += [candidate for candidate in [self._next(candidates, len(batch))] if candidate]
            if not batch:
                return self._stop() or ("time" if self._room(0) else "trials")
            for trial in await asyncio.gather(*(self._try(candidate) for candidate in batch)):
                self._study.add(trial)
                self._note(trial)
            self._tell()

    def pool(self) -> Pool:
        """What can be mixed now."""
        y, folds = (np.load(self._board.home / f"{name}.npy", mmap_mode="r") for name in ("y", "folds"))
        rows = covered_rows(folds, self._board.fitted)
        return Pool(
            trials=tuple(self._usable()),
            truth=np.asarray(y[rows]),
            metric=self._board.metric,
            task=self._board.task,
            classes=self._board.classes,
            columns=self._board.columns,
            members=len(self._board.fitted),
            at_hand=frozenset(self._here),
            whole=len(rows) == len(y) or (self._board.ordered and len(self._board.fitted) > 2),
            seed=self._rules.seed,
        )

    def _usable(self) -> list[Trial]:
        """Finished trials whose answers are for the same rows."""
        return [trial for trial in self._study.trials if trial.state == "complete" and trial.rows == self._rows]

    @property
    def _reserve(self) -> float:
        """Seconds for what comes after the last trial, more of them on a crowded machine."""
        budget = self._deadline.budget
        if budget is None:
            return 0.0
        finish = min(self._rules.reserve * self._deadline.contention, MOST_RESERVED * budget)
        return finish + min(self._rules.refit_share * budget + self._again(), MOST_AGAIN * budget)

    def _again(self) -> float:
        """Seconds for fitting the best once more, where its folds' members take too long to answer together."""
        best = best_trial(self._usable(), self._board.metric)
        if best is None:
            return 0.0
        one = serving_ms(best.algorithm, best.params, self._board.classes, self._board.columns)
        if one * len(self._board.fitted) <= self._rules.most_ms:
            return 0.0
        return (AGAIN - 1 + SURELY) * WHOLE * best.seconds

    def _room(self, begun: int) -> bool:
        most = self._rules.n_trials
        return most is None or len(self._study.trials) + begun < most

    def _stop(self) -> str | None:
        if self._deadline.left <= self._reserve:
            return "time"
        if self._rules.n_trials is None and self._calm >= PATIENCE:
            return "nothing more to gain"
        return None

    def _next(self, candidates: Iterator[Configuration], ahead: int) -> Candidate | None:
        """The next configuration that can be finished in time; None where there is none."""
        left = min(self._deadline.left - self._reserve, MOST_TRIAL * (self._deadline.budget or math.inf))
        for _ in range(2 * len(self._rules.algorithms) + 8):
            algorithm, params = next(candidates)
            share, work = FIRST_SHARE.get(algorithm, 2.0), fitting_work(algorithm, params)
            if self._deadline.expected(algorithm, share, work) <= left:
                number = self._study.next_number + ahead
                return Candidate(number=number, algorithm=algorithm, params=params, seed=self._rules.seed + number)
        return None

    def _candidates(self) -> Iterator[Configuration]:
        """Configurations that this study has not tried: given ones, the portfolio, then what estimators propose."""
        tried = {_key(trial.algorithm, trial.params) for trial in self._study.trials}
        listed = [*self._rules.first, *portfolio(self._board.task, self._rules.algorithms)]
        if self._deadline.budget is not None and self._deadline.budget < SHORT:
            listed.sort(key=lambda entry: entry[0] not in {"logistic_regression", "ridge"})
        for algorithm, params in listed:
            if algorithm in self._rules.algorithms and _key(algorithm, params) not in tried:
                yield self._bounded(algorithm, params)
        proposals, told = Proposals(self._rules.algorithms, self._rules.seed), 0
        while True:
            for trial in self._study.trials[told:]:
                proposals.tell(trial.algorithm, trial.params, _upward(self._board.metric, trial.score))
            told = len(self._study.trials)
            yield self._bounded(*proposals.ask())

    def _bounded(self, algorithm: str, params: Mapping[str, Any]) -> Configuration:
        return algorithm, with_rounds(algorithm, params, self._rules.rounds)

    async def _try(self, candidate: Candidate) -> Trial:
        began = self._deadline.spent
        base = Trial(
            number=candidate.number, algorithm=candidate.algorithm, params=candidate.params, state="failed",
            at=began, rows=self._rows,
        )  # fmt: skip
        work = fitting_work(candidate.algorithm, candidate.params)
        most = min(self._rules.trial_timeout or LONGEST, max(0.05, self._deadline.left - self._reserve))
        try:
            found: Answered = await self._executor.run(
                run_trial, self._board, candidate, timeout=timedelta(seconds=most), label=f"trial {candidate.number}",
                memory_gb=self._rules.trial_memory_gb,
            )  # fmt: skip
        except JobTimeoutError:
            self._deadline.learn(candidate.algorithm, most, work)
            return replace(base, reason=f"took longer than {most:.1f} s and was stopped", seconds=most)
        except (JobError, TrainingError) as error:
            return replace(base, reason=str(error), seconds=self._deadline.spent - began)
        self._deadline.learn(candidate.algorithm, self._deadline.spent - began, work)
        self._deadline.crowded(found.wall, found.processor)
        self._here.add(candidate.number)
        return replace(
            base, state="complete", params=found.params, score=found.score, seconds=found.seconds,
            at=self._deadline.spent, size=found.size, answers=found.answers,
        )  # fmt: skip

    def _note(self, trial: Trial) -> None:
        value = _upward(self._board.metric, trial.score)
        better = value is not None and value > self._best + WORTHWHILE
        self._calm = 0 if better else self._calm + 1
        self._best = max(self._best, float("-inf") if value is None else value)

    def _tell(self) -> None:
        if self._progress is None:
            return
        best = best_trial(self._usable(), self._board.metric)
        left = None if self._deadline.budget is None else max(0.0, self._deadline.left)
        failed = sum(trial.state == "failed" for trial in self._study.trials)
        self._progress(Progress(len(self._study.trials), best and best.score, best and best.algorithm, left, failed))


def best_trial(trials: list[Trial], metric: str) -> Trial | None:
    """The finished trial with the best metric."""
    scored = [trial for trial in trials if trial.score is not None]
    return max(scored, key=lambda trial: _upward(metric, trial.score) or float("-inf"), default=None)


def _upward(metric: str, value: float | None) -> float | None:
    if value is None or not np.isfinite(value):
        return None
    return value if higher_is_better(metric) else -value


def _key(algorithm: str, params: Mapping[str, Any]) -> tuple[Any, ...]:
    full = {name: value for name, value in complete(algorithm, params).items() if name != "rounds"}
    return (algorithm, *sorted(full.items()))


def free_home(home: Path, keep: set[int]) -> None:
    """Remove the members of trials that are out of the running."""
    for file in home.glob("members-*.pickle"):
        if int(file.stem.partition("-")[2]) not in keep:
            file.unlink(missing_ok=True)
