"""What a metric will come to on rows whose labels are not in: CBPE for classes, a loss model for numbers.

Classes: scores are calibrated on the hold-out, and the metric is taken of the expected counts (`expected`). Numbers: a
small regression of the hold-out's losses on the bins of the inputs says what loss to expect. Either way the hold-out's
rows, weighted to look like the window (`weights`), show how wrong that was on rows like these, and correct it: the
estimate is right where either the calibration or the weights are (doubly robust).

References
----------
J. Białek et al., "Estimating model performance under covariate shift without labels" (2024), arXiv:2401.08348.
J. Robins, A. Rotnitzky, L. Zhao, "Estimation of regression coefficients when some regressors are not always observed",
J. American Statistical Association 89 (1994), 846-866.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.concept.residuals import known_rows
from duetmind_adaptive.drift.estimation.calibrator import Calibrator
from duetmind_adaptive.drift.estimation.design import Binning, Codes, one_hot
from duetmind_adaptive.drift.estimation.expected import expected_metric
from duetmind_adaptive.drift.estimation.scale import Scale, scale_of
from duetmind_adaptive.drift.estimation.weights import Reweighted, reweigh
from duetmind_adaptive.drift.metrics import metric_values
from duetmind_adaptive.drift.performance import metric_scale
from duetmind_adaptive.records import MetricReading

Floats = NDArray[np.float64]

#: penalty on the loss model, in rows
_PENALTY = 5.0
#: of rows that are like none of the hold-out's, how much is taken to do as the hold-out did: promises do not reach them
_DRAWN = 0.2
#: standard error of an estimate for rows that are all of that sort, in units of a fall (`metric_scale`)
_UNKNOWN = 0.12
#: standard errors that the hold-out's surprise must stand out by to count
_NOISE = 2.5


class Raw(NamedTuple):
    """An estimate before late labels have corrected it, on the metric's `Scale`."""

    value: float
    #: standard error: of the window's rows, of the weighted hold-out's, and of what lies beyond it
    error: float
    #: standard error of the metric of so many rows, whoever estimates it
    noise: float
    #: share of the window's rows that lie where the hold-out does
    known: float


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """A classifier's hold-out: codes of the truth and of the answers, and scores of each class, shape (n, k)."""

    metric: str
    task: str
    truth: NDArray[np.intp]
    prediction: NDArray[np.intp]
    scores: Floats
    calibrator: Calibrator

    def estimate(self, prediction: NDArray[np.intp], scores: Floats, weights: Floats) -> tuple[float, float]:
        """What a window's answers promise, and by how much the weighted hold-out's were better than promised."""
        expected = expected_metric(self.metric, self.task, self.calibrator(scores), prediction, scores)
        promised = expected_metric(
            self.metric, self.task, self.calibrator(self.scores), self.prediction, self.scores, weights=weights
        )
        kept = metric_values(
            self.metric,
            self.task,
            truth=self.truth,
            prediction=self.prediction,
            score=self.scores[:, 1] if self.scores.shape[1] == 2 else self.scores,
            weights=weights[np.newaxis],
            classes=list(range(self.scores.shape[1])),
        )
        return expected, float(kept[0]) - promised


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """A regression's hold-out: its losses, and the line that tells them from the inputs."""

    metric: str
    losses: Floats
    codes: Codes
    line: Floats

    @classmethod
    def of(cls, metric: str, truth: Floats, prediction: Floats, codes: Codes) -> Numbers:
        """Learn what losses to expect."""
        losses = np.abs(truth - prediction) if metric == "mae" else (truth - prediction) ** 2
        x = one_hot(codes)
        penalty = np.full(x.shape[1], _PENALTY)
        penalty[0] = 1e-6
        line = np.asarray(np.linalg.solve(x.T @ x + np.diag(penalty), x.T @ losses), dtype=np.float64)
        return cls(metric, losses, codes, line)

    def estimate(self, prediction: Floats, codes: Codes, weights: Floats) -> tuple[float, float]:
        """As of `Classes`."""
        surprise = float(weights @ (self.losses - one_hot(self.codes) @ self.line)) / float(weights.sum())
        loss = max(float((one_hot(codes) @ self.line).mean()), 0.0)
        expected = self._metric(loss, prediction)
        return expected, self._metric(max(loss + surprise, 0.0), prediction) - expected

    def _metric(self, loss: float, prediction: Floats) -> float:
        if self.metric == "mae":
            return loss
        return math.sqrt(loss) if self.metric == "rmse" else 1 - loss / max(float(prediction.var()) + loss, 1e-12)


@dataclass(frozen=True, slots=True, eq=False)
class Estimator:
    """Estimates a metric from what the hold-out shows; `reference` is the metric measured there."""

    binning: Binning
    codes: Codes
    side: Classes | Numbers
    reference: MetricReading

    @property
    def scale(self) -> Scale:
        """The scale that its estimates are on."""
        return scale_of(self.reference.name)

    def of_classes(self, prediction: NDArray[np.intp], scores: Floats, codes: Codes) -> Raw | None:
        """Of a classifier's window; None where the metric is undefined."""
        weighted = reweigh(self.codes, codes)
        if not isinstance(self.side, Classes):
            return None
        return self._raw(*self.side.estimate(prediction, scores, weighted.weights), weighted, codes)

    def of_numbers(self, prediction: Floats, codes: Codes) -> Raw | None:
        """Of a regression's window."""
        weighted = reweigh(self.codes, codes)
        if not isinstance(self.side, Numbers):
            return None
        return self._raw(*self.side.estimate(prediction, codes, weighted.weights), weighted, codes)

    def _raw(self, expected: float, surprise: float, weighted: Reweighted, codes: Codes) -> Raw | None:
        """The surprise counts as far as it stands out of its noise (James–Stein)."""
        if not math.isfinite(expected + surprise):
            return None
        by_row = self.reference.error**2 * self.reference.rows
        worth = self.reference.rows * max(weighted.effective, 0.02)
        noise = _NOISE**2 * by_row / worth
        value = expected + surprise * (max(0.0, 1 - noise / surprise**2) if surprise else 0.0)
        known = float(known_rows(self.codes, codes).mean())
        drawn = value + _DRAWN * (1 - known) * (self.reference.value - value)
        slope = self.scale.slope(self.reference.value)
        sampled = math.sqrt(by_row / len(codes)) * slope
        beyond = _UNKNOWN * metric_scale(self.reference) * (1 - known) * self.scale.slope(drawn)
        error = math.hypot(sampled, math.sqrt(by_row / worth) * slope, beyond)
        return Raw(self.scale.to(drawn), error, sampled, known)
