"""From a frame to one matrix of numbers: the only step that all members share, so a row is read once when it is served.

It learns which categories there are and gives each a code, alphabetically; nothing else. Every statistic (how common a
category is, means, quantiles) is learned by the members inside their folds.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from duetmind_adaptive.training.custom_pipeline.casting import cast_frame, number_columns, word_columns
from duetmind_adaptive.training.custom_pipeline.encoding import CategoryCoder

#: categories of a column that get a code of their own
MOST_CATEGORIES = 20_000


class MatrixCoder(TransformerMixin, BaseEstimator):
    """Numbers first, then codes of categories, NaN for what is missing or was never seen; shape (n, columns), float64.

    Parameters
    ----------
    kinds : dict of str to str
        Column name to `numeric`, `categorical`, `boolean`, `datetime` or `text`.

    Examples
    --------
    >>> coder = MatrixCoder({"job": "categorical", "age": "numeric"})
    >>> coder.fit_transform(pd.DataFrame({"age": [31, None], "job": ["cook", "nurse"]})).tolist()
    [[31.0, 0.0], [nan, 1.0]]
    """

    def __init__(self, kinds: dict[str, str]) -> None:
        self.kinds = kinds

    def fit(self, X: pd.DataFrame, y: object = None) -> MatrixCoder:  # noqa: N803, ARG002 - scikit-learn's names
        """Learn the categories."""
        self.fit_transform(X)
        return self

    def fit_transform(self, X: pd.DataFrame, y: object = None, **_: object) -> NDArray[np.float64]:  # noqa: N803, ARG002 - as above
        """Learn the categories, and code the rows in the same walk."""
        self.feature_names_in_ = np.asarray(list(self.kinds), dtype=object)
        self.n_features_in_ = len(self.kinds)
        cast = cast_frame(X, self.kinds)
        names = word_columns(self.kinds)
        self.coder_ = CategoryCoder(limit=MOST_CATEGORIES).fit(pd.DataFrame(cast[names])) if names else None
        return self._code(cast)

    def transform(self, X: pd.DataFrame) -> NDArray[np.float64]:  # noqa: N803 - scikit-learn's name
        """The matrix."""
        return self._code(cast_frame(X, self.kinds))

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's signature
        """Names of the matrix's columns."""
        return np.asarray(number_columns(self.kinds) + word_columns(self.kinds), dtype=object)

    @property
    def categories(self) -> tuple[int, ...]:
        """Positions of the columns that hold codes."""
        first = len(number_columns(self.kinds))
        return tuple(range(first, first + len(word_columns(self.kinds))))

    def _code(self, cast: pd.DataFrame) -> NDArray[np.float64]:
        numbers = cast[number_columns(self.kinds)].to_numpy(np.float64)
        if self.coder_ is None:
            return numbers
        return np.concatenate([numbers, self.coder_.transform(pd.DataFrame(cast[word_columns(self.kinds)]))], axis=1)
