"""Evidence that may be looked at after every window, for ever: e-processes against "the mean is within its tolerance".

An e-process is the capital of somebody who bets against the null hypothesis at fair odds. While the null is true it
exceeds ``1 / alpha`` at any time at all with a probability of at most ``alpha`` (Ville's inequality), however often one
looks. Both states here are small, frozen and made of plain numbers; `update` gives the next one. They gather evidence
from a fixed start; for a change that may come after months see `e_detector`.

The reference is a sample too: with a tolerance of 0, months of evidence find its sampling error in the end. Give one
that covers it, such as four standard errors of the reference's mean.

`NormalMixture`, for estimates x with known standard errors s that are normal (or sub-Gaussian) given the past:
``E_± = 2 (1 + r² V)^(-1/2) exp(r² Y² / (2 (1 + r² V))) Φ(r Y / √(1 + r² V))`` with ``V = Σ 1/s²`` and
``Y = ± Σ x/s² - τ V``, a half-normal mixture (scale r) of likelihood ratios; the e-process is ``(E_+ + E_-) / 2``.

`HedgedCapital`, for values in [0, 1] of any distribution: ``K_+ = Π (1 + λ (x - high))`` and
``K_- = Π (1 - λ' (x - low))``, each λ set from the past only, near the one that makes the capital grow fastest; the
e-process is ``(K_+ + K_-) / 2``.

References
----------
H. Robbins, "Statistical methods related to the law of the iterated logarithm", Ann. Math. Stat. 41 (1970), 1397-1409.
S. R. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences",
Annals of Statistics 49 (2021), 1055-1080.
I. Waudby-Smith, A. Ramdas, "Estimating means of bounded random variables by betting", J. Royal Stat. Soc. B 86 (2024),
1-27.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

#: largest share of the capital that is put at stake in one bet
_MOST_AT_STAKE = 0.5


def _log_mean(first: float, second: float) -> float:
    return float(np.logaddexp(first, second)) - math.log(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalMixture:
    """Evidence against ``|mean| ≤ tolerance`` from estimates with known standard errors.

    Examples
    --------
    >>> state = NormalMixture(tolerance=0.05, scale=0.2)
    >>> for shift in (0.01, 0.21, 0.18):
    ...     state = state.update(shift, error=0.03)
    >>> round(state.log_e_value, 3)
    9.038
    """

    #: largest mean, to either side, that is no change; in the unit of the estimates
    tolerance: float
    #: size of the excess over the tolerance that is looked for (r); about right is right enough
    scale: float
    #: Σ 1/s²
    precision: float = 0.0
    #: Σ x/s²
    weighted: float = 0.0

    def update(self, estimate: float, error: float) -> NormalMixture:
        """State after one more estimate with standard error `error` > 0."""
        weight = 1 / error**2
        return replace(self, precision=self.precision + weight, weighted=self.weighted + weight * estimate)

    @property
    def log_e_value(self) -> float:
        """Natural logarithm of the e-value so far; 0 at the start."""
        return _log_mean(self._one_sided(self.weighted), self._one_sided(-self.weighted))

    def _one_sided(self, weighted: float) -> float:
        spread = 1 + self.scale**2 * self.precision
        excess = self.scale * (weighted - self.tolerance * self.precision) / math.sqrt(spread)
        return math.log(2) - math.log(spread) / 2 + excess**2 / 2 + float(log_ndtr(excess))


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgedCapital:
    """Evidence against ``low ≤ mean ≤ high`` from values in [0, 1], whatever their distribution.

    Valid when each value has, given the ones before, a mean in that range.

    Examples
    --------
    >>> rows = np.random.default_rng(1).binomial(1, 0.3, size=(4, 200)).astype(float)
    >>> state = HedgedCapital(low=0.1, high=0.2)
    >>> for window in rows:
    ...     state = state.update(window)
    >>> round(state.log_e_value, 3)
    18.368
    """

    low: float
    high: float
    log_up: float = 0.0
    log_down: float = 0.0
    #: of the values so far: how many, their sum, the sum of their squares
    count: int = 0
    total: float = 0.0
    squares: float = 0.0

    def update(self, values: NDArray[np.float64]) -> HedgedCapital:
        """State after one more window of values; the bets on all of them are set by the windows before."""
        up, down = self._bet(self.high, 1.0), self._bet(self.low, -1.0)
        return replace(
            self,
            log_up=self.log_up + float(np.log1p(up * (values - self.high)).sum()),
            log_down=self.log_down + float(np.log1p(-down * (values - self.low)).sum()),
            count=self.count + values.size,
            total=self.total + float(values.sum()),
            squares=self.squares + float((values**2).sum()),
        )

    @property
    def log_e_value(self) -> float:
        """Natural logarithm of the e-value so far; 0 at the start."""
        return _log_mean(self.log_up, self.log_down)

    def _bet(self, bound: float, sign: float) -> float:
        """Return λ ≥ 0: the growth-optimal one to second order for the mean and variance of the past (aGRAPA)."""
        mean = (0.5 + self.total) / (self.count + 1)
        variance = max(0.0, (0.25 + self.squares - 2 * mean * self.total + self.count * mean**2) / (self.count + 1))
        excess = sign * (mean - bound)
        if self.count == 0 or excess <= 0:
            return 0.0
        limit = bound if sign > 0 else 1 - bound
        best = excess / (variance + excess**2)
        return min(best, _MOST_AT_STAKE / limit) if limit > 0 else best
