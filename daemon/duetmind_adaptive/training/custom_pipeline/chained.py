"""Missing numbers predicted from the other columns, in turns."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.impute._iterative import IterativeImputer


class ChainedImputer(IterativeImputer):
    """scikit-learn's `IterativeImputer`, which writes into its input: a copy, as pandas lends its values read-only.

    References
    ----------
    van Buuren, S., Groothuis-Oudshoorn, K. (2011). mice: Multivariate Imputation by Chained Equations in R. Journal of
    Statistical Software 45.
    """

    def fit_transform(self, X: Any, y: object = None, **params: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """Learn, and fill in."""
        return super().fit_transform(np.array(X, dtype=np.float64), y, **params)

    def transform(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """Fill in."""
        return super().transform(np.array(X, dtype=np.float64))
