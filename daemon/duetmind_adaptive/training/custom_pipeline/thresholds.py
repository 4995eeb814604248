"""The probability from which a binary answer is yes, chosen for a metric on rows that the model did not learn from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.utils import Tags, get_tags

from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.training.custom_pipeline.estimators import fresh

FOLDS = 5


class DecisionThreshold(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """A binary classifier that answers with the second class from a probability on that makes a metric best.

    scikit-learn's `TunedThresholdClassifierCV` does the like; this one looks at every cut between the out-of-fold
    probabilities instead of at a grid of them, takes classes of any type for F1, and holds no scorer, so that an
    artifact needs to trust none.

    Parameters
    ----------
    estimator : classifier
        With `predict_proba`.
    threshold : float or str
        The probability itself, or `accuracy`, `balanced_accuracy`, `f1` (of the second class) to choose it for.
    seed : int
        Of the folds.

    Attributes
    ----------
    threshold_ : float
        In [0, 1].
    """

    def __init__(self, estimator: Any, threshold: float | str = "accuracy", seed: int = 0) -> None:
        self.estimator = estimator
        self.threshold = threshold
        self.seed = seed

    def fit(self, X: Any, y: ArrayLike) -> DecisionThreshold:  # noqa: N803 - scikit-learn's names
        """Choose the threshold out of fold, then learn from all rows; raises TrainingError without two classes."""
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        if self.classes_.size != 2:
            raise TrainingError(
                f"decision_threshold is for two classes, and the target has {self.classes_.size}; leave it out"
            )
        if isinstance(self.threshold, str):
            folds = StratifiedKFold(min(FOLDS, *np.bincount(codes)), shuffle=True, random_state=self.seed)
            shown: Any = cross_val_predict(fresh(self.estimator), X, y, cv=folds, method="predict_proba")
            self.threshold_ = best_threshold(self.threshold, codes, shown[:, 1])
        else:
            self.threshold_ = float(self.threshold)
        self.estimator_ = fresh(self.estimator).fit(X, y)
        return self

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803 - scikit-learn's name
        """The class of each row."""
        return self.classes_[decide(self.predict_proba(X), self.threshold_)]

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803 - scikit-learn's name
        """The probability of each class, shape (rows, 2)."""
        return self.estimator_.predict_proba(X)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        tags.classifier_tags.multi_class = False
        return tags


def best_threshold(metric: str, truth: NDArray[Any], score: NDArray[np.float64]) -> float:
    """The cut between two scores that makes `metric` best; of equal ones the nearest to 0.5.

    Parameters
    ----------
    metric : str
        `accuracy`, `balanced_accuracy` or `f1`.
    truth : array of 0 and 1, shape (n,)
    score : array, shape (n,)
        Probabilities of 1.

    Examples
    --------
    >>> best_threshold("f1", np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.3, 0.9]))
    0.25
    """
    order = np.argsort(score, kind="stable")
    score, truth = score[order], truth[order]
    # a cut before each different score, and one above all: how many of each class lie at or above it
    starts = np.append(np.flatnonzero(np.diff(score, prepend=-np.inf)), len(score))
    below = np.concatenate([[0], np.cumsum(truth)])[starts]
    positives, negatives = int(truth.sum()), int(len(truth) - truth.sum())
    hits, false_alarms = positives - below, negatives - (starts - below)
    values = _metric(metric, hits, false_alarms, positives, negatives)
    upper = np.append(score, 1.0)[starts]
    cuts = np.where(starts > 0, (upper + score[starts - 1]) / 2, upper)
    cuts[-1] = (score[-1] + 1.0) / 2 if score[-1] < 1 else 1.0
    best = np.flatnonzero(values >= values.max() - 1e-12)
    return float(cuts[best[np.abs(cuts[best] - 0.5).argmin()]])


def _metric(
    metric: str, hits: NDArray[Any], false_alarms: NDArray[Any], positives: int, negatives: int
) -> NDArray[np.float64]:
    if metric == "accuracy":
        return (hits + negatives - false_alarms) / (positives + negatives)
    if metric == "balanced_accuracy":
        return (hits / max(positives, 1) + (negatives - false_alarms) / max(negatives, 1)) / 2
    return 2 * hits / np.maximum(positives + hits + false_alarms, 1)


def threshold_of(pipeline: Any) -> float | None:
    """The threshold that a fitted pipeline answers by; None where the likelier class is the answer."""
    last = pipeline[-1]
    inner = getattr(last, "estimator_", last)
    found = next((each for each in (last, inner) if isinstance(each, DecisionThreshold)), None)
    return None if found is None else float(found.threshold_)


def decide(probabilities: NDArray[np.float64], threshold: float | None) -> NDArray[np.intp]:
    """The code of each row's class: the likeliest, or by the threshold on the second.

    >>> decide(np.array([[0.7, 0.3]]), None), decide(np.array([[0.7, 0.3]]), 0.25)
    (array([0]), array([1]))
    """
    if threshold is None:
        return probabilities.argmax(axis=1)
    return (probabilities[:, 1] >= threshold).astype(np.intp)
