"""Numbers that Arrow refuses: decimals that are infinite or none, integers of any size, several types in one column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray


def as_numbers(values: Sequence[Any], missing: Sequence[bool]) -> NDArray[np.float64] | None:
    """Objects as float64, NaN for those that are missing; None when one of them is no number.

    Integers beyond 2^53 are rounded to the nearest float64, and what is beyond its range is infinite.

    Examples
    --------
    >>> as_numbers([Decimal("Infinity"), Decimal("0.5"), 10**400, 2.0, None], [False] * 4 + [True])
    array([inf, 0.5, inf, 2. , nan])
    >>> as_numbers([1, "a"], [False, False]) is None
    True
    """
    numbers = [math.nan if gone else _number(value) for value, gone in zip(values, missing, strict=True)]
    return None if None in numbers else np.array(numbers, dtype=np.float64)


def _number(value: Any) -> float | None:
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real | Decimal):
        return None
    if isinstance(value, Decimal) and value.is_nan():
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return -math.inf if value < 0 else math.inf
