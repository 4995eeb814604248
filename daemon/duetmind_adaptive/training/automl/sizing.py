"""How thoroughly trials can be judged within a budget: how many folds are fitted, how many rounds, how many rows.

From the size of the data alone, not from measured times: the same data and budget are always treated alike, so that
only the number of trials depends on the machine.
"""

from __future__ import annotations

from dataclasses import dataclass

from duetmind_adaptive.training.automl.portfolio import MOST_ROUNDS

#: seconds of boosting per row, column, round and class, on one core of an ordinary machine
UNIT_SECONDS = 8e-9
#: rounds of an ordinary configuration
ROUNDS = 240
FEWEST_ROUNDS = 30
#: of the budget that one trial with all its folds should take; and one fit at most
TRIAL_SHARE, FIT_SHARE = 0.1, 0.13
#: never learn from fewer rows than these
FEWEST_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Sizing:
    """What a budget allows."""

    #: folds that are fitted, of those there are; fewer than all: members learn from all rows once they are chosen
    fitted: int
    rounds: int
    #: learned from at most
    rows: int


def size_up(rows: int, columns: int, classes: int, folds: int, budget: float | None) -> Sizing:
    """Fit the effort to the budget in seconds; None = unlimited.

    Examples
    --------
    >>> size_up(5_000, 20, 2, 5, 30.0)
    Sizing(fitted=5, rounds=500, rows=5000)
    >>> size_up(28_000, 20, 5, 5, 30.0)
    Sizing(fitted=1, rounds=139, rows=28000)
    """
    if budget is None:
        return Sizing(folds, MOST_ROUNDS, rows)
    per_round = UNIT_SECONDS * (columns + 5) * (classes if classes > 2 else 1)
    most = max(FEWEST_ROWS, int(FIT_SHARE * budget / (per_round * FEWEST_ROUNDS)))
    used = min(rows, most)
    fit = per_round * used * ROUNDS
    affordable = int(TRIAL_SHARE * budget / fit) if fit else folds
    fitted = folds if affordable >= folds - 1 else max(1, min(2, affordable))
    rounds = MOST_ROUNDS if fit <= FIT_SHARE * budget else max(FEWEST_ROUNDS, int(ROUNDS * FIT_SHARE * budget / fit))
    return Sizing(fitted, rounds, used)
