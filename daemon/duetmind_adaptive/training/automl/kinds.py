"""What each column of a frame holds, told by how it is stored."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from pandas.api import types


def infer_kinds(frame: pd.DataFrame) -> dict[str, str]:
    """The kind of each column; texts count as categories.

    Examples
    --------
    >>> infer_kinds(pd.DataFrame({"age": [31.5], "job": ["cook"], "member": [True]}))
    {'age': 'numeric', 'job': 'categorical', 'member': 'boolean'}
    """
    return {str(name): _kind(pd.Series(frame[name])) for name in frame.columns}


def usable_columns(frame: pd.DataFrame, kinds: Mapping[str, str]) -> dict[str, str]:
    """The kinds of those columns that hold more than one value, a missing one counting as one."""
    return {name: kind for name, kind in kinds.items() if pd.Series(frame[name]).nunique(dropna=False) > 1}


def _kind(values: pd.Series) -> str:
    if bool(types.is_bool_dtype(values.dtype)):
        return "boolean"
    if types.is_datetime64_any_dtype(values.dtype):
        return "datetime"
    return "numeric" if bool(types.is_numeric_dtype(values.dtype)) else "categorical"
