"""A point in time that everything has to be done by, and what is known of how long things take.

Nothing that cannot end in time is begun: before a trial the costs of those of its kind that were measured in this run
are asked. The clock starts with the command where the budget is long enough to hold the imports, else when workers
are ready.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

#: seconds; a budget from here on includes starting Python and importing libraries
WITH_IMPORTS = 20.0
#: a trial may take this many times what the same algorithm took before it
WORST = 1.5
#: kept for the end beside what is asked for: a share of the budget, at most so many seconds
MORE_SHARE, MOST_MORE = 0.025, 0.75
#: a machine that is more crowded than this is taken to be this crowded
MOST_CONTENTION = 8.0


@dataclass(slots=True)
class Deadline:
    """When it is over; never, without a budget.

    Parameters
    ----------
    budget
        Seconds; None = unlimited.
    began
        When the clock started, by `clock`.
    clock
        Monotonic seconds.
    """

    budget: float | None
    began: float
    clock: Callable[[], float] = time.monotonic
    #: how many times longer things take than they would on a core of their own: what is kept for the end grows by it
    contention: float = 1.0
    #: of each algorithm, seconds for a unit of work
    _costs: dict[str, float] = field(default_factory=dict[str, float])
    _dearest: float = 0.0

    @property
    def left(self) -> float:
        """Seconds; infinite without a budget."""
        return float("inf") if self.budget is None else self.budget - self.spent

    @property
    def spent(self) -> float:
        """Seconds since the clock started."""
        return self.clock() - self.began

    def before(self, seconds: float) -> float:
        """What is left until so long before the end: the longer the budget, the more there is to write down by then."""
        more = 0.0 if self.budget is None else min(MOST_MORE, MORE_SHARE * self.budget)
        return self.left - (seconds + more) * self.contention

    def crowded(self, wall: float, processor: float) -> None:
        """Learn from a piece of work how much of a core there is.

        Parameters
        ----------
        wall, processor
            Seconds that it took, and that it computed.
        """
        seen = min(max(wall / max(processor, 1e-3), 1.0), MOST_CONTENTION)
        self.contention = 0.5 * (self.contention + seen)

    def learn(self, algorithm: str, seconds: float, work: float = 1.0) -> None:
        """Remember what a trial took, the dearest counting most.

        Parameters
        ----------
        work
            How much it did, in the algorithm's own unit (`costs.fitting_work`).
        """
        each = seconds / work
        before = self._costs.get(algorithm, each)
        self._costs[algorithm] = max(each, 0.5 * (before + each))
        self._dearest = max(self._dearest, seconds)

    def expected(self, algorithm: str, share: float, work: float = 1.0) -> float:
        """Seconds that a trial will take at most, as far as one can know.

        Parameters
        ----------
        share
            What an algorithm costs that was not tried yet, in units of the dearest trial.
        work
            How much it is to do.
        """
        if algorithm in self._costs:
            return WORST * self._costs[algorithm] * work
        return share * self._dearest
