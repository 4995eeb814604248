"""Fits a configured pipeline to examples, and turns what goes wrong into one sentence."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.settings.pipeline import PipelineSettings
from duetmind_adaptive.training.custom_pipeline.builder import build_pipeline
from duetmind_adaptive.training.custom_pipeline.thresholds import decide, threshold_of
from duetmind_adaptive.training.examples import Examples
from duetmind_adaptive.training.recency import as_fit_parameter, takes_weights


@dataclass(frozen=True, slots=True)
class Learner:
    """What is to be fitted, again and again, to different rows."""

    settings: PipelineSettings
    task: str
    kinds: Mapping[str, str]
    seed: int = 0

    def weighs(self) -> bool:
        """Whether what is fitted can weigh rows."""
        return takes_weights(build_pipeline(self.settings, self.task, self.kinds, seed=self.seed))

    def fit(self, examples: Examples, weights: NDArray[np.float64] | None = None) -> Pipeline:
        """A fitted pipeline; its input is a raw frame, though the examples are cast already, once for all fits.

        Parameters
        ----------
        examples
            What to learn from.
        weights
            Of the rows, shape (n,), where `weighs` says so; default: all alike.

        Raises
        ------
        TrainingError
            When the settings cannot be built, or the algorithm cannot cope with the rows.
        """
        settings = with_coded_weights(self.settings, examples.classes)
        pipeline = build_pipeline(settings, self.task, self.kinds, seed=self.seed)
        cast, rest = pipeline[0], pipeline[1:]
        try:
            with warnings.catch_warnings():
                # a learner's complaints (not converged, constant columns) are the gate's business: it measures
                warnings.simplefilter("ignore")
                rest.fit(examples.frame, examples.target, **as_fit_parameter(rest, weights))
        except (ValueError, TypeError, ArithmeticError, MemoryError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise TrainingError(f"{self.settings.model.algorithm} cannot learn from these rows: {reason}") from error
        return Pipeline([("cast", cast.fit(examples.frame)), *rest.steps])


def with_coded_weights(settings: PipelineSettings, classes: NDArray[Any]) -> PipelineSettings:
    """The settings for a target of codes: weights of classes become those of the classes' codes.

    Raises
    ------
    TrainingError
        When a weight names no class.
    """
    weights = settings.model.class_weight
    if not isinstance(weights, dict) or not classes.size:
        return settings
    codes = {str(name): str(code) for code, name in enumerate(classes.tolist())}
    if unknown := sorted(weights.keys() - codes.keys()):
        raise TrainingError(f"class_weight names '{unknown[0]}'; the target's classes are {', '.join(codes)}")
    coded = {codes[name]: weight for name, weight in weights.items()}
    return settings.model_copy(update={"model": settings.model.model_copy(update={"class_weight": coded})})


def answers(pipeline: Pipeline, examples: Examples) -> tuple[NDArray[Any], NDArray[np.float64] | None]:
    """Predictions as the data writes them, and scores as `drift.metrics` takes them, for cast examples."""
    rest = pipeline[1:]
    if not len(examples):
        return examples.truth, np.empty((0, examples.classes.size)) if examples.classes.size else None
    if not examples.classes.size:
        return np.asarray(rest.predict(examples.frame), dtype=np.float64), None
    probabilities = np.asarray(rest.predict_proba(examples.frame), dtype=np.float64)
    return examples.classes[decide(probabilities, threshold_of(pipeline))], probabilities
