"""Whether a series has a trend, and where its level and slope stand: an average over local linear trend models.

Each model is ``y = level + noise``, ``level' = level + slope·dt + step``, ``slope' = damping·slope + bend``; part of
the noise repeats its neighbour by a correlation, the rest is independent; steps and bends are normal. All variances are
relative to that of the noise, which is integrated out. Level, slope and noise are followed by a Kalman filter over all
models at once. The models of a series that stands have no slope, and a level that is as good as fixed; what wanders in
them is the noise, which comes back. The evidence of a trend is the ratio of what the models with a slope and those that
stand make of the series (a Bayes factor), which over all the lengths of a series that stands exceeds L with probability
1 / L at most (Ville).

Reference
---------
A. C. Harvey, "Forecasting, Structural Time Series Models and the Kalman Filter", Cambridge 1989, sections 2.3, 3.4.
R. E. Kass, A. E. Raftery, "Bayes factors", JASA 90 (1995), 773-795.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

Floats = NDArray[np.float64]

#: variance of a level's steps, with its prior weight; of a series that stands, and of one that moves
STANDING_STEPS = {0.0: 0.8, 0.003: 0.2}
MOVING_STEPS = {0.0: 0.7, 0.003: 0.15, 0.03: 0.1, 0.3: 0.05}
#: correlation of neighbouring noise and the share of the noise that has it, with their prior weight
NOISES = {(0.0, 1.0): 0.4, (0.5, 1.0): 0.2, (0.8, 1.0): 0.12, (0.8, 0.5): 0.12, (0.95, 1.0): 0.08, (0.95, 0.5): 0.08}
#: larger steps than this go with independent noise only: together they could not be told apart
SMALL = 0.003
#: variance of a slope's bends, deviation of the first slope, and what is left of a slope after a step of time, with
#: their prior weight: slopes that last are likeliest
SLOPES = {
    (0.0, 0.02, 1.0): 0.28,
    (0.0, 0.2, 1.0): 0.28,
    (3e-6, 0.02, 1.0): 0.1,
    (1e-4, 0.05, 1.0): 0.08,
    (3e-3, 0.1, 1.0): 0.04,
    (0.1, 0.3, 1.0): 0.02,
    (1e-4, 0.05, 0.95): 0.1,
    (3e-3, 0.1, 0.95): 0.06,
    (0.1, 0.3, 0.9): 0.03,
    (1.0, 1.0, 0.9): 0.01,
}
#: variance of the first level, which is as good as unknown
_ANYWHERE = 1e4
#: a noise smaller than this share of the largest value is rounding
_ROUNDING = 1e-9
_OBSERVED = np.array([1.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """The models, one per place; all of shape (g,)."""

    step: Floats
    bend: Floats
    correlation: Floats
    share: Floats
    first_slope: Floats
    damping: Floats
    log_prior: Floats

    @property
    def sloped(self) -> NDArray[np.bool_]:
        """Which have a slope at all."""
        return self.first_slope > 0


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """What the models with a slope say of level, slope and noise at the newest value, g of them."""

    #: natural logarithm of the Bayes factor of a trend against none
    evidence: float
    models: Models
    #: posterior probability of each model, shape (g,)
    weights: Floats
    #: (level, slope, noise), shape (g, 3), with its covariance in units of `variance`, shape (g, 3, 3)
    state: Floats
    covariance: Floats
    #: of the noise, shape (g,), known with so many degrees of freedom
    variance: Floats
    freedom: int

    @property
    def slope(self) -> float:
        """Posterior mean of the slope."""
        return float(self.weights @ self.state[:, 1])

    @property
    def rising(self) -> float:
        """Posterior probability that the slope is positive now, whatever it was before."""
        spread = np.sqrt(np.maximum(self.covariance[:, 1, 1] * self.variance, 1e-300))
        return float(self.weights @ stdtr(self.freedom, self.state[:, 1] / spread))


@lru_cache(maxsize=1)
def all_models() -> Models:
    """The grid of models: first those that stand."""
    standing = [((0.0, 0.0, 1.0), 1.0, step) for step in STANDING_STEPS.items()]
    moving = [(slope, weight, step) for slope, weight in SLOPES.items() for step in MOVING_STEPS.items()]
    rows = [
        (step, bend, correlation, share, first, damping, np.log(of_step * of_noise * of_slope))
        for (bend, first, damping), of_slope, (step, of_step) in [*standing, *moving]
        for (correlation, share), of_noise in NOISES.items()
        if step <= SMALL or not correlation
    ]
    return Models(*np.array(rows).T)


def local_trend(values: Floats, spacing: Floats) -> Trend:
    """Follow a series.

    Parameters
    ----------
    values
        Oldest first, shape (n,), n ≥ 4, finite, without single outliers.
    spacing
        Time from each value to the next, shape (n - 1,), in units of the usual one; positive.

    Examples
    --------
    >>> noise = np.random.default_rng(3).normal(size=60)
    >>> flat, rising = (local_trend(noise + rate * np.arange(60), np.ones(59)) for rate in (0.0, 0.1))
    >>> flat.evidence < 0, rising.evidence > 5, round(rising.slope, 1)
    (True, True, 0.1)
    """
    models = all_models()
    state, covariance, log_likelihood, variance = _filtered(models, values, spacing)
    posterior = log_likelihood + models.log_prior
    sloped = models.sloped
    whole = _log_sum(posterior[sloped])
    kept = Models(*(part[sloped] for part in _parts(models)))
    weights = np.exp(posterior[sloped] - whole)
    freedom = max(values.size - 3, 3)
    evidence = whole - _log_sum(posterior[~sloped])
    return Trend(evidence, kept, weights, state[sloped], covariance[sloped], variance[sloped], freedom)


def _log_sum(logarithms: Floats) -> float:
    """The logarithm of the sum, without overflow."""
    largest = float(logarithms.max())
    return largest + float(np.log(np.exp(logarithms - largest).sum()))


def _parts(models: Models) -> tuple[Floats, ...]:
    return tuple(getattr(models, part.name) for part in fields(models))


def _filtered(models: Models, values: Floats, spacing: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """State, its covariance, log likelihood and variance of the noise of every model after the newest value."""
    count = models.step.size
    state, covariance = np.zeros((count, 3)), np.zeros((count, 3, 3))
    covariance[:, 0, 0], covariance[:, 1, 1], covariance[:, 2, 2] = _ANYWHERE, models.first_slope**2, models.share
    state[:, 0] = values[0]
    squares, log_size = np.zeros(count), np.zeros(count)
    state, covariance, _, _ = _updated(models, state, covariance, float(values[0]))
    moved, noise = _transition(models, 1.0)
    before = 1.0
    for value, gap in zip(values[1:].tolist(), spacing.tolist(), strict=True):
        if gap != before:
            moved, noise = _transition(models, gap)
            before = gap
        state = (moved @ state[:, :, np.newaxis])[:, :, 0]
        covariance = moved @ covariance @ moved.transpose(0, 2, 1) + noise
        state, covariance, missed, size = _updated(models, state, covariance, value)
        squares += missed**2 / size
        log_size += np.log(size)
    free = values.size - 1
    variance = np.maximum(squares / free, max((_ROUNDING * float(np.abs(values).max())) ** 2, 1e-300))
    return state, covariance, -0.5 * (log_size + free * np.log(variance)), variance


def _updated(models: Models, state: Floats, covariance: Floats, value: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Learn one value; also by how much it was missed, and the variance of that."""
    missed = value - state[:, 0] - state[:, 2]
    reach = covariance @ _OBSERVED
    size = reach @ _OBSERVED + 1 - models.share
    gain = reach / size[:, np.newaxis]
    learned = state + gain * missed[:, np.newaxis]
    return learned, covariance - gain[:, :, np.newaxis] * reach[:, np.newaxis, :], missed, size


def _transition(models: Models, gap: float) -> tuple[Floats, Floats]:
    """How the state moves on over a gap, and the covariance of what is added; both of shape (g, 3, 3)."""
    moved, noise = (np.zeros((models.step.size, 3, 3)) for _ in range(2))
    kept = models.correlation**gap
    lasting = models.damping**gap
    damped = models.damping < 1
    moved[:, 0, 0] = 1.0
    moved[:, 0, 1] = np.divide(1 - lasting, 1 - models.damping, out=np.full(kept.size, gap), where=damped)
    moved[:, 1, 1], moved[:, 2, 2] = lasting, kept
    noise[:, 0, 0] = models.step * gap + models.bend * gap**3 / 3
    noise[:, 0, 1] = noise[:, 1, 0] = models.bend * gap**2 / 2
    noise[:, 1, 1], noise[:, 2, 2] = models.bend * gap, models.share * (1 - kept**2)
    return moved, noise
