"""Standard error of a metric of which only its value and the number of rows are known.

Rows are taken to be independent and classes to be as frequent as each other; what rows really show is measured by
`drift.uncertainty`, and is better where there are rows.

- accuracy: ``√(v (1 - v) / n)``, a proportion. Balanced accuracy the same, as the mean of two proportions of n/2 rows.
- F1: ``√(v (1 - v) (1 + (1 - v)²) / n)``: the delta method for n/2 positives and n/2 negatives of which the share v
  is right.
- AUC: Hanley and McNeil's with n/2 rows of each class.
- log loss, MAE: ``v / √n``: losses that vary as an exponential variable does, whose deviation is its mean.
- RMSE: ``v √(k - 1) / (2 √n)`` with the kurtosis k = 6 of a Laplace variable's errors.
- R²: ``2 √v (1 - v) / √n`` for v > 0, at least ``(1 - v) / √n``.

References
----------
J. A. Hanley, B. J. McNeil, "The meaning and use of the area under a ROC curve", Radiology 143 (1982), 29-36.
I. Olkin, J. D. Finn, "Correlations redux", Psychological Bulletin 118 (1995), 155-164 (R²).
"""

from __future__ import annotations

import math

#: fourth moment of the errors over the square of the second
KURTOSIS = 6.0


def stated_error(metric: str, value: float, rows: int) -> float:
    """How far such a metric lies from the truth by chance, in the metric's own unit.

    Parameters
    ----------
    metric
        accuracy, balanced_accuracy, f1, roc_auc, log_loss, r2, mae or rmse.
    value
        What was measured.
    rows
        On how many rows, at least 1.

    Raises
    ------
    KeyError
        For another metric.

    Examples
    --------
    >>> [round(stated_error(metric, 0.85, 1000), 4) for metric in ("accuracy", "roc_auc", "f1", "mae", "r2")]
    [0.0113, 0.0123, 0.0114, 0.0269, 0.0087]
    """
    rows = max(rows, 1)
    return _SPREADS[metric](value, rows) / math.sqrt(rows)


def _proportion(value: float, rows: int) -> float:
    """Of at least one wrong and one right answer: a metric of 1 on ten rows is not certain."""
    least = 1 / (rows + 2)
    value = min(max(value, least), 1 - least)
    return math.sqrt(value * (1 - value))


def _f1(value: float, rows: int) -> float:
    return _proportion(value, rows) * math.hypot(1, 1 - value)


def _roc_auc(value: float, rows: int) -> float:
    """Hanley and McNeil's variance times the rows, with half of them in each class."""
    half = max(rows / 2, 1.0)
    value = min(max(value, 1 / (half + 2)), 1 - 1 / (half + 2))
    both = value / (2 - value) - value**2, 2 * value**2 / (1 + value) - value**2
    return math.sqrt((value * (1 - value) + (half - 1) * sum(both)) / half**2 * rows)


def _mean_loss(value: float, _rows: int) -> float:
    return abs(value)


def _root_mean(value: float, _rows: int) -> float:
    return abs(value) * math.sqrt(KURTOSIS - 1) / 2


def _r2(value: float, _rows: int) -> float:
    return (1 - value) * max(2 * math.sqrt(max(value, 0.0)), 1.0)


_SPREADS = {
    "accuracy": _proportion,
    "balanced_accuracy": _proportion,
    "f1": _f1,
    "roc_auc": _roc_auc,
    "log_loss": _mean_loss,
    "mae": _mean_loss,
    "rmse": _root_mean,
    "r2": _r2,
}
