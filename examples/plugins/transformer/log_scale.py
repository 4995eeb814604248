"""Logarithms of amounts of both signs: `custom_transformers: [{transformer: log_scale, columns: [income]}]`."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin


class LogScale(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """The option `unit` is the amount that becomes about 1."""

    def __init__(self, unit: float = 1.0) -> None:
        self.unit = unit

    def fit(self, X: Any, y: Any = None) -> "LogScale":  # noqa: ARG002, N803 - scikit-learn's names
        """Nothing is learned but the number of columns."""
        self.n_features_in_ = np.shape(X)[1]
        return self

    def transform(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """The inverse hyperbolic sine, which is defined for all numbers."""
        return np.arcsinh(np.asarray(X, dtype=float) / self.unit)
