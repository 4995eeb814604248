"""Builds the whole pipeline of a configuration: casting, preprocessing, selection, learner, in one list.

The result is a plain scikit-learn `Pipeline` over a pandas frame; it clones, pickles and can be saved as an artifact.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sklearn.pipeline import Pipeline

from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.settings.pipeline import PipelineSettings
from duetmind_adaptive.training.custom_pipeline.algorithms import find_algorithm, make_estimator
from duetmind_adaptive.training.custom_pipeline.casting import ColumnCaster, category_columns, number_columns
from duetmind_adaptive.training.custom_pipeline.ensembles import make_ensemble
from duetmind_adaptive.training.custom_pipeline.preprocessing import make_columns, make_selector


def build_pipeline(settings: PipelineSettings, task: str, kinds: Mapping[str, str], *, seed: int = 0) -> Pipeline:
    """An unfitted pipeline whose input is a pandas frame with the columns of `kinds`, others ignored.

    Parameters
    ----------
    settings : PipelineSettings
        Preprocessing and model, as the guide writes them.
    task : str
        `binary`, `multiclass` or `regression`.
    kinds : Mapping
        Feature name to `numeric`, `categorical`, `boolean`, `datetime` or `text`.
    seed : int
        `random_state` where the hyperparameters give none.

    Raises
    ------
    TrainingError
        When the configuration cannot be built: one sentence saying what to change.

    Examples
    --------
    >>> from duetmind_adaptive.settings.pipeline import PipelineSettings
    >>> build_pipeline(PipelineSettings(), "binary", {"age": "numeric", "job": "categorical"}).steps[-1]
    ('model', RandomForestClassifier(random_state=0))
    """
    if not kinds:
        raise TrainingError("there are no feature columns to learn from; name them under features, or exclude fewer")
    algorithm = find_algorithm(settings.model.algorithm)
    encoding = settings.preprocessing.categorical_encoding
    codes = encoding in {"ordinal", "none"}
    native = algorithm.takes_missing and codes and settings.model.ensemble_method in {"none", "bagging"}
    selector = make_selector(settings.preprocessing, kinds, task)
    positions = _category_positions(kinds) if native and selector is None else None
    model = make_estimator(
        settings.model.algorithm, task, settings.model.hyperparameters, seed=seed, category_columns=positions
    )
    steps: list[tuple[str, Any]] = [
        ("cast", ColumnCaster(dict(kinds))),
        ("columns", make_columns(settings.preprocessing, kinds, native_missing=native and selector is None)),
        ("select", selector or "passthrough"),
        ("model", make_ensemble(settings.model.ensemble_method, model, task, seed=seed)),
    ]
    return Pipeline(steps)


def _category_positions(kinds: Mapping[str, str]) -> list[int]:
    first = len(number_columns(kinds))
    return list(range(first, first + len(category_columns(kinds))))
