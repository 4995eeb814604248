"""What a member costs to serve and to fit, from its shape: measured times would make choices a matter of chance.

Milliseconds for 1,000 rows on one core of an ordinary machine, fitted to measurements; the finished model is measured
as well, and shrinks if it takes longer than was promised.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

#: of walking one tree of the forests, which scikit-learn calls one by one
_FOREST_TREE = 0.09
_TREES = 100
#: leaves that take as long to grow as what each round does beside them
_ROUND_LEAVES = 6.0


def serving_ms(algorithm: str, params: Mapping[str, Any], classes: int, columns: int) -> float:
    """Milliseconds that one member takes for 1,000 rows.

    Parameters
    ----------
    algorithm, params
        Of the trial.
    classes
        0 for regression; boosters grow a tree for each class beyond two.
    columns
        Of the matrix.

    Examples
    --------
    >>> serving_ms("xgboost", {"rounds": 200, "max_depth": 5}, 2, 20).__round__(1)
    2.4
    """
    trees = int(params.get("rounds", 0)) * (classes if classes > 2 else 1)
    read = 0.02 * columns
    if algorithm == "lightgbm":
        return read + 0.3 + trees * 0.0075 * sqrt(float(params.get("num_leaves", 31)))
    if algorithm == "xgboost":
        return read + 0.4 + trees * 0.0016 * float(params.get("max_depth", 6))
    if algorithm == "hist_gradient_boosting":
        return read + 0.5 + trees * (0.024 + 0.0004 * float(params.get("max_leaf_nodes", 31)))
    if algorithm in {"random_forest", "extra_trees"}:
        return read + _TREES * _FOREST_TREE
    return 0.4 + 2 * read


def fitting_work(algorithm: str, params: Mapping[str, Any]) -> float:
    """How much there is to fit, in units that compare trials of one algorithm on the same rows.

    A booster's time grows with its rounds, and with its leaves beside a share that every round has; a network's with
    its epochs.

    Examples
    --------
    >>> slow = fitting_work("hist_gradient_boosting", {"rounds": 500, "max_leaf_nodes": 48})
    >>> slow / fitting_work("hist_gradient_boosting", {"rounds": 200, "max_leaf_nodes": 6})
    11.25
    """
    rounds = float(params.get("rounds", 1))
    if algorithm == "lightgbm":
        return rounds * (_ROUND_LEAVES + float(params.get("num_leaves", 31)))
    if algorithm == "hist_gradient_boosting":
        return rounds * (_ROUND_LEAVES + float(params.get("max_leaf_nodes", 31)))
    if algorithm == "xgboost":
        return rounds * (_ROUND_LEAVES + 2.0 ** float(params.get("max_depth", 6)))
    return float(params.get("epochs", 1))
