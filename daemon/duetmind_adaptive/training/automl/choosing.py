"""From finished trials to what is to be delivered: which of them, with what weights, as they are or fitted once more.

A trial's members (one for each fold) are delivered as they are where that fits the bounds on serving, for they cost
nothing more; else one member that learns from all rows takes their place, which needs time before the deadline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.training.automl.costs import serving_ms
from duetmind_adaptive.training.automl.ensemble import Cost, mix, select
from duetmind_adaptive.training.automl.scoring import gain
from duetmind_adaptive.training.automl.study import Trial

Matrix = NDArray[Any]

#: trials that are looked at, the best ones
MOST_CANDIDATES = 24
#: rows that a selection is judged on
MOST_ROWS = 8_000
#: the share of a pickled member's bytes that the compressed file takes
COMPRESSED = 0.45
#: fitting all rows instead of a fold's, in time
WHOLE = 1.3
#: a fit is begun only if so many times what it should take is left: nothing can end it but the end of its process
SURELY = 2.0
#: of the limit, what one trial may cost: greedy selection takes the best first, however dear
SHARES = (1.0, 0.5, 0.34, 0.2)
#: by so much a selection of single members must be better than one of whole trials
MARGIN = 5e-4


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pool:
    """Finished trials that can be mixed, and what they answered for the same rows."""

    trials: tuple[Trial, ...]
    truth: Matrix
    metric: str
    task: str
    classes: int
    columns: int
    #: members of each trial
    members: int
    #: numbers of the trials whose members are at hand
    at_hand: frozenset[int]
    #: whether the folds cover all rows, so that their members are worth delivering
    whole: bool
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Chosen:
    """One trial's part in the blend."""

    number: int
    weight: float
    #: its members have to be fitted again, on all rows
    refit: bool
    #: of the members of its folds, so many; 0 = all
    most: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """A blend to deliver."""

    parts: tuple[Chosen, ...]
    #: its answers to the rows of the pool
    answers: Matrix
    cost: Cost


def choose(pool: Pool, limit: Cost) -> Selection | None:
    """The best blend within the limit; without any, the cheapest trial; None where no trial has finished.

    Parameters
    ----------
    pool
        What there is.
    limit
        Milliseconds for 1,000 rows, bytes of the artifact, and seconds that are left for fitting again.
    """
    if not pool.trials:
        return None
    best = sorted(pool.trials, key=lambda trial: -_gain(pool, trial.answers))[:MOST_CANDIDATES]
    once = _select(pool, best, limit, refit=True)
    whole = _select(pool, best, limit, refit=False) if pool.whole else None
    if once is None:
        return whole or _cheapest(pool, best)
    if whole is not None and _gain(pool, once.answers) < _gain(pool, whole.answers) + MARGIN:
        return whole
    return _with_bags(pool, once, limit) if pool.whole else once


def at_hand(pool: Pool, limit: Cost) -> Selection | None:
    """The best trial that can be delivered at once, by as many members as fit the limit, or one; None without any."""
    here = [trial for trial in pool.trials if trial.number in pool.at_hand]
    if not here:
        return None
    served = [trial for trial in here if cost_of(pool, trial, refit=True).within(limit)]
    trial = max(served or here, key=lambda trial: _gain(pool, trial.answers))
    one = cost_of(pool, trial, refit=True)
    fits = min(pool.members, limit.milliseconds / one.milliseconds, limit.size / max(one.size, 1.0))
    part = Chosen(trial.number, 1.0, refit=False, most=max(1, int(fits)))
    return Selection((part,), np.asarray(trial.answers), one)


def cost_of(pool: Pool, trial: Trial, *, refit: bool) -> Cost:
    """What serving and fitting a trial takes."""
    count = 1 if refit else pool.members
    milliseconds = serving_ms(trial.algorithm, trial.params, pool.classes, pool.columns) * count
    # of a trial at hand a fold's member stands in where there is no time
    again = trial.number not in pool.at_hand
    seconds = trial.seconds * WHOLE * (1 if refit else pool.members) if again else 0.0
    return Cost(milliseconds, trial.size * count * COMPRESSED, seconds)


def _with_bags(pool: Pool, selection: Selection, limit: Cost) -> Selection:
    """Whole trials instead of single members, the weightiest first, as far as the limit allows."""
    trials = {trial.number: trial for trial in pool.trials}
    parts, total = {part.number: part for part in selection.parts}, selection.cost
    for part in sorted(selection.parts, key=lambda part: -part.weight):
        trial = trials[part.number]
        one, bag = cost_of(pool, trial, refit=True), cost_of(pool, trial, refit=False)
        grown = Cost(
            *(now - less + more for now, less, more in zip(astuple(total), astuple(one), astuple(bag), strict=True))
        )
        if grown.within(limit):
            parts[part.number], total = replace(part, refit=False), grown
    return Selection(tuple(parts.values()), selection.answers, total)


def single(pool: Pool, trial: Trial) -> Selection:
    """One trial alone, fitted to all rows."""
    part = Chosen(trial.number, 1.0, refit=True)
    return Selection((part,), np.asarray(trial.answers), cost_of(pool, trial, refit=True))


def _select(pool: Pool, trials: Sequence[Trial], limit: Cost, *, refit: bool) -> Selection | None:
    """The best of what greedy selection finds with and without the dear trials, one of which may use the limit up."""
    costs = {trial.number: cost_of(pool, trial, refit=refit) for trial in trials}
    found = list[Selection]()
    for share in SHARES:
        most = Cost(limit.milliseconds * share, limit.size * share, limit.seconds)
        few = [trial for trial in trials if costs[trial.number].within(most)]
        if few and not (found and len(few) == len(trials)):
            found += [selection for selection in [_greedy(pool, few, costs, limit, refit=refit)] if selection]
    return max(found, key=lambda selection: _gain(pool, selection.answers), default=None)


def _greedy(
    pool: Pool, trials: Sequence[Trial], costs: Mapping[int, Cost], limit: Cost, *, refit: bool
) -> Selection | None:
    rows = _sample(pool)
    answers = [np.asarray(trial.answers)[rows] for trial in trials]
    judge = partial(gain, pool.metric, pool.task, pool.truth[rows])
    weights = select(answers, [costs[trial.number] for trial in trials], judge, limit)
    if not weights:
        return None
    parts = tuple(Chosen(trials[at].number, weight, refit) for at, weight in weights.items())
    total = sum((costs[trials[at].number] for at in weights), Cost())
    return Selection(parts, mix([np.asarray(trial.answers) for trial in trials], weights), total)


def _cheapest(pool: Pool, trials: Sequence[Trial]) -> Selection:
    """The quickest to serve of those at hand, as it is or by one of its members: something is always delivered."""
    here = [trial for trial in trials if trial.number in pool.at_hand] or list(trials)
    trial = min(here, key=lambda each: cost_of(pool, each, refit=True).milliseconds)
    part = Chosen(trial.number, 1.0, trial.number not in pool.at_hand)
    return Selection((part,), np.asarray(trial.answers), cost_of(pool, trial, refit=True))


def _sample(pool: Pool) -> Matrix:
    size = len(pool.truth)
    if size <= MOST_ROWS:
        return np.arange(size)
    return np.sort(np.random.default_rng(pool.seed).choice(size, MOST_ROWS, replace=False))


def _gain(pool: Pool, answers: Matrix | None) -> float:
    rows = _sample(pool)
    return float("-inf") if answers is None else gain(pool.metric, pool.task, pool.truth[rows], answers[rows])
