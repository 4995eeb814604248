"""Which columns a learner gets to see, chosen by what they tell; each way as the settings name it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.feature_selection import (
    RFE,
    SelectFromModel,
    SelectKBest,
    SelectorMixin,
    VarianceThreshold,
    f_classif,
    f_regression,
    mutual_info_classif,
    mutual_info_regression,
)

from duetmind_adaptive.settings.pipeline import PreprocessingSettings
from duetmind_adaptive.training.custom_pipeline.estimators import checked_numbers

#: trees of the forest whose importances decide
TREES = 50
#: share of the columns that each round of `rfe` gives up
RFE_STEP = 0.25
#: ways that look at sparse matrices as well
TAKE_SPARSE = ("none", "selectkbest", "variance")
#: absolute correlation from which one of two columns is enough
ALIKE = 0.95


def make_selector(settings: PreprocessingSettings, columns: int, task: str, seed: int) -> Any:
    """The selector that the settings name, or `passthrough`.

    Parameters
    ----------
    settings : PreprocessingSettings
        The guide's preprocessing block; without `features_to_select` half of the columns are kept, with `from_model`
        those of more than mean importance.
    columns : int
        How many features the data has.
    task : str
        `regression`, or a task with classes.
    seed : int
        `random_state` of ways that draw.
    """
    if settings.feature_selection == "none":
        return "passthrough"
    regression, wanted = task == "regression", settings.features_to_select
    keep = wanted or (columns + 1) // 2
    forest = (RandomForestRegressor if regression else RandomForestClassifier)(TREES, random_state=seed)
    information = partial(mutual_info_regression if regression else mutual_info_classif, random_state=seed)
    eliminate: Any = RFE
    makers: dict[str, Callable[[], Any]] = {
        "selectkbest": lambda: SelectKBest(f_regression if regression else f_classif, k=keep),
        "mutual_information": lambda: SelectKBest(information, k=keep),
        "rfe": lambda: eliminate(forest, n_features_to_select=keep, step=RFE_STEP),
        "from_model": lambda: SelectFromModel(forest, max_features=wanted),
        "variance": VarianceThreshold,
        "correlation": CorrelationFilter,
    }
    return makers[settings.feature_selection]()


class CorrelationFilter(SelectorMixin, BaseEstimator):
    """Leaves out each column that goes along with an earlier one: absolute Pearson correlation of `limit` or more.

    Of columns that are alike the first is kept; a column that never varies correlates with nothing and is kept.

    Parameters
    ----------
    limit : float
        In (0, 1].

    Examples
    --------
    >>> x = np.array([[1.0, 2.0, 9.0], [2.0, 4.1, 1.0], [3.0, 6.0, 5.0]])
    >>> CorrelationFilter().fit(x).get_support()
    array([ True, False,  True])
    """

    def __init__(self, limit: float = ALIKE) -> None:
        self.limit = limit

    def fit(self, X: ArrayLike, y: object = None) -> CorrelationFilter:  # noqa: N803, ARG002 - scikit-learn's names
        """Learn which columns to keep."""
        values = checked_numbers(self, X, learning=True, missing=False)
        with np.errstate(invalid="ignore", divide="ignore"):
            alike = np.abs(np.atleast_2d(np.corrcoef(values, rowvar=False))) >= self.limit
        self.support_ = np.ones(values.shape[1], dtype=bool)
        for column in range(1, values.shape[1]):
            self.support_[column] = not (alike[column, :column] & self.support_[:column]).any()
        return self

    def _get_support_mask(self) -> Any:
        return self.support_
