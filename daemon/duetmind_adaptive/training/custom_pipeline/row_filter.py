"""Rows that are not to be learned from: incomplete ones, and outliers.

A scikit-learn `Pipeline` cannot drop rows: its transformers may change columns only, and a row that is to be answered
must never vanish. So the rows are dropped by an estimator around the steps: it leaves them out when it fits, and hands
on every row when it predicts. All statistics of the steps inside (medians, scales, encodings) are of the kept rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.ensemble import IsolationForest
from sklearn.utils import Tags, get_tags
from sklearn.utils.metaestimators import available_if

from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.settings.pipeline import PreprocessingSettings
from duetmind_adaptive.training.custom_pipeline.estimators import fresh

#: ways of `outlier_handling` that keep rows from being learned from
ROW_WAYS = ("iqr", "zscore", "isolation_forest")


def drops_rows(settings: PreprocessingSettings) -> bool:
    """Whether some rows are not to be learned from."""
    return settings.missing_value_strategy == "drop" or settings.outlier_handling in ROW_WAYS


class RowFilter(MetaEstimatorMixin, BaseEstimator):
    """Fits `estimator` without incomplete rows and outliers; answers every row.

    Parameters
    ----------
    estimator : estimator
        The steps that follow, as one.
    drop_missing : bool
        Whether rows with a missing value are left out; columns without any value do not count.
    outliers : str
        `iqr`: a number lies more than `limit` interquartile ranges beyond the quartiles (Tukey's fences);
        `zscore`: more than `limit` standard deviations from the mean; `isolation_forest`: the row is among the
        `share` easiest to isolate (Liu, Ting and Zhou 2008); `none`.
    columns : sequence of str
        Numeric columns that outliers are looked for in. One whose quartiles are equal is not looked at.
    limit, share : float
        See `outliers`.
    seed : int
        Of the isolation forest.

    Examples
    --------
    >>> from sklearn.dummy import DummyRegressor
    >>> X = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, np.nan, 99.0]})
    >>> mean = RowFilter(DummyRegressor(), drop_missing=True, outliers="iqr", columns=["x"]).fit(X, [1, 1, 1, 1, 7, 9])
    >>> mean.predict(X)
    array([1., 1., 1., 1., 1., 1.])
    """

    def __init__(
        self,
        estimator: Any,
        *,
        drop_missing: bool = False,
        outliers: str = "none",
        columns: Sequence[str] = (),
        limit: float = 3.0,
        share: float = 0.01,
        seed: int = 0,
    ) -> None:
        self.estimator = estimator
        self.drop_missing = drop_missing
        self.outliers = outliers
        self.columns = columns
        self.limit = limit
        self.share = share
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: ArrayLike) -> RowFilter:  # noqa: N803 - scikit-learn's names
        """Learn from the kept rows; raises TrainingError when none, or none of a class, is left."""
        target = np.asarray(y)
        keep = self.kept(X)
        self._refuse(keep, target)
        self.rows_left_out_ = int((~keep).sum())
        self.estimator_ = fresh(self.estimator).fit(X.loc[keep], target[keep])
        if hasattr(self.estimator_, "classes_"):
            self.classes_ = self.estimator_.classes_
        return self

    def kept(self, X: pd.DataFrame) -> NDArray[np.bool_]:  # noqa: N803 - scikit-learn's name
        """Which rows are learned from, shape (rows,)."""
        keep = np.ones(len(X), dtype=bool)
        if self.drop_missing:
            missing = X.isna()
            keep &= ~missing.loc[:, ~missing.all()].any(axis=1).to_numpy()
        numbers = X.loc[:, list(self.columns)].to_numpy(dtype=np.float64)
        if self.outliers == "none" or not numbers.size or not keep.any():
            return keep
        keep[keep] = ~self._outlying(numbers[keep])
        return keep

    def _outlying(self, numbers: NDArray[np.float64]) -> NDArray[np.bool_]:
        numbers = numbers[:, ~np.isnan(numbers).all(axis=0)]
        if not numbers.shape[1]:
            return np.zeros(len(numbers), dtype=bool)
        low, middle, high = np.nanquantile(numbers, [0.25, 0.5, 0.75], axis=0)
        if self.outliers == "isolation_forest":
            make: Any = IsolationForest
            forest = make(contamination=self.share, random_state=self.seed)
            return forest.fit_predict(np.where(np.isnan(numbers), middle, numbers)) < 0
        spread = high > low  # most rows of the others hold one value: to differ from it is not unusual
        if self.outliers == "iqr":
            reach = self.limit * (high - low)
            far = (numbers < low - reach) | (numbers > high + reach)
        else:
            far = np.abs(numbers - np.nanmean(numbers, axis=0)) > self.limit * np.nanstd(numbers, axis=0)
        return (far & spread).any(axis=1)

    def _refuse(self, keep: NDArray[np.bool_], target: NDArray[Any]) -> None:
        why = "without incomplete rows and outliers"
        mend = "choose another missing_value_strategy or outlier_handling"
        if not keep.any():
            raise TrainingError(f"{why} no row is left to learn from; {mend}")
        if get_tags(self.estimator).estimator_type != "classifier":
            return
        if gone := sorted(set(target.tolist()) - set(target[keep].tolist()), key=str):
            raise TrainingError(f"{why} no row of class '{gone[0]}' is left to learn from; {mend}")

    def predict(self, X: pd.DataFrame) -> NDArray[Any]:  # noqa: N803 - scikit-learn's name
        """The answer of the inner estimator to every row."""
        return self.estimator_.predict(X)

    @available_if(lambda self: hasattr(getattr(self, "estimator_", self.estimator), "predict_proba"))
    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:  # noqa: N803 - scikit-learn's name
        """The probability of each class, shape (rows, classes)."""
        return self.estimator_.predict_proba(X)

    @available_if(lambda self: hasattr(getattr(self, "estimator_", self.estimator), "decision_function"))
    def decision_function(self, X: pd.DataFrame) -> NDArray[np.float64]:  # noqa: N803 - scikit-learn's name
        """The decision values of the inner estimator."""
        return self.estimator_.decision_function(X)

    def __sklearn_tags__(self) -> Tags:
        return get_tags(self.estimator)
