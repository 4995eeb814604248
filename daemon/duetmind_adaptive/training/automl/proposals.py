"""What to try next: for each algorithm a tree-structured Parzen estimator of its own, fed with all that was tried.

One estimator for all algorithms would sample the parameters that depend on the algorithm independently, without saying
so; with one each, every parameter is in every trial, and their importance can be told.

Reference
---------
J. Bergstra, R. Bardenet, Y. Bengio, B. Kégl, "Algorithms for hyper-parameter optimization", NeurIPS (2011).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from duetmind_adaptive.training.automl.portfolio import complete, with_rounds
from duetmind_adaptive.training.automl.spaces import SPACES, Choice, Span

#: how often the best, second best and third best algorithm come in turn
TURNS = (0, 1, 0, 2, 0, 1)
#: trials of an algorithm before its estimator is asked; the portfolio's count
STARTUP = 4
#: trials that the estimator is asked for at most until one is new
TRIES = 5


class Proposals:
    """Proposes configurations; the same seed and history give the same ones."""

    def __init__(self, algorithms: Sequence[str], seed: int) -> None:
        self._algorithms = [name for name in algorithms if name in SPACES]
        self._seed = seed
        self._studies: dict[str, Any] = {}
        self._best: dict[str, float] = {}
        self._asked = 0

    def tell(self, algorithm: str, params: Mapping[str, Any], value: float | None) -> None:
        """Learn what a trial gave, larger being better; None: it failed."""
        import optuna  # noqa: PLC0415 - costs time that a short search does not have

        space = _distributions(algorithm)
        known = {name: value_ for name, value_ in complete(algorithm, params).items() if name in space}
        if set(known) != set(space) or not all(_inside(SPACES[algorithm][name], known[name]) for name in space):
            return
        state = optuna.trial.TrialState.FAIL if value is None else optuna.trial.TrialState.COMPLETE
        study = self.study(algorithm)
        study.add_trial(optuna.create_trial(params=known, distributions=space, value=value, state=state))
        if value is not None:
            self._best[algorithm] = max(value, self._best.get(algorithm, value))

    def ask(self) -> tuple[str, dict[str, Any]]:
        """The next configuration; better algorithms have more turns."""
        ranked = sorted(self._algorithms, key=lambda name: -self._best.get(name, float("-inf")))
        algorithm = ranked[min(TURNS[self._asked % len(TURNS)], len(ranked) - 1)]
        self._asked += 1
        trial = self.study(algorithm).ask(_distributions(algorithm))
        return algorithm, with_rounds(algorithm, trial.params)

    def study(self, algorithm: str) -> Any:
        """The Optuna study of an algorithm, in memory."""
        import optuna  # noqa: PLC0415 - as above

        if algorithm not in self._studies:
            optuna.logging.set_verbosity(optuna.logging.ERROR)
            sampler = optuna.samplers.TPESampler(seed=self._seed, n_startup_trials=STARTUP)
            self._studies[algorithm] = optuna.create_study(direction="maximize", sampler=sampler)
        return self._studies[algorithm]


def _inside(dimension: Span | Choice, value: Any) -> bool:
    """Whether a space holds a value."""
    if isinstance(dimension, Choice):
        return value in dimension.values
    return dimension.low <= value <= dimension.high


def _distributions(algorithm: str) -> dict[str, Any]:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution  # noqa: PLC0415 - as above

    def of(dimension: Span | Choice) -> Any:
        if isinstance(dimension, Choice):
            return CategoricalDistribution(dimension.values)
        if dimension.whole:
            return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
        return FloatDistribution(dimension.low, dimension.high, log=dimension.log)

    return {name: of(dimension) for name, dimension in SPACES[algorithm].items()}
