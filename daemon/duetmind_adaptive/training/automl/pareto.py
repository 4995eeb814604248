"""Several objectives at once: the blends that nothing beats in all of them, and the one that is chosen.

Blends are selected under bounds on their serving cost that get tighter and tighter; together with the single trials
they are points, and those that no other point beats form the front. Chosen is the cheapest point whose metric is within
one standard error of the best: what costs more is not known to be better.

Reference
---------
K. Deb, "Multi-objective optimization using evolutionary algorithms" (2001), for the front.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from duetmind_adaptive.drift.metrics import higher_is_better
from duetmind_adaptive.training.automl.choosing import Pool, Selection, choose, single
from duetmind_adaptive.training.automl.ensemble import Cost
from duetmind_adaptive.training.automl.scoring import score

#: objectives that are costs of serving, less being better
COSTS = ("predict_ms", "model_mb")
#: shares of the bounds under which blends are selected
SHARES = (1.0, 0.5, 0.25, 0.12, 0.06, 0.03)
#: replicates of the standard error
REPLICATES = 50


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """One blend and where it stands."""

    values: dict[str, float]
    selection: Selection

    @property
    def members(self) -> dict[int, float]:
        """Trials and weights."""
        return {part.number: part.weight for part in self.selection.parts}


def choose_point(
    pool: Pool, limit: Cost, objectives: Sequence[str]
) -> tuple[Selection | None, tuple[Point, ...], Point | None]:
    """The chosen blend, the front by falling metric, and the chosen point.

    Parameters
    ----------
    pool
        Finished trials.
    limit
        Nothing dearer is looked at, as long as there is anything else.
    objectives
        The metrics and costs that are traded off; the first metric is the one searched for.
    """
    found = [choose(pool, _part(limit, share)) for share in SHARES]
    found += [single(pool, trial) for trial in pool.trials]
    kept = [each for each in found if each is not None and each.cost.within(limit)]
    kept = kept or [each for each in found if each is not None]
    points = [Point(_values(pool, each, objectives), each) for each in kept]
    front = _front(points)
    if not front:
        return None, (), None
    first = next(name for name in objectives if name not in COSTS)
    ordered = tuple(sorted(front, key=lambda point: -_upward(first, point.values[first])))
    chosen = _within_error(pool, ordered, first)
    return chosen.selection, ordered, chosen


def _part(limit: Cost, share: float) -> Cost:
    return Cost(limit.milliseconds * share, limit.size * share, limit.seconds)


def _values(pool: Pool, selection: Selection, objectives: Sequence[str]) -> dict[str, float]:
    costs = {"predict_ms": selection.cost.milliseconds, "model_mb": selection.cost.size / 1e6}
    return {
        name: costs[name] if name in costs else score(name, pool.task, pool.truth, selection.answers)
        for name in objectives
    }


def _front(points: Sequence[Point]) -> list[Point]:
    """Points that no other is at least as good as in everything and better in something."""
    table = np.array([[_upward(name, value) for name, value in point.values.items()] for point in points])
    kept = list[Point]()
    for at, point in enumerate(points):
        no_worse, better = (table >= table[at]).all(axis=1), (table > table[at]).any(axis=1)
        same = (table[:at] == table[at]).all(axis=1).any()
        if not (no_worse & better).any() and not same:
            kept.append(point)
    return kept


def _within_error(pool: Pool, front: Sequence[Point], metric: str) -> Point:
    best = front[0]
    error = standard_error(metric, pool.task, pool.truth, best.selection.answers, pool.seed)
    least = _upward(metric, best.values[metric]) - error
    near = [point for point in front if _upward(metric, point.values[metric]) >= least]
    return min(near, key=lambda point: (point.selection.cost.milliseconds, point.selection.cost.size))


def standard_error(metric: str, task: str, truth: Any, answers: Any, seed: int) -> float:
    """Of a metric, by the bootstrap."""
    generator = np.random.default_rng(seed)
    draws = [generator.integers(len(truth), size=len(truth)) for _ in range(REPLICATES)]
    return float(np.nanstd([score(metric, task, truth[rows], answers[rows]) for rows in draws]))


def _upward(name: str, value: float) -> float:
    return value if name not in COSTS and higher_is_better(name) else -value
