"""The promotion gate, which asks whether the challenger is better than the champion by more than chance.

Both answer the same labelled rows, which neither was trained on, so they are compared row by row: what makes a window
hard is hard for both and cancels. With d the paired difference (positive = challenger better) and e its standard error,
the challenger is better when ``d - t e > 0`` at the stated one-sided confidence, worse when ``d + t e < 0``.

Neighbouring rows err together, so e comes from moving blocks of rows: in closed form where the metric is a mean of
per-row losses, by a paired moving-block bootstrap of the metric where it is not (AUC, F1, balanced accuracy). Losses of
0 and 1 get McNemar's continuity correction, without which a handful of rows would decide too easily.

Reference
---------
A. L. Edwards, "Note on the correction for continuity in testing the significance of the difference between correlated
proportions", Psychometrika 13 (1948), 185-187.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from duetmind_adaptive.drift.metrics import complete, higher_is_better, metric_value, metric_values, row_losses
from duetmind_adaptive.records import GateResult
from duetmind_adaptive.registry.moving_blocks import block_length, lugsail_error, moving_block_weights

Array = NDArray[Any]


class Answers(NamedTuple):
    """What one model said of the rows: classes or numbers, and scores as `drift.metrics` takes them."""

    prediction: Array
    score: Array | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GateRules:
    """What it takes to decide at all, and how sure the gate has to be."""

    #: one-sided: an equal challenger is promoted this rarely, 1 - confidence
    confidence: float = 0.95
    #: with fewer labelled rows nothing is decided
    min_rows: int = 500
    #: of the second most frequent class; a gate that saw one class saw nothing
    min_per_class: int = 50
    #: rows per block; None = the cube root of their number, 1 = rows are independent
    block: int | None = None
    #: of the bootstrap, and its seed
    replicates: int = 1000
    seed: int = 0


def compare(
    metric: str,
    task: str,
    *,
    truth: Array,
    champion: Answers,
    challenger: Answers,
    rules: GateRules,
    classes: Sequence[Any] | None = None,
) -> GateResult:
    """Judge the challenger.

    Parameters
    ----------
    metric, task
        As in the configuration.
    truth
        Labels or numbers, shape (n,), in time order; rows without one are left out.
    champion, challenger
        Their answers for the same rows; rows that either could not answer are left out.
    rules
        Confidence and the fewest rows.
    classes
        Every class there is, ascending; default: those that occur.

    Examples
    --------
    >>> truth = np.tile([0, 1], 300)
    >>> coin = np.random.default_rng(0).integers(0, 2, 600)
    >>> result = compare("accuracy", "binary", truth=truth, champion=Answers(coin), challenger=Answers(truth),
    ...                  rules=GateRules())
    >>> result.verdict, result.rows, result.challenger
    ('better', 600, 1.0)
    """
    rows = complete(metric, truth, *champion) & complete(metric, truth, *challenger)
    pair = _Pair(metric, task, truth[rows], take(champion, rows), take(challenger, rows), classes)
    before, after = pair.values()
    lack = _lack(task, pair.truth, rules)
    if not lack and not math.isfinite(before + after):
        lack = f"the {metric} of these rows is undefined"
    if lack:
        return GateResult(
            verdict="inconclusive",
            metric=metric,
            rows=pair.truth.size,
            champion=None,
            challenger=None,
            difference=None,
            low=None,
            high=None,
            confidence=rules.confidence,
            reason=f"Not decided: {lack}.",
        )
    difference = after - before if higher_is_better(metric) else before - after
    margin = pair.margin(difference, rules)
    verdict, words = _verdict(difference, margin)
    return GateResult(
        verdict=verdict,
        metric=metric,
        rows=pair.truth.size,
        champion=before,
        challenger=after,
        difference=difference,
        low=difference - margin,
        high=difference + margin,
        confidence=rules.confidence,
        reason=f"On {pair.truth.size} rows that neither model was trained on the challenger's {metric} is {after:.4f} "
        f"and the champion's {before:.4f}: {words} with {rules.confidence:.0%} confidence.",
    )


@dataclass(frozen=True, slots=True)
class _Pair:
    """Both models' answers for the same complete rows."""

    metric: str
    task: str
    truth: Array
    champion: Answers
    challenger: Answers
    classes: Sequence[Any] | None

    def values(self) -> tuple[float, float]:
        """The metric of the champion and of the challenger."""
        before, after = (
            metric_value(self.metric, self.task, self.truth, *answers, classes=self.classes)
            for answers in (self.champion, self.challenger)
        )
        return before, after

    def margin(self, difference: float, rules: GateRules) -> float:
        """How far the truth may lie from the difference found, in the metric's units."""
        rows = self.truth.size
        block = min(rules.block or block_length(rows), rows // 2)
        quantile = float(stdtrit(rows / block - 1, rules.confidence))
        before, after = (
            row_losses(self.metric, self.task, self.truth, *answers, classes=self.classes)
            for answers in (self.champion, self.challenger)
        )
        if before is None or after is None:
            return quantile * self._bootstrap_error(block, rules)
        gain = before - after
        # RMSE and R² are functions of the mean squared error: their units are reached by scaling
        scale = abs(difference / gain.mean()) if gain.mean() else 1.0
        correction = 1 / rows if self.metric == "accuracy" else 0.0
        return scale * quantile * lugsail_error(gain, block) + correction

    def _bootstrap_error(self, block: int, rules: GateRules) -> float:
        rows = self.truth.size
        differences = [
            self._under(self.challenger, weights) - self._under(self.champion, weights)
            for weights in moving_block_weights(rows, block, rules.replicates, rules.seed)
        ]
        return float(np.nanstd(np.concatenate(differences), ddof=1))

    def _under(self, answers: Answers, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return metric_values(
            self.metric,
            self.task,
            truth=self.truth,
            prediction=answers.prediction,
            score=answers.score,
            weights=weights,
            classes=self.classes,
        )


def take(answers: Answers, rows: NDArray[np.bool_]) -> Answers:
    """The answers for some of the rows."""
    score = answers.score
    return Answers(answers.prediction[rows], None if score is None else score[rows])


def _lack(task: str, truth: Array, rules: GateRules) -> str:
    if truth.size < rules.min_rows:
        return (
            f"there are {truth.size} labelled rows that neither model was trained on, and {rules.min_rows} are needed"
        )
    if task == "regression":
        return ""
    counts = np.sort(np.unique(truth.astype(str), return_counts=True)[1])
    second = int(counts[-2]) if counts.size > 1 else 0
    if second < rules.min_per_class:
        return f"only {second} of {truth.size} labelled rows are not of the most frequent class"
    return ""


def _verdict(difference: float, margin: float) -> tuple[Literal["better", "worse", "not_better"], str]:
    low, high = difference - margin, difference + margin
    if low > 0:
        return "better", f"better by at least {low:.4f}"
    if high < 0:
        return "worse", f"worse by at least {-high:.4f}"
    return "not_better", f"the difference of {difference:+.4f} may be chance ({low:+.4f} to {high:+.4f})"
