"""Arrow's values as NumPy's and back, without what Arrow does by itself on the way: import pandas.

`to_numpy` and `pa.array` import pandas (half a second, 40 MB) to ask whether they were given some of its values.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def values_of(column: pa.ChunkedArray | pa.Array) -> NDArray[Any]:
    """The values that are not null, of a type of fixed width; a view where they lie in one piece and none is null.

    Examples
    --------
    >>> values_of(pa.chunked_array([[1, None], [3]]))
    array([1, 3])
    """
    array: Any = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if not len(array):
        return np.empty(0, dtype=array.type.to_pandas_dtype())
    if pa.types.is_boolean(array.type):
        values = _bits(array.buffers()[1], array)
    else:
        bare = pa.Array.from_buffers(array.type, len(array), [None, array.buffers()[1]], offset=array.offset)
        values = np.from_dlpack(bare)
    return values[_bits(array.buffers()[0], array)] if array.null_count else values


def _bits(buffer: pa.Buffer, array: pa.Array) -> NDArray[np.bool_]:
    last = array.offset + len(array)
    return np.unpackbits(np.frombuffer(buffer, np.uint8), count=last, bitorder="little")[array.offset :].view(np.bool_)


def present_in(column: pa.ChunkedArray | pa.Array) -> NDArray[np.bool_]:
    """Which rows hold a value.

    >>> present_in(pa.chunked_array([[1.5, None], [2.5]]))
    array([ True, False,  True])
    """
    return values_of(column.is_valid())


def place_array(places: NDArray[np.integer]) -> pa.Array:
    """Places as an Arrow array, to `take` them.

    >>> place_array(np.array([2, 0])).to_pylist()
    [2, 0]
    """
    held = np.ascontiguousarray(places, np.int64)
    return pa.Array.from_buffers(pa.int64(), held.size, [None, pa.py_buffer(held)])


def text_array(texts: Sequence[str]) -> pa.Array:
    """Texts as an Arrow array.

    >>> text_array(["a", "", "bc"]).to_pylist()
    ['a', '', 'bc']
    """
    written = [text.encode("utf-8", "surrogatepass") for text in texts]
    ends = np.fromiter(accumulate(map(len, written), initial=0), dtype=np.int64, count=len(written) + 1)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(written))]
    return pa.Array.from_buffers(pa.large_string(), len(written), buffers)
