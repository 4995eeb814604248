"""Categories as how common they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin


class FrequencyEncoder(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Replaces each category by its share of the rows that were learned from: 0 for one that was not seen.

    A missing value is a category of its own.

    Examples
    --------
    >>> encoder = FrequencyEncoder().fit(pd.DataFrame({"job": ["cook", "cook", "nurse", None]}))
    >>> encoder.transform(pd.DataFrame({"job": ["cook", "pilot", None]})).ravel()
    array([0.5 , 0.  , 0.25])
    """

    def fit(self, X: pd.DataFrame, y: object = None) -> FrequencyEncoder:  # noqa: N803, ARG002 - scikit-learn's names
        """Count the categories of each column."""
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        counts = [X.iloc[:, at].value_counts(normalize=True, dropna=True, sort=False) for at in range(X.shape[1])]
        self.missing_ = X.isna().mean().to_numpy(dtype=np.float64)
        self.categories_ = [[str(name) for name in count.index] for count in counts]
        self.shares_ = [
            count.to_numpy(dtype=np.float64) * (1 - gone) for count, gone in zip(counts, self.missing_, strict=True)
        ]
        return self

    def transform(self, X: pd.DataFrame) -> NDArray[np.float64]:  # noqa: N803 - scikit-learn's name
        """Shares, shape (rows, columns)."""
        return np.column_stack([self._shares(X.iloc[:, at], at) for at in range(self.n_features_in_)])

    def _shares(self, values: pd.Series, at: int) -> NDArray[np.float64]:
        codes = pd.Index(self.categories_[at], dtype=object).get_indexer(values.astype(object))
        shares = np.append(self.shares_[at], 0.0)[codes]
        return np.where(values.isna().to_numpy(), self.missing_[at], shares)
