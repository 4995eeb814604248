"""One search from rows to a model: prepare, search, choose, deliver, and the clock that all of it runs against."""

from __future__ import annotations

import math
import pickle
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from duetmind_adaptive.contracts import Executor
from duetmind_adaptive.errors import JobError, TrainingError
from duetmind_adaptive.jobs.scratch import scratch_folder
from duetmind_adaptive.training.automl import orders
from duetmind_adaptive.training.automl.choosing import Pool, Selection, at_hand, choose
from duetmind_adaptive.training.automl.deadline import WITH_IMPORTS, Deadline
from duetmind_adaptive.training.automl.ensemble import Cost
from duetmind_adaptive.training.automl.orders import Delivered, Order, Part, Prepared, perform, warm_up
from duetmind_adaptive.training.automl.pareto import Point, choose_point
from duetmind_adaptive.training.automl.problem import Problem
from duetmind_adaptive.training.automl.search import Progress, Rules, Search
from duetmind_adaptive.training.automl.sizing import Sizing, size_up
from duetmind_adaptive.training.automl.study import Study
from duetmind_adaptive.training.automl.trial import Board, Candidate

#: of the promised time and size, what a selection plans with: the rest is for machines that are busier than ours
CAUTION = 0.7
#: seconds that choosing, putting together and writing take: at least, and more for each second of the budget, at most
FINISH_LEAST, FINISH_SHARE, FINISH_MOST = 0.5, 0.07, 3.4
#: bytes of the artifact that are written in a second, forests' trees being the slowest, and of the time at the end that
#: writing may take
WRITTEN, WRITE_SHARE = 4.5e6, 0.6
#: of the budget, for fitting the chosen ones once more where trials fit some folds only
REFIT_SHARE = 0.25
#: seconds that are left when the delivery is broken off
LAST_MOMENT = 0.15
#: how the folder of a search is called, before the id of its process
HOME = "duetmind-automl-"
#: seconds that starting workers and reading may take; and delivering, where there is no deadline
PATIENCE = 600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What a user asked of a search, checked."""

    metric: str
    #: metric and costs that are traded off; empty for one metric
    objectives: tuple[str, ...]
    n_trials: int | None
    timeout: float | None
    folds: int
    seed: int
    jobs: int
    algorithms: tuple[str, ...]
    max_ms: float
    max_mb: float
    first: tuple[tuple[str, dict[str, Any]], ...] = ()
    trial_timeout: float | None = None
    trial_memory_gb: float | None = None
    #: where rows and members lie while it lasts; None: the folder for temporary files
    scratch: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Outcome:
    """What a session ends with."""

    delivered: Delivered
    #: pickled pipeline
    model: bytes
    pool: Pool
    reason: str
    sizing: Sizing
    seconds: float
    front: tuple[Point, ...] = ()
    chosen: Point | None = None
    notes: tuple[str, ...] = ()


class Session:
    """Everything of one call of `optimize`."""

    def __init__(
        self,
        problem: Problem,
        wishes: Wishes,
        *,
        executor: Executor,
        study: Study,
        began: float,
        progress: Callable[[Progress], None] | None = None,
        save: Callable[[Any, Delivered], None] | None = None,
    ) -> None:
        self._problem = problem
        self._wishes = wishes
        self._executor = executor
        self._study = study
        self._began = began
        self._progress = progress
        self._save = save

    async def run(self) -> Outcome:
        """Search and deliver; the folder of the search is gone afterwards."""
        home = scratch_folder(HOME, self._wishes.scratch)
        try:
            return await self._run(home)
        finally:
            shutil.rmtree(home, ignore_errors=True)

    async def _run(self, home: Path) -> Outcome:
        await self._executor.run(warm_up, timeout=timedelta(seconds=PATIENCE), label="imports")
        budget = self._wishes.timeout
        began = self._began if budget is None or budget >= WITH_IMPORTS else time.monotonic()
        deadline = Deadline(budget, began)
        sizing, notes = self._write(home)
        prepared: Prepared = await self._executor.run(
            perform, orders.PREPARE, home, self._problem.kinds,
            timeout=timedelta(seconds=PATIENCE), label="preparation",
        )  # fmt: skip
        deadline.crowded(prepared.wall, prepared.processor)
        board = self._board(home, prepared, sizing)
        search = Search(
            board, self._rules(sizing), executor=self._executor, study=self._study, deadline=deadline,
            rows=prepared.fingerprint, progress=self._progress,
        )  # fmt: skip
        reason = await search.run()
        pool = search.pool()
        selection, front, chosen = self._choose(pool, deadline)
        delivered = await self._deliver(board, pool, selection, deadline)
        return Outcome(
            delivered=delivered, model=delivered.file.read_bytes(), pool=pool, reason=reason, sizing=sizing,
            seconds=time.monotonic() - self._began, front=front, chosen=chosen, notes=notes,
        )  # fmt: skip

    def _write(self, home: Path) -> tuple[Sizing, tuple[str, ...]]:
        """The rows as files, fewer of them where the budget is too short for all."""
        problem, wishes = self._problem, self._wishes
        size = size_up(len(problem), len(problem.kinds), len(problem.classes), wishes.folds, wishes.timeout)
        folds, frame, target = problem.folds(wishes.folds, wishes.seed), problem.frame, problem.target
        notes = tuple[str, ...]()
        if size.rows < len(problem):
            kept = self._sample(size.rows)
            folds, frame, target = folds[kept], frame.iloc[kept], target[kept]
            notes = (f"{size.rows:,} of {len(problem):,} rows were learned from: the time is too short for all",)
        np.save(home / "y.npy", target)
        np.save(home / "folds.npy", folds)
        with (home / "frame.pickle").open("wb") as file:
            pickle.dump(frame[list(problem.kinds)], file, protocol=pickle.HIGHEST_PROTOCOL)
        return size, notes

    def _sample(self, size: int) -> Any:
        """As many rows, of every class a few: the newest where there is a time."""
        problem = self._problem
        if problem.moments is not None:
            return np.sort(np.argsort(problem.moments, kind="stable")[-size:])
        order = np.random.default_rng(self._wishes.seed).permutation(len(problem))
        if not problem.classes:
            return np.sort(order[:size])
        rank = np.empty(len(problem), dtype=np.int64)
        for code in range(len(problem.classes)):
            of_class = order[problem.target[order] == code]
            rank[of_class] = np.arange(of_class.size)
        few = rank < 5 * self._wishes.folds
        chosen = np.concatenate([order[few[order]], order[~few[order]]])
        return np.sort(chosen[:size])

    def _board(self, home: Path, prepared: Prepared, sizing: Sizing) -> Board:
        problem, folds = self._problem, self._wishes.folds
        ordered = problem.moments is not None
        fitted = tuple(range(folds))[-sizing.fitted :] if ordered else tuple(range(sizing.fitted))
        return Board(
            home=home, task=problem.task, metric=self._wishes.metric, classes=len(problem.classes),
            categories=prepared.categories, columns=prepared.columns, fitted=fitted, ordered=ordered,
        )  # fmt: skip

    def _rules(self, sizing: Sizing) -> Rules:
        wishes, budget = self._wishes, self._wishes.timeout
        reserve = 0.0
        if budget is not None:
            reserve = min(FINISH_MOST, FINISH_LEAST + FINISH_SHARE * budget)
        return Rules(
            n_trials=wishes.n_trials, seed=wishes.seed, jobs=wishes.jobs, algorithms=wishes.algorithms,
            first=wishes.first, trial_timeout=wishes.trial_timeout, trial_memory_gb=wishes.trial_memory_gb,
            rounds=sizing.rounds, reserve=reserve, refit_share=REFIT_SHARE if sizing.fitted < wishes.folds else 0.0,
            most_ms=CAUTION * wishes.max_ms,
        )  # fmt: skip

    def _choose(self, pool: Pool, deadline: Deadline) -> tuple[Selection | None, tuple[Point, ...], Point | None]:
        wishes = self._wishes
        seconds = max(0.0, deadline.before(FINISH_LEAST)) if deadline.budget else math.inf
        limit = self._limit(0.5 * seconds, WRITE_SHARE * seconds)
        if not wishes.objectives:
            return choose(pool, limit), (), None
        return choose_point(pool, limit, wishes.objectives)

    def _limit(self, fitting: float, writing: float) -> Cost:
        """What the model may take: as asked for, and what can be fitted and written down in so many seconds."""
        size = min(CAUTION * self._wishes.max_mb * 1e6, WRITTEN * writing)
        return Cost(CAUTION * self._wishes.max_ms, size, fitting)

    async def _deliver(self, board: Board, pool: Pool, selection: Selection | None, deadline: Deadline) -> Delivered:
        until = math.inf if deadline.budget is None else time.monotonic() + deadline.before(FINISH_LEAST)
        order = self._order(pool, selection, until)
        most = PATIENCE if deadline.budget is None else max(0.5, deadline.before(LAST_MOMENT))
        try:
            return await self._ask(board, order, most)
        except (JobError, TrainingError):
            # a refit that hung, or ran out of memory: the best trial's members are at hand
            return await self._ask(
                board, self._order(pool, at_hand(pool, self._limit(math.inf, FINISH_LEAST)), 0.0), PATIENCE
            )

    async def _ask(self, board: Board, order: Order, seconds: float) -> Delivered:
        delivered: Delivered = await self._executor.run(
            perform, orders.DELIVER, board, order, timeout=timedelta(seconds=seconds), label="delivery"
        )
        return delivered

    def _order(self, pool: Pool, selection: Selection | None, until: float) -> Order:
        trials = {trial.number: trial for trial in pool.trials}
        parts = [] if selection is None else [(part, trials[part.number]) for part in selection.parts]
        return Order(
            parts=tuple(
                Part(
                    candidate=Candidate(
                        number=part.number, algorithm=trial.algorithm, params=trial.params,
                        seed=self._wishes.seed + part.number,
                    ),
                    weight=part.weight, refit=part.refit, most=part.most, seconds=trial.seconds * 1.3,
                )
                for part, trial in parts
            ),
            answers=None if selection is None else selection.answers,
            truth=pool.truth, until=until, most_ms=self._wishes.max_ms, save=self._save,
        )  # fmt: skip
