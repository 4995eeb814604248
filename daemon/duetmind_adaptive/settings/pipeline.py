"""How a model learns, as the guide writes it: its pipeline YAML and its `automl` section."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from pydantic import Field

from duetmind_adaptive.settings.types import Interval, Metric, Section

Algorithm = Literal["random_forest", "logistic_regression", "svm", "hist_gradient_boosting", "xgboost", "lightgbm"]


class PreprocessingSettings(Section):
    """The guide's preprocessing block."""

    numerical_scaler: Literal["standard", "minmax", "robust", "none"] = Field(
        default="standard", description="how numeric columns are scaled"
    )
    categorical_encoding: Literal["onehot", "ordinal", "none"] = Field(
        default="onehot", description="how categorical columns become numbers; none leaves them out"
    )
    missing_value_strategy: Literal["mean", "median", "most_frequent"] = Field(
        default="median", description="what stands in for a missing number"
    )
    feature_selection: Literal["selectkbest", "none"] = Field(
        default="none", description="whether only the most telling columns are used"
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


class EvaluationSettings(Section):
    """Which metrics a training run reports."""

    metrics: tuple[Metric, ...] = Field(default=(), description="reported beside the model's own metric")


class PipelineSettings(Section):
    """A guide pipeline: preprocessing and model."""

    name: str = Field(default="default", description="shown beside the versions it trained")
    description: str = Field(default="", description="for people")
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
