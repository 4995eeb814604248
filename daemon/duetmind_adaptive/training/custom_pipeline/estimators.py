"""scikit-learn's functions whose types a checker can only guess, and guesses wrong, with those that they have."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import base
from sklearn.utils import validation


def fresh(estimator: Any) -> Any:
    """An unfitted copy."""
    return cast("Any", base.clone)(estimator)


def checked_numbers(estimator: Any, values: ArrayLike, *, learning: bool, missing: bool = True) -> NDArray[np.float64]:
    """The values as floats, shape (rows, columns); remembers, or holds them to, the columns that `estimator` learned.

    Raises
    ------
    ValueError
        When the columns are others than it learned, or hold what they must not; scikit-learn's sentence.
    """
    finite: Any = "allow-nan" if missing else True
    check: Any = validation.validate_data
    return check(estimator, values, dtype=np.float64, ensure_all_finite=finite, reset=learning)
