"""Turns a frame's columns into what learners take: floats with NaN, and strings, whatever the columns were stored as.

The same column arrives as int64 today and as nullable, decimal, dictionary or Boolean tomorrow; a model must
see the same values. Infinite numbers count as missing. A moment becomes days since 1970, hour of day and weekday.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pandas.api import types
from sklearn.base import BaseEstimator, TransformerMixin

from duetmind_adaptive.errors import ColumnMismatchError
from duetmind_adaptive.training.custom_pipeline.frames import check_columns, to_frame

SECONDS_PER_DAY = 86_400.0
#: a moment's columns: days since 1970, and the parts that habits and seasons follow
MOMENT_PARTS = ("", "__hour", "__weekday", "__month")
NUMBERS = ("numeric", "boolean")


def number_columns(kinds: Mapping[str, str]) -> list[str]:
    """Names of the float columns that the columns of `kinds` become.

    >>> number_columns({"age": "numeric", "job": "categorical", "seen": "datetime"})
    ['age', 'seen', 'seen__hour', 'seen__weekday', 'seen__month']
    """
    names = [[name] for name, kind in kinds.items() if kind in NUMBERS]
    moments = [[name + part for part in MOMENT_PARTS] for name, kind in kinds.items() if kind == "datetime"]
    return [name for group in (*names, *moments) for name in group]


def category_columns(kinds: Mapping[str, str]) -> list[str]:
    """Names of the columns of `kinds` that hold categories; they stay one column of strings each."""
    return [name for name, kind in kinds.items() if kind == "categorical"]


def text_columns(kinds: Mapping[str, str]) -> list[str]:
    """Names of the columns of `kinds` that hold free text; they stay one column of strings each."""
    return [name for name, kind in kinds.items() if kind == "text"]


def word_columns(kinds: Mapping[str, str]) -> list[str]:
    """Names of the columns that stay one column of strings each: categories, then texts."""
    return category_columns(kinds) + text_columns(kinds)


def cast_columns(kinds: Mapping[str, str]) -> list[str]:
    """Names of all columns that the columns of `kinds` become, in their order: numbers, categories, texts."""
    return number_columns(kinds) + word_columns(kinds)


class ColumnCaster(TransformerMixin, BaseEstimator):
    """First step of every pipeline: picks the feature columns and casts each by its kind; learns nothing.

    Parameters
    ----------
    kinds : dict of str to str
        Column name to `numeric`, `categorical`, `boolean`, `datetime` or `text`.
    """

    def __init__(self, kinds: dict[str, str]) -> None:
        self.kinds = kinds

    def fit(self, X: pd.DataFrame, y: object = None) -> ColumnCaster:  # noqa: N803, ARG002 - scikit-learn's names
        """Remember the input's names, as scikit-learn's inspection expects."""
        self.feature_names_in_ = np.asarray(list(self.kinds), dtype=object)
        self.n_features_in_ = len(self.kinds)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803 - scikit-learn's name
        """The cast columns, numbers first."""
        return cast_frame(X, self.kinds)

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's signature
        """Names of the columns `transform` gives."""
        return np.asarray(cast_columns(self.kinds), dtype=object)


def cast_frame(data: pa.Table | pd.DataFrame, kinds: Mapping[str, str]) -> pd.DataFrame:
    """The columns of `kinds`, cast; raises ColumnMissingError or ColumnMismatchError naming what does not fit."""
    check_columns(data, list(kinds))
    frame = data if isinstance(data, pd.DataFrame) else to_frame(data, list(kinds))
    cast: dict[str, Any] = {}
    misfits: list[str] = []
    for name, kind in kinds.items():
        try:
            cast.update(_cast(name, pd.Series(frame[name]), kind))
        except (TypeError, ValueError):
            misfits.append(f"'{name}' ({kind} when the model learned, now {frame[name].dtype})")
    if misfits:
        raise ColumnMismatchError(f"the data does not fit the model: column {', column '.join(misfits)}")
    # strings stay Python objects: scikit-learn's encoders are five times faster on them than on pandas' strings
    columns = {
        name: pd.Series(cast[name], index=frame.index, dtype=cast[name].dtype, copy=False)
        for name in cast_columns(kinds)
    }
    return pd.DataFrame(columns, index=frame.index, copy=False)


def _cast(name: str, values: pd.Series, kind: str) -> dict[str, NDArray[Any]]:
    if kind in NUMBERS:
        return {name: _to_numbers(values)}
    if kind == "datetime":
        return dict(zip((name + part for part in MOMENT_PARTS), _to_moment_parts(values), strict=True))
    return {name: _to_strings(values)}


def _to_numbers(values: pd.Series) -> NDArray[np.float64]:
    """Floats, NaN where missing or infinite; floats that are finite already are not copied."""
    if types.is_datetime64_any_dtype(values.dtype):
        raise TypeError("a moment is not a number")
    if types.is_timedelta64_dtype(values.dtype):
        values = values.dt.total_seconds()
    if not types.is_numeric_dtype(values.dtype):
        values = pd.Series(pd.to_numeric(values.astype(object).where(values.notna(), np.nan)))
    plain = isinstance(values.dtype, np.dtype) and values.dtype.kind in "biuf"
    numbers = (
        values.to_numpy().astype(np.float64, copy=False)
        if plain
        else values.to_numpy(dtype=np.float64, na_value=np.nan)
    )
    return np.where(np.isfinite(numbers), numbers, np.nan) if np.isinf(numbers).any() else numbers


def _to_moment_parts(values: pd.Series) -> tuple[NDArray[np.float64], ...]:
    if types.is_numeric_dtype(values.dtype) and values.notna().any():
        raise TypeError("a number is not a moment")
    moments = pd.to_datetime(values, utc=True).dt
    seconds = moments.as_unit("us").astype("int64").to_numpy(np.float64) / 1e6
    days = np.where(values.isna().to_numpy(), np.nan, seconds / SECONDS_PER_DAY)
    return (
        days,
        moments.hour.to_numpy(np.float64, na_value=np.nan),
        moments.day_of_week.to_numpy(np.float64, na_value=np.nan),
        moments.month.to_numpy(np.float64, na_value=np.nan),
    )


def _to_strings(values: pd.Series) -> NDArray[np.object_]:
    """Strings with NaN where missing; a code reads the same whether stored as an integer or (with gaps) as a float.

    Each different value becomes one Python string that all its rows share.
    """
    if values.dtype == object and types.infer_dtype(values) == "string":
        return values.to_numpy()
    if values.dtype == object:  # True and 1 are equal, and are two categories all the same
        return np.where(values.isna().to_numpy(), np.nan, values.astype(str).to_numpy(dtype=object))
    if types.is_float_dtype(values.dtype) and not values.empty:
        values = _whole(values)
    codes, different = pd.factorize(values)
    names = np.append(pd.Series(different).astype(str).to_numpy(dtype=object), [np.nan])
    return names[codes]


def _whole(values: pd.Series) -> pd.Series:
    """Floats that are all whole as integers; the rest as they are."""
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    missing = np.isnan(numbers)
    if not np.all(missing | (numbers == np.round(numbers))):
        return pd.Series(numbers)
    return pd.Series(np.where(missing, 0, numbers).astype(np.int64)).astype("Int64").mask(missing)
