"""What becomes of numbers before a learner sees them: clipped, filled in, scaled; each step as the settings name it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, PowerTransformer, QuantileTransformer, RobustScaler, StandardScaler

from duetmind_adaptive.settings.pipeline import PreprocessingSettings
from duetmind_adaptive.training.custom_pipeline.estimators import checked_numbers

#: rows that nearest neighbours are looked for in: the cost of filling in grows with rows times these
NEIGHBOUR_ROWS = 5_000

#: by a seed, and whether to scale in a copy
SCALERS: dict[str, Callable[[int, bool], Any]] = {
    "standard": lambda _, copy: StandardScaler(copy=copy),
    "minmax": lambda _, copy: MinMaxScaler(copy=copy),
    "robust": lambda _, copy: RobustScaler(copy=copy),
    "quantile": lambda seed, copy: QuantileTransformer(output_distribution="normal", random_state=seed, copy=copy),
    "power": lambda _, copy: PowerTransformer(copy=copy),
}


def make_number_steps(settings: PreprocessingSettings, *, native_missing: bool, seed: int) -> Pipeline:
    """The steps for numeric columns in their order: winsorise, fill in, scale.

    Parameters
    ----------
    settings : PreprocessingSettings
        The guide's preprocessing block.
    native_missing : bool
        The learner takes missing numbers as they are: only columns without any are filled in.
    seed : int
        `random_state` of steps that draw.
    """
    steps: list[tuple[str, Any]] = []
    if settings.outlier_handling == "winsorise":
        steps.append(("winsorise", Winsorizer(settings.outlier_share)))
    steps.append(("impute", EmptyColumnFiller() if native_missing else make_imputer(settings, seed)))
    if settings.numerical_scaler != "none":
        # what an imputer gives is a fresh array that nobody else holds: it can be scaled where it stands
        steps.append(("scale", SCALERS[settings.numerical_scaler](seed, native_missing)))
    return Pipeline(steps)


def make_imputer(settings: PreprocessingSettings, seed: int) -> Any:
    """What fills in missing numbers; a column without any value becomes zeros.

    Where `drop` keeps incomplete rows out of learning, rows to be answered are filled in with medians all the same.
    """
    strategy = settings.missing_value_strategy
    if strategy == "knn":
        return NeighbourImputer(keep_empty_features=True)
    if strategy == "iterative":
        # costs time only it needs
        from duetmind_adaptive.training.custom_pipeline.chained import ChainedImputer  # noqa: PLC0415

        return ChainedImputer(random_state=seed, keep_empty_features=True)
    if strategy == "indicator":
        return SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    if strategy == "constant":
        return SimpleImputer(strategy="constant", fill_value=settings.fill_value, keep_empty_features=True)
    return SimpleImputer(strategy="median" if strategy == "drop" else strategy, keep_empty_features=True)


class NeighbourImputer(KNNImputer):
    """scikit-learn's `KNNImputer` that looks for neighbours in at most `NEIGHBOUR_ROWS` rows, evenly spread."""

    def fit(self, X: Any, y: object = None) -> NeighbourImputer:  # noqa: N803 - scikit-learn's name
        """Keep every so many rows."""
        step = -(-len(X) // NEIGHBOUR_ROWS)
        super().fit(X.iloc[::step] if isinstance(X, pd.DataFrame) else X[::step], y)
        return self


class EmptyColumnFiller(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Zeros for columns that held no number when it learned; all other columns stay as they are.

    Learners that take missing values as they are fail on a column of nothing else (seen with scikit-learn 1.9).

    Examples
    --------
    >>> EmptyColumnFiller().fit([[np.nan, 1.0]]).transform([[3.0, np.nan]])
    array([[ 0., nan]])
    """

    def fit(self, X: ArrayLike, y: object = None) -> EmptyColumnFiller:  # noqa: N803, ARG002 - scikit-learn's names
        """Learn which columns are empty."""
        values = checked_numbers(self, X, learning=True)
        self.empty_ = np.isnan(values).all(axis=0)
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803 - scikit-learn's name
        """The numbers, shape (rows, columns)."""
        values = checked_numbers(self, X, learning=False)
        return np.where(self.empty_, 0.0, values) if self.empty_.any() else values


class Winsorizer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Clips each number to the quantiles `[share, 1 - share]` of the rows it learned from; missing ones stay missing.

    Parameters
    ----------
    share : float
        Of the numbers that are clipped on each side, in (0, 0.5).

    References
    ----------
    Dixon, W. J. (1960). Simplified estimation from censored normal samples. Annals of Mathematical Statistics 31.

    Examples
    --------
    >>> Winsorizer(0.25).fit([[1.0], [2.0], [3.0], [4.0], [5.0]]).transform([[-9.0], [3.0], [99.0]]).ravel()
    array([2., 3., 4.])
    """

    def __init__(self, share: float = 0.01) -> None:
        self.share = share

    def fit(self, X: ArrayLike, y: object = None) -> Winsorizer:  # noqa: N803, ARG002 - scikit-learn's names
        """Learn the two quantiles of each column; a column without numbers has none."""
        values = checked_numbers(self, X, learning=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # columns without any number: their quantiles are NaN
            self.bounds_ = np.nanquantile(values, [self.share, 1 - self.share], axis=0)
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803 - scikit-learn's name
        """The clipped numbers, shape (rows, columns)."""
        values = checked_numbers(self, X, learning=False)
        low, high = np.where(np.isnan(self.bounds_), [[-np.inf], [np.inf]], self.bounds_)
        return np.clip(values, low, high)
