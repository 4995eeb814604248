"""Class weights for every learner, and codes for those that take nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.utils import Tags, compute_sample_weight, get_tags

from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.training.custom_pipeline.estimators import fresh


class CodedClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Has `estimator` learn the codes 0, 1, … of the classes, each class with its weight; answers with the classes.

    Weights go where the estimator, or a part of it, takes `class_weight`; else each row gets that of its class.

    Parameters
    ----------
    estimator : classifier
        With `predict_proba`.
    class_weight : `balanced`, dict of str to float, or None
        By a class's name as text; a class that is not named weighs 1.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["no", "yes", "no", "yes"]
    >>> CodedClassifier(LogisticRegression(), {"yes": 50.0}).fit(X, y).predict(X).tolist()
    ['yes', 'yes', 'yes', 'yes']
    """

    def __init__(self, estimator: Any, class_weight: Literal["balanced"] | Mapping[str, float] | None = None) -> None:
        self.estimator = estimator
        self.class_weight = class_weight

    def fit(self, X: Any, y: ArrayLike) -> CodedClassifier:  # noqa: N803 - scikit-learn's names
        """Learn; raises TrainingError when a weight names no class."""
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        self.estimator_ = fresh(self.estimator)
        weights = self._weights()
        places = [name for name in self.estimator_.get_params() if name.rpartition("__")[2] == "class_weight"]
        if weights is None or not places:
            by_row = {} if weights is None else {"sample_weight": compute_sample_weight(weights, codes)}
            self.estimator_.fit(X, codes, **by_row)
            return self
        self.estimator_.set_params(**dict.fromkeys(places, weights)).fit(X, codes)
        return self

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803 - scikit-learn's name
        """The likeliest class of each row."""
        return self.classes_[np.asarray(self.estimator_.predict(X), dtype=np.intp)]

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803 - scikit-learn's name
        """The probability of each class, shape (rows, classes)."""
        return self.estimator_.predict_proba(X)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags

    def _weights(self) -> Any:
        if self.class_weight is None or isinstance(self.class_weight, str):
            return self.class_weight
        names = {str(name): code for code, name in enumerate(self.classes_.tolist())}
        given = {str(name): float(weight) for name, weight in self.class_weight.items()}
        if unknown := sorted(given.keys() - names.keys()):
            raise TrainingError(f"class_weight names '{unknown[0]}'; the target's classes are {', '.join(names)}")
        return {code: given.get(name, 1.0) for name, code in names.items()}
