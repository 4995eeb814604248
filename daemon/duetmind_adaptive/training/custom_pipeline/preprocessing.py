"""From cast columns to a matrix: missing values, scaling and categories, as the guide's preprocessing block says.

Every step survives what training never saw: an unseen category, a column that is empty, a value that is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectKBest, f_classif, f_regression
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, RobustScaler, StandardScaler

from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.settings.pipeline import PreprocessingSettings
from duetmind_adaptive.training.custom_pipeline.casting import category_columns, number_columns
from duetmind_adaptive.training.custom_pipeline.encoding import CategoryCoder

#: rarer categories share one column, so that an identifier cannot blow up the matrix
ONEHOT_CATEGORIES = 64
#: codes of an unseen and of a missing category, for learners without missing values of their own
UNSEEN_CODE, MISSING_CODE = -1.0, -2.0

SCALERS: dict[str, type[Any]] = {"standard": StandardScaler, "minmax": MinMaxScaler, "robust": RobustScaler}


def make_columns(
    settings: PreprocessingSettings, kinds: Mapping[str, str], *, native_missing: bool
) -> ColumnTransformer | str:
    """Numbers first, then categories, so that the positions of category codes are known.

    Parameters
    ----------
    settings : PreprocessingSettings
        The guide's preprocessing block.
    kinds : Mapping
        Feature name to its kind.
    native_missing : bool
        The learner takes missing numbers and category codes as they are: nothing is imputed.

    Returns
    -------
    ColumnTransformer, or `passthrough` when there is nothing to do.

    Raises
    ------
    TrainingError
        When the settings leave no column to learn from.
    """
    numbers, categories = number_columns(kinds), category_columns(kinds)
    if settings.categorical_encoding == "none" and not native_missing:
        categories = []
    if not numbers and not categories:
        raise TrainingError("every feature holds categories, which categorical_encoding: none leaves out; use onehot")
    on_numbers = _number_steps(settings, native_missing=native_missing)
    if on_numbers == "passthrough" and not category_columns(kinds):
        return "passthrough"
    parts = [
        ("numbers", on_numbers, numbers),
        ("categories", _encoder(settings.categorical_encoding, native_missing=native_missing), categories),
    ]
    return ColumnTransformer([part for part in parts if part[2]], verbose_feature_names_out=False, sparse_threshold=0)


def make_selector(settings: PreprocessingSettings, kinds: Mapping[str, str], task: str) -> SelectKBest | None:
    """Keeps half as many columns as the data has features, by F statistic; None when nothing is to be selected."""
    if settings.feature_selection == "none":
        return None
    return SelectKBest(f_regression if task == "regression" else f_classif, k=(len(kinds) + 1) // 2)


def _number_steps(settings: PreprocessingSettings, *, native_missing: bool) -> Pipeline | str:
    steps: list[tuple[str, Any]] = []
    if not native_missing:
        steps.append(("impute", SimpleImputer(strategy=settings.missing_value_strategy, keep_empty_features=True)))
    if settings.numerical_scaler != "none":
        steps.append(("scale", SCALERS[settings.numerical_scaler]()))
    return Pipeline(steps) if steps else "passthrough"


def _encoder(encoding: str, *, native_missing: bool) -> Any:
    if encoding == "onehot":
        return OneHotEncoder(
            handle_unknown="infrequent_if_exist", max_categories=ONEHOT_CATEGORIES, sparse_output=False
        )
    unseen, missing = (np.nan, np.nan) if native_missing else (UNSEEN_CODE, MISSING_CODE)
    return CategoryCoder(unseen=unseen, missing=missing)
