"""From cast columns to a matrix: numbers, categories, texts and transformers of one's own, side by side.

Every step survives what training never saw: an unseen category, a column that is empty, a value that is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder, TargetEncoder

from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.settings.pipeline import PreprocessingSettings
from duetmind_adaptive.training.custom_pipeline.casting import (
    MOMENT_PARTS,
    category_columns,
    number_columns,
    text_columns,
)
from duetmind_adaptive.training.custom_pipeline.encoding import CategoryCoder
from duetmind_adaptive.training.custom_pipeline.frequency import FrequencyEncoder
from duetmind_adaptive.training.custom_pipeline.numbers import make_number_steps
from duetmind_adaptive.training.custom_pipeline.plugged import make_transformer
from duetmind_adaptive.training.custom_pipeline.selection import TAKE_SPARSE
from duetmind_adaptive.training.custom_pipeline.texts import TextVectorizer

#: rarer categories share one column, so that an identifier cannot blow up the matrix
ONEHOT_CATEGORIES = 64
#: codes of an unseen and of a missing category, for learners without missing values of their own
UNSEEN_CODE, MISSING_CODE = -1.0, -2.0
#: share of cells that are not 0 below which a matrix is kept sparse, for learners that take one; scikit-learn's own
SPARSE_BELOW = 0.3
#: what the target encoder is to take the target for; `auto` where only "classes" is known
_TARGETS = {"binary": "binary", "multiclass": "multiclass", "regression": "continuous"}


def make_columns(
    settings: PreprocessingSettings,
    kinds: Mapping[str, str],
    task: str,
    *,
    native_missing: bool,
    sparse: bool,
    seed: int,
) -> ColumnTransformer:
    """Numbers first, then categories, so that the positions of category codes are known; then the rest.

    Parameters
    ----------
    settings : PreprocessingSettings
        The guide's preprocessing block.
    kinds : Mapping
        Feature name to its kind.
    task : str
        What the target is.
    native_missing : bool
        The learner takes missing numbers and category codes as they are: nothing is imputed.
    sparse : bool
        The learner takes sparse matrices.
    seed : int
        `random_state` of steps that draw.

    Raises
    ------
    TrainingError
        When the settings leave no column to learn from.
    """
    own, taken = _custom_parts(settings, kinds)
    usual = {name: kind for name, kind in kinds.items() if name not in taken}
    numbers, texts = number_columns(usual), [] if settings.text_encoding == "none" else text_columns(usual)
    categories = category_columns(usual)
    if settings.categorical_encoding == "none" and not native_missing:
        categories = []
    if not (numbers or categories or texts or own):
        raise TrainingError("every feature holds words, which the encoding none leaves out; use onehot")
    encoder = _encoder(settings.categorical_encoding, task, native_missing=native_missing, sparse=sparse, seed=seed)
    parts = [
        ("numbers", make_number_steps(settings, native_missing=native_missing, seed=seed), numbers),
        ("categories", encoder, categories),
        ("texts", TextVectorizer(), texts),
        *own,
    ]
    return ColumnTransformer(
        [part for part in parts if part[2]],
        # names need the part in front of them only where two parts give columns of one name
        verbose_feature_names_out=any(custom.keep_columns for custom in settings.custom_transformers),
        sparse_threshold=SPARSE_BELOW if sparse else 0,
    )


def takes_sparse(settings: PreprocessingSettings) -> bool:
    """Whether what comes after the columns, the learner aside, takes a sparse matrix."""
    return settings.feature_selection in TAKE_SPARSE


def _custom_parts(
    settings: PreprocessingSettings, kinds: Mapping[str, str]
) -> tuple[list[tuple[str, Any, list[str]]], set[str]]:
    """Parts for transformers of one's own, and the columns that the usual steps do not see for them."""
    parts: list[tuple[str, Any, list[str]]] = []
    taken: set[str] = set()
    for place, custom in enumerate(settings.custom_transformers, start=1):
        _refuse_unknown(custom.transformer, custom.columns, kinds)
        cast = [part for name in custom.columns for part in _cast_names(name, kinds[name])]
        parts.append((f"custom_{place}", make_transformer(custom), cast))
        taken |= set() if custom.keep_columns else set(custom.columns)
    return parts, taken


def _cast_names(name: str, kind: str) -> list[str]:
    return [name + part for part in MOMENT_PARTS] if kind == "datetime" else [name]


def _refuse_unknown(transformer: str, columns: Sequence[str], kinds: Mapping[str, str]) -> None:
    if unknown := [name for name in columns if name not in kinds]:
        raise TrainingError(f"transformer '{transformer}' is to take column '{unknown[0]}', which is no feature")


def _encoder(encoding: str, task: str, *, native_missing: bool, sparse: bool, seed: int) -> Any:
    if encoding == "onehot":
        return OneHotEncoder(
            handle_unknown="infrequent_if_exist", max_categories=ONEHOT_CATEGORIES, sparse_output=sparse
        )
    if encoding == "target":
        make: Any = TargetEncoder
        return make(target_type=_TARGETS.get(task, "auto"), random_state=seed)
    if encoding == "frequency":
        return FrequencyEncoder()
    unseen, missing = (np.nan, np.nan) if native_missing else (UNSEEN_CODE, MISSING_CODE)
    return CategoryCoder(unseen=unseen, missing=missing)
