"""How often the promotion gate errs, in 1,000 simulated comparisons a case: an equal challenger, a worse, a better one.

The margin of a comparison is the smallest difference that could prove itself on so many rows: the half-width of its
one-sided interval. Rows that err together follow a latent series with an autocorrelation of 0.3. Then how often a part
of the traffic blocks a challenger (`benchmarks.gate_parts`).
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from benchmarks.figures import Figure, at_least, at_most
from benchmarks.gate_parts import blocked
from duetmind_adaptive.registry.gate import Answers, GateRules, compare
from duetmind_adaptive.stats.intervals import wilson

SIMULATIONS, SIMULATIONS_QUICK = 1_000, 60
ROWS = 1_000
#: share of rows that the champion answers rightly; its skill, in standard deviations, where scores are judged
RIGHT, SKILL, POSITIVE = 0.8, 1.2, 0.3
RULES = GateRules()
TOGETHER = 0.3

Comparison = tuple[NDArray[np.int64], Answers, Answers]
Case = Callable[[np.random.Generator], Comparison]


def run(quick: bool) -> list[Figure]:
    """Measure (quick: 60 comparisons a case)."""
    count = SIMULATIONS_QUICK if quick else SIMULATIONS
    margin, area = _margin_of_accuracy(), _margin_of_area()
    right, skill = RIGHT, SKILL
    return [
        _rate("equal, accuracy", "accuracy", count, lambda rng: _classes(rng, right, right), at_most(0.05)),
        _rate("equal, accuracy, rows err together", "accuracy", count,
              lambda rng: _classes(rng, right, right, together=TOGETHER), at_most(0.05)),
        _rate("equal, AUC", "roc_auc", count, lambda rng: _scores(rng, skill, skill), at_most(0.05)),
        _rate("worse by the margin, accuracy", "accuracy", count,
              lambda rng: _classes(rng, right, right - margin), at_most(0.01)),
        _rate("worse by the margin, AUC", "roc_auc", count,
              lambda rng: _scores(rng, skill, _skill_for(-area)), at_most(0.01)),
        _rate("better by twice the margin, accuracy", "accuracy", count,
              lambda rng: _classes(rng, right, right + 2 * margin), at_least(0.9)),
        _rate("better by twice the margin, AUC", "roc_auc", count,
              lambda rng: _scores(rng, skill, _skill_for(2 * area)), at_least(0.9)),
        *blocked(count),
    ]  # fmt: skip


def _rate(name: str, metric: str, count: int, case: Case, target: object) -> Figure:
    """The share that was promoted, with the 95 % interval in the name."""
    promoted = sum(_promoted(metric, *case(np.random.default_rng(seed))) for seed in range(count))
    interval = wilson(promoted, count, 0.95)
    said = f"promoted: {name} ({promoted} of {count:,}; 95 %: {interval.low:.3f} to {interval.high:.3f})"
    return Figure(name=said, value=promoted / count, unit="", target=target)  # type: ignore[arg-type]


def _promoted(metric: str, truth: NDArray[np.int64], champion: Answers, challenger: Answers) -> bool:
    found = compare(metric, "binary", truth=truth, champion=champion, challenger=challenger, rules=RULES)
    return found.verdict == "better"


def _classes(rng: np.random.Generator, champion: float, challenger: float, *, together: float = 0.0) -> Comparison:
    truth = (rng.random(ROWS) < POSITIVE).astype(np.int64)
    hits = (norm.cdf(_series(rng, together)) < share for share in (champion, challenger))
    return truth, *(Answers(np.where(hit, truth, 1 - truth)) for hit in hits)


def _series(rng: np.random.Generator, together: float) -> NDArray[np.float64]:
    """Standard normal, each value correlated with the one before."""
    values = rng.normal(size=ROWS)
    for at in range(1, ROWS if together else 0):
        values[at] = together * values[at - 1] + sqrt(1 - together**2) * values[at]
    return values


def _scores(rng: np.random.Generator, champion: float, challenger: float) -> Comparison:
    truth = (rng.random(ROWS) < POSITIVE).astype(np.int64)
    scores = [norm.cdf(skill * truth + rng.normal(size=ROWS) - skill / 2) for skill in (champion, challenger)]
    return truth, *(Answers((score > 0.5).astype(np.int64), score) for score in scores)


def _margin_of_accuracy() -> float:
    """Both err independently of each other, so the difference's variance is twice a hit's."""
    return norm.ppf(RULES.confidence) * sqrt(2 * RIGHT * (1 - RIGHT) / ROWS)


def _margin_of_area() -> float:
    """The usual half-width among equals."""
    widths = list[float]()
    for seed in range(40):
        truth, champion, challenger = _scores(np.random.default_rng(10_000 + seed), SKILL, SKILL)
        found = compare("roc_auc", "binary", truth=truth, champion=champion, challenger=challenger, rules=RULES)
        widths.append((found.difference or 0.0) - (found.low or 0.0))
    return float(np.median(widths))


def _skill_for(more: float) -> float:
    """The skill whose AUC is by so much above the champion's: AUC = Φ(skill / √2) for normal scores."""
    return sqrt(2) * float(norm.ppf(norm.cdf(SKILL / sqrt(2)) + more))
