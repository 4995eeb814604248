"""Builds the whole pipeline of a configuration, in one list that can be read from top to bottom.

The result is a plain scikit-learn `Pipeline` over a pandas frame; it clones, pickles and can be saved as an artifact.

    cast → columns → select → model

Where something has to see rows that the steps did not learn from (calibration, a chosen threshold, stacking), or rows
are not to be learned from, or classes have weights of their own, the last three steps are one estimator inside that:

    cast → model = weights(threshold(calibration(row filter(columns → select → learner))))

so that a fold's statistics, the target's included, are those of the fold. What is not configured is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sklearn.pipeline import Pipeline

from duetmind_adaptive.contracts import Algorithm
from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.settings.pipeline import PipelineSettings
from duetmind_adaptive.training.custom_pipeline.algorithms import find_algorithm, make_estimator
from duetmind_adaptive.training.custom_pipeline.casting import ColumnCaster, category_columns, number_columns
from duetmind_adaptive.training.custom_pipeline.coded import CodedClassifier
from duetmind_adaptive.training.custom_pipeline.ensembles import (
    make_bagging,
    make_companions,
    make_stacking,
    make_voting,
)
from duetmind_adaptive.training.custom_pipeline.preprocessing import make_columns, takes_sparse
from duetmind_adaptive.training.custom_pipeline.row_filter import ROW_WAYS, RowFilter, drops_rows
from duetmind_adaptive.training.custom_pipeline.selection import make_selector
from duetmind_adaptive.training.custom_pipeline.thresholds import DecisionThreshold

CALIBRATION_FOLDS = 3


def build_pipeline(settings: PipelineSettings, task: str, kinds: Mapping[str, str], *, seed: int = 0) -> Pipeline:
    """An unfitted pipeline whose input is a pandas frame with the columns of `kinds`, others ignored.

    Parameters
    ----------
    settings : PipelineSettings
        Preprocessing and model, as the guide writes them.
    task : str
        `binary`, `multiclass`, `classification` (either of them) or `regression`.
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
    _refuse(settings, task)
    plan = _Plan(settings, task, kinds, seed, find_algorithm(settings.model.algorithm))
    body = plan.body()
    wrapped = _wrap(plan, body)
    rest = body.steps if wrapped is body and isinstance(body, Pipeline) else [("model", wrapped)]
    return Pipeline([("cast", ColumnCaster(dict(kinds))), *rest])


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the steps are made for."""

    settings: PipelineSettings
    task: str
    kinds: Mapping[str, str]
    seed: int
    algorithm: Algorithm

    @property
    def native(self) -> bool:
        """Whether the learner gets missing numbers and category codes as they are."""
        alone = self.settings.model.ensemble_method in {"none", "bagging"}
        codes = self.settings.preprocessing.categorical_encoding in {"ordinal", "none"}
        selects = self.settings.preprocessing.feature_selection != "none"
        return self.algorithm.takes_missing and codes and alone and not selects

    def body(self) -> Any:
        """Columns, selection and learner: one pipeline, or for stacking one per member."""
        method = self.settings.model.ensemble_method
        if method == "stacking":
            return make_stacking([(name, self.steps(member)) for name, member in self.members()], self.task)
        if method == "voting":
            return self.steps(make_voting(self.members(), self.task))
        model = self.learner(self.settings.model.algorithm)
        return self.steps(make_bagging(model, self.task, seed=self.seed) if method == "bagging" else model)

    def steps(self, model: Any) -> Pipeline:
        """The steps that end in `model`."""
        preprocessing = self.settings.preprocessing
        alone = self.settings.model.ensemble_method in {"none", "bagging"}
        columns = make_columns(
            preprocessing,
            self.kinds,
            self.task,
            native_missing=self.native,
            sparse=alone and self.algorithm.takes_sparse and takes_sparse(preprocessing),
            seed=self.seed,
        )
        select = make_selector(preprocessing, len(self.kinds), self.task, self.seed)
        return Pipeline([("columns", columns), ("select", select), ("model", model)])

    def members(self) -> list[tuple[str, Any]]:
        """The learner, and who answers beside it."""
        model = self.settings.model
        named = [(name, self.member(name)) for name in model.ensemble_members]
        return [("model", self.member(model.algorithm)), *(named or make_companions(self.task, self.seed))]

    def member(self, name: str) -> Any:
        """A learner that gives probabilities by itself, as members of an ensemble have to."""
        learner = self.learner(name)
        needs = find_algorithm(name).calibrate and self.task != "regression"
        return _calibrated(learner, "sigmoid") if needs else learner

    def learner(self, name: str) -> Any:
        """A bare learner; the configured hyperparameters are those of the configured algorithm."""
        model, algorithm = self.settings.model, find_algorithm(name)
        own = name == model.algorithm
        given = dict(model.hyperparameters) if own else {}
        learner = make_estimator(name, self.task, given, seed=self.seed, category_columns=self._category_positions())
        if self.task == "regression":
            return learner
        balanced = model.class_weight == "balanced"
        if algorithm.codes_only:
            return CodedClassifier(learner, "balanced" if balanced else None)
        return learner.set_params(class_weight="balanced") if balanced and _weighs(learner) else learner

    def _category_positions(self) -> list[int] | None:
        """Where category codes stand in the matrix; columns that a transformer of one's own takes over do not count."""
        if not self.native:
            return None
        custom = self.settings.preprocessing.custom_transformers
        taken = {name for each in custom if not each.keep_columns for name in each.columns}
        usual = {name: kind for name, kind in self.kinds.items() if name not in taken}
        first = len(number_columns(usual))
        return list(range(first, first + len(category_columns(usual))))


