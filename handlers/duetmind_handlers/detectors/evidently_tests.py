"""The detector `evidently`: Evidently's tests of columns, and its report as a page. Needs the extra `evidently`.

Its Kolmogorov-Smirnov and chi-square tests give p-values, which enter the check as evidence; its distances (its
defaults for more than a thousand rows) do not, and are shown only. Columns of free text are left out.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import types

from duetmind_adaptive.contracts import Detected
from duetmind_adaptive.errors import ConfigError

MISSING = "Evidently is not installed: pip install 'duetmind-adaptive[evidently]'"
#: different texts beyond which a column is free text
MOST_CATEGORIES = 200
#: its tests whose score is a p-value; all others are distances
WITH_P_VALUE = frozenset(
    {"ks", "chisquare", "z", "anderson", "fisher_exact", "cramer_von_mises", "g_test", "es", "mannw", "t_test"}
)


class EvidentlyTests:
    """Evidently's `DataDriftPreset`.

    Parameters
    ----------
    num_method, cat_method
        Evidently's names of the tests of numbers and of categories.
    html
        A file that keeps the page on the newest window; none by default.
    """

    def __init__(self, num_method: str = "ks", cat_method: str = "chisquare", html: str | None = None) -> None:
        self._methods = {"num_method": num_method, "cat_method": cat_method}
        self._html = html
        self._evidently, self._presets = _imported()
        self._snapshot: Any = None

    def detect(self, reference: pa.Table, window: pa.Table) -> Iterator[Detected]:
        """One result for each column that Evidently can test."""
        numbers, categories = _columns(reference)
        known = self._evidently.DataDefinition(numerical_columns=numbers, categorical_columns=categories)
        before, after = (
            self._evidently.Dataset.from_pandas(table.select([*numbers, *categories]).to_pandas(), known)
            for table in (reference, window)
        )
        report = self._evidently.Report([self._presets.DataDriftPreset(**self._methods)])
        self._snapshot = report.run(after, before)
        if self._html is not None:
            Path(self._html).write_text(self.page(), encoding="utf-8")
        yield from filter(None, map(_detected, self._snapshot.dict()["metrics"]))

    def page(self) -> str:
        """Evidently's own report on what `detect` compared last."""
        return self._snapshot.get_html_str(as_iframe=False)


def _columns(table: pa.Table) -> tuple[list[str], list[str]]:
    """The numbers and the categories; times and free texts are neither."""
    numbers: list[str] = []
    categories: list[str] = []
    for field in table.schema:
        if types.is_floating(field.type) or types.is_integer(field.type):
            numbers.append(field.name)
        elif types.is_boolean(field.type) or len(table[field.name].unique()) <= MOST_CATEGORIES:
            categories.append(field.name)
    return numbers, [name for name in categories if not types.is_temporal(table.schema.field(name).type)]


def _detected(metric: dict[str, Any]) -> Detected | None:
    """The result of one column; None for what Evidently says of all of them."""
    config = metric["config"]
    if "column" not in config:
        return None
    column, method, value = str(config["column"]), str(config["method"]), float(metric["value"])
    p_value = min(max(value, 0.0), 1.0) if method in WITH_P_VALUE else None
    return Detected(
        column=column, statistic=value, p_value=p_value, reason=f"{column} by Evidently's {method}, {value:.3g}"
    )


def _imported() -> tuple[Any, Any]:
    os.environ.setdefault("DO_NOT_TRACK", "1")
    _keep_name_of_pandas_2()
    try:
        return importlib.import_module("evidently"), importlib.import_module("evidently.presets")
    except ModuleNotFoundError as error:
        raise ConfigError(MISSING) from error


def _keep_name_of_pandas_2() -> None:
    """Give back a private name that pandas 3 took away: Evidently 0.7 imports it for a test that we do not run."""
    common: Any = importlib.import_module("pandas.core.dtypes.common")

    def scalar_type(dtype: Any) -> Any:
        return common.pandas_dtype(dtype).type

    if not hasattr(common, "infer_dtype_from_object"):
        common.infer_dtype_from_object = scalar_type
