"""The guide's builder: from a configuration and a frame to a pipeline for that frame's columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils.multiclass import type_of_target

from duetmind_adaptive.errors import SourceFormatError
from duetmind_adaptive.training.custom_pipeline.builder import build_pipeline
from duetmind_adaptive.training.custom_pipeline.configuration import Configured, as_config
from duetmind_adaptive.training.custom_pipeline.kinds import infer_kinds


class DynamicPipelineBuilder:
    """Builds pipelines of one configuration, each for the columns of a frame.

    Parameters
    ----------
    config : PipelineConfig, mapping, str or Path
        The configuration, its plain values, or the YAML file that holds it.
    seed : int
        `random_state` where the hyperparameters give none.
    """

    def __init__(self, config: Configured, *, seed: int = 0) -> None:
        self.config = as_config(config)
        self.seed = seed

    def build_complete_pipeline(self, X: pd.DataFrame, y: object = None) -> Pipeline:  # noqa: N803 - the guide's name
        """An unfitted pipeline for frames with the columns of `X`; fit it with any target.

        Parameters
        ----------
        X : DataFrame
            Looked at for its columns and their kinds; nothing is learned from it.
        y : array-like, optional
            The target. Without it the configuration's `task` tells whether to predict classes (so it is by default)
            or numbers; a target of fractional numbers is predicted as numbers.

        Raises
        ------
        SourceError
            When the frame cannot be learned from; one sentence names the column.
        TrainingError
            When the configuration cannot be built; one sentence says what to change.

        Examples
        --------
        >>> X = pd.DataFrame({"age": [31, 45, 28, 60], "job": ["cook", "nurse", "nurse", "cook"]})
        >>> builder = create_pipeline_builder({"model": {"algorithm": "logistic_regression"}})
        >>> pipeline = builder.build_complete_pipeline(X)
        >>> pipeline.fit(X, ["no", "yes", "no", "yes"]).predict(X).tolist()
        ['no', 'yes', 'no', 'yes']
        >>> pipeline[:-1].get_feature_names_out().tolist()
        ['age', 'job_cook', 'job_nurse']
        """
        if not hasattr(X, "columns"):
            raise SourceFormatError(f"X is a {type(X).__name__}, and columns need names; give a pandas frame")
        kinds = infer_kinds(X, self.config.preprocessing.column_kinds)
        return build_pipeline(self.config, self.config.task or task_of(y), kinds, seed=self.seed)


def create_pipeline_builder(config: Configured, *, seed: int = 0) -> DynamicPipelineBuilder:
    """The guide's way to make a `DynamicPipelineBuilder`."""
    return DynamicPipelineBuilder(config, seed=seed)


def task_of(target: object) -> str:
    """`regression` for fractional numbers, `binary` or `multiclass` for classes, `classification` when nothing tells.

    >>> task_of([0.5, 1.5, 7.25]), task_of(["a", "b", "a"]), task_of([1, 2, 3]), task_of(None)
    ('regression', 'binary', 'multiclass', 'classification')
    """
    if target is None:
        return "classification"
    kind = type_of_target(np.asarray(target))
    return "regression" if kind == "continuous" else kind if kind in {"binary", "multiclass"} else "classification"
