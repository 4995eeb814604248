"""A name for the rows that a model learned from: the same rows give the same one, whatever file they came from."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def fingerprint(frame: pd.DataFrame, target: NDArray[Any]) -> str:
    """The sha256 of cast columns and target, in hexadecimal.

    Parameters
    ----------
    frame : DataFrame
        As `cast_frame` gives it: floats, and strings with NaN where missing.
    target : array
        A value for each row.

    Examples
    --------
    >>> one = fingerprint(pd.DataFrame({"age": [31.0, np.nan]}), np.array([0, 1]))
    >>> other = fingerprint(pd.DataFrame({"age": [31.0, np.nan]}), np.array([1, 1]))
    >>> one[:8], other[:8]
    ('341ccb27', '8dcbba57')
    """
    digest = hashlib.sha256()
    for name, values in (*frame.items(), ("", pd.Series(target))):
        digest.update(f"\x1e{name}\x1e".encode())
        digest.update(_bytes(pd.Series(values)))
    return digest.hexdigest()


def _bytes(values: pd.Series) -> bytes:
    if values.dtype.kind in "biuf":
        return np.ascontiguousarray(values.to_numpy(np.float64)).tobytes()
    missing = values.isna()
    words = values.astype(object).where(~missing, "").map(str)
    return missing.to_numpy().tobytes() + "\x1f".join(words).encode("utf-8", "surrogatepass")
