"""Which trials answer together, and with what weights: greedy selection on answers to rows nobody learned from.

Starting with nothing, the trial whose addition makes the mean answer best is added, again and again, the same one more
than once if that is best; weights are the counts. The best of all steps counts. What it would cost to serve, to store
and to fit the chosen ones is bounded on the way, so the result needs no pruning afterwards.

Reference
---------
R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes, "Ensemble selection from libraries of models", ICML (2004).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[Any]

#: additions at most; weights are multiples of one over this at finest
STEPS = 24
#: a further addition must win this much, or the selection has ended
LEAST_GAIN = 1e-5


@dataclass(frozen=True, slots=True)
class Cost:
    """What one trial's members, or all members together, take: milliseconds for 1,000 rows, bytes, seconds to fit."""

    milliseconds: float = 0.0
    size: float = 0.0
    seconds: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.milliseconds + other.milliseconds, self.size + other.size, self.seconds + other.seconds)

    def within(self, limit: Cost) -> bool:
        """Whether no part exceeds the limit's."""
        return self.milliseconds <= limit.milliseconds and self.size <= limit.size and self.seconds <= limit.seconds


#: nothing is too dear
FREE = Cost(float("inf"), float("inf"), float("inf"))


def select(
    answers: Sequence[Matrix], costs: Sequence[Cost], gain: Callable[[Matrix], float], limit: Cost = FREE
) -> dict[int, float]:
    """The chosen trials' weights, by their place in `answers`; they sum to one.

    Parameters
    ----------
    answers
        Of each trial, for the same rows.
    costs
        Of each trial, counted once however often it is added.
    gain
        What is maximised, of a mean answer.
    limit
        Of all chosen trials together.

    Returns
    -------
    Empty only when no trial by itself is within the limit.

    Examples
    --------
    >>> truth = np.array([0.0, 1.0, 2.0])
    >>> low, high, far = truth[:, None] - 1, truth[:, None] + 1, truth[:, None] + 9
    >>> select([low, high, far], [Cost()] * 3, lambda mean: -float(abs(mean[:, 0] - truth).sum()))
    {0: 0.5, 1: 0.5}
    """
    chosen, total, spent = list[int](), 0.0, Cost()
    best, best_gain = list[int](), -np.inf
    for step in range(STEPS):
        open_to = [at for at in range(len(answers)) if at in chosen or (spent + costs[at]).within(limit)]
        if not open_to:
            break
        gains = [gain((total + answers[at]) / (step + 1)) for at in open_to]
        place = int(np.argmax(gains))
        at = open_to[place]
        spent = spent if at in chosen else spent + costs[at]
        total = total + answers[at]
        chosen.append(at)
        if gains[place] > best_gain + LEAST_GAIN:
            best, best_gain = list(chosen), gains[place]
        elif step - len(best) >= 4:
            break
    return {at: best.count(at) / len(best) for at in sorted(set(best))}


def mix(answers: Sequence[Matrix], weights: dict[int, float]) -> Matrix:
    """The weighted mean answer."""
    return np.sum([weight * answers[at] for at, weight in weights.items()], axis=0)
