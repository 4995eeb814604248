"""Arrow's compute functions, and arrays from NumPy without what Arrow does by itself: import pandas.

`pa.array`, `pa.scalar` and compute functions with a Python constant import pandas (over a second, 40 MB) to ask
whether they were given some of its values. The rest of the room keeps to arrays, so that a check needs no pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

#: untyped: the functions are made at run time, where no type checker sees them
pc: Any = import_module("pyarrow.compute")


def integers(values: NDArray[np.int64], valid: NDArray[np.bool_] | None = None) -> pa.Array:
    """An Arrow array of `values`, null where not `valid`.

    >>> integers(np.array([1, 2]), np.array([True, False])).to_pylist()
    [1, None]
    """
    mask = None if valid is None else _bits(valid)
    return pa.Array.from_buffers(pa.int64(), values.size, [mask, pa.py_buffer(np.ascontiguousarray(values, np.int64))])


def booleans(values: NDArray[np.bool_]) -> pa.Array:
    """An Arrow array of `values`.

    >>> booleans(np.array([True, False])).to_pylist()
    [True, False]
    """
    return pa.Array.from_buffers(pa.bool_(), values.size, [None, _bits(values)])


def _bits(values: NDArray[np.bool_]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(values, bitorder="little"))