def _wrap(plan: _Plan, body: Any) -> Any:
    """What stands around the steps, from the inside out."""
    model, preprocessing = plan.settings.model, plan.settings.preprocessing
    wrapped = body
    if drops_rows(preprocessing):
        wrapped = RowFilter(
            wrapped,
            drop_missing=preprocessing.missing_value_strategy == "drop",
            outliers=preprocessing.outlier_handling if preprocessing.outlier_handling in ROW_WAYS else "none",
            columns=[name for name, kind in plan.kinds.items() if kind == "numeric"],
            limit=preprocessing.outlier_limit,
            share=preprocessing.outlier_share,
            seed=plan.seed,
        )
    if plan.task == "regression":
        return wrapped
    needs = plan.algorithm.calibrate and model.ensemble_method in {"none", "bagging"}
    if model.calibration != "none" or needs:
        wrapped = _calibrated(wrapped, "sigmoid" if model.calibration == "none" else model.calibration)
    if model.decision_threshold is not None:
        wrapped = DecisionThreshold(wrapped, model.decision_threshold, seed=plan.seed)
    # outermost, because what stands inside sees codes in place of the classes that the weights name
    return CodedClassifier(wrapped, dict(model.class_weight)) if isinstance(model.class_weight, dict) else wrapped


def _refuse(settings: PipelineSettings, task: str) -> None:
    model = settings.model
    given = {
        "class_weight": model.class_weight is not None,
        "calibration": model.calibration != "none",
        "decision_threshold": model.decision_threshold is not None,
    }
    if task == "regression" and (wrong := [name for name, is_given in given.items() if is_given]):
        raise TrainingError(f"{wrong[0]} is for classes, and this pipeline predicts numbers; leave it out")
    if task == "multiclass" and given["decision_threshold"]:
        raise TrainingError("decision_threshold is for two classes, and the target has more; leave it out")


def _weighs(learner: Any) -> bool:
    return "class_weight" in learner.get_params(deep=False)


def _calibrated(estimator: Any, method: str) -> Any:
    from sklearn import calibration  # noqa: PLC0415 - costs time only these pipelines need

    make: Any = calibration.CalibratedClassifierCV
    return make(estimator, method=method, cv=CALIBRATION_FOLDS, ensemble=False)
