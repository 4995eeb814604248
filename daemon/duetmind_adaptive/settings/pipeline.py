"""How a model learns, as the guide writes it: its pipeline YAML and its `automl` section."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from duetmind_adaptive.plugins import ALGORITHMS, installed
from duetmind_adaptive.records import Kind
from duetmind_adaptive.settings.types import Interval, Metric, Section, Task

#: those that every installation knows; the last two need the extra `boosting`
BUILT_IN_ALGORITHMS = (
    "random_forest",
    "logistic_regression",
    "svm",
    "hist_gradient_boosting",
    "xgboost",
    "lightgbm",
)


def _known(name: str) -> str:
    if name in BUILT_IN_ALGORITHMS:
        return name
    names = dict.fromkeys((*BUILT_IN_ALGORITHMS, *sorted(installed(ALGORITHMS))))
    if name not in names:
        raise PydanticCustomError("literal_error", "an algorithm", {"expected": ", ".join(map(repr, names))})
    return name


#: a built-in learner, or one that an installed package offers
Algorithm = Annotated[
    str, AfterValidator(_known), WithJsonSchema({"type": "string", "examples": list(BUILT_IN_ALGORITHMS)})
]
#: metrics that a decision threshold can be chosen for
ThresholdMetric = Literal["accuracy", "balanced_accuracy", "f1"]


class CustomTransformerSettings(Section):
    """A transformer of one's own, and the columns that go into it instead of through the usual steps."""

    transformer: str = Field(description="an entry point of `duetmind.transformers`, or module:Class")
    columns: tuple[str, ...] = Field(min_length=1, description="columns that it takes over")
    options: dict[str, Any] = Field(default_factory=dict[str, Any], description="passed to the class as they are")
    keep_columns: bool = Field(default=False, description="whether these columns go through the usual steps, too")


class PreprocessingSettings(Section):
    """The guide's preprocessing block."""

    numerical_scaler: Literal["standard", "minmax", "robust", "quantile", "power", "none"] = Field(
        default="standard", description="how numeric columns are scaled"
    )
    categorical_encoding: Literal["onehot", "ordinal", "target", "frequency", "none"] = Field(
        default="onehot", description="how categorical columns become numbers; none leaves them out"
    )
    text_encoding: Literal["tfidf", "none"] = Field(
        default="tfidf", description="how columns of free text become numbers; none leaves them out"
    )
    missing_value_strategy: Literal[
        "mean", "median", "most_frequent", "constant", "knn", "iterative", "drop", "indicator"
    ] = Field(default="median", description="what stands in for a missing number; drop learns from complete rows only")
    fill_value: float = Field(default=0.0, description="what stands in for a missing number with `constant`")
    outlier_handling: Literal["iqr", "zscore", "isolation_forest", "winsorise", "none"] = Field(
        default="none", description="winsorise clips numbers; the others keep rows from being learned from"
    )
    outlier_limit: float = Field(
        default=3.0, gt=0, description="interquartile ranges (iqr) or standard deviations (zscore) that are still usual"
    )
    outlier_share: float = Field(
        default=0.01, gt=0, lt=0.5, description="of rows that isolation_forest leaves out; of numbers clipped per side"
    )
    feature_selection: Literal[
        "selectkbest", "mutual_information", "rfe", "from_model", "variance", "correlation", "none"
    ] = Field(default="none", description="whether only the most telling columns are used")
    features_to_select: int | None = Field(
        default=None, ge=1, description="how many; default: half as many as the data has columns"
    )
    column_kinds: dict[str, Kind] = Field(
        default_factory=dict[str, Kind], description="kinds of columns whose values do not tell"
    )
    custom_transformers: tuple[CustomTransformerSettings, ...] = Field(
        default=(), description="transformers of one's own"
    )


class PipelineModelSettings(Section):
    """The guide's model block."""

    algorithm: Algorithm = Field(
        default="random_forest", description="what learns; xgboost and lightgbm need the extra `boosting`"
    )
    hyperparameters: dict[str, Any] = Field(
        default_factory=dict[str, Any], description="passed to the algorithm as they are"
    )
    ensemble_method: Literal["voting", "stacking", "bagging", "none"] = Field(
        default="none", description="how several models answer as one"
    )
    ensemble_members: tuple[Algorithm, ...] = Field(
        default=(), description="who votes or is stacked beside the algorithm; default: a forest and a linear model"
    )
    class_weight: Literal["balanced"] | dict[str, float] | None = Field(
        default=None, description="balanced, or the weight of each class; default: every row counts the same"
    )
    calibration: Literal["sigmoid", "isotonic", "none"] = Field(
        default="none", description="how probabilities are corrected, out of fold"
    )
    decision_threshold: ThresholdMetric | Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="probability from which a binary answer is yes, or the metric to choose it for"
    )


class EvaluationSettings(Section):
    """Which metrics a training run reports."""

    metrics: tuple[Metric, ...] = Field(default=(), description="reported beside the model's own metric")
    folds: int = Field(default=5, ge=2, le=50, description="folds that `duetmind train` measures on")


class PipelineSettings(Section):
    """A guide pipeline: preprocessing and model."""

    name: str = Field(default="default", description="shown beside the versions it trained")
    description: str = Field(default="", description="for people")
    task: Task | None = Field(default=None, description="default: a model's own task, or what the target looks like")
    preprocessing: PreprocessingSettings = Field(
        default_factory=PreprocessingSettings, description="what happens to the columns first"
    )
    model: PipelineModelSettings = Field(default_factory=PipelineModelSettings, description="what learns")
    evaluation: EvaluationSettings = Field(default_factory=EvaluationSettings, description="what is reported")


class AutomlSettings(Section):
    """The guide's automl section."""

    objective_metric: Metric = Field(default="roc_auc", description="what the search makes best")
    n_trials: int = Field(default=100, ge=1, description="trials at most")
    timeout: Interval = Field(default=timedelta(hours=1), description="time at most, in seconds or as a duration")
    cv_folds: int = Field(default=5, ge=2, description="cross-validation folds")
