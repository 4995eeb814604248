"""scikit-learn's histogram gradient boosting: the booster that is always there.

Its trees are kept as one array of nodes and walked one by one with one thread. Its own `predict` opens a parallel
region for each tree, whose threads spin for cores that other processes hold: on a busy machine 1,000 rows took a second
instead of milliseconds. And 4,000 trees as objects of their own take seconds to write down and to read again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor

from duetmind_adaptive.training.automl.families import Lesson
from duetmind_adaptive.training.automl.families.answers import to_answers
from duetmind_adaptive.training.automl.tree_inputs import TreeInputs

Matrix = NDArray[Any]

#: words of a set of categories; no column is given as one
_WORDS = 8


@dataclass(eq=False, kw_only=True)
class HistogramTrees:
    """A booster's trees and what they split on."""

    #: fitted
    inputs: TreeInputs
    #: of all trees, one after the other, as scikit-learn has them
    nodes: Matrix
    #: where each tree's nodes end, shape (rounds, trees of a round): one for each class beyond two
    ends: Matrix
    #: what is answered before the first round
    baseline: Matrix
    #: 0 for regression
    classes: int
    #: columns that the nodes split on
    n_features_in_: int

    def predict(self, x: Matrix) -> Matrix:
        """Answers of all rounds."""
        return self.staged(x, [len(self.ends)])[0]

    def staged(self, x: Matrix, rounds: list[int]) -> list[Matrix]:
        """Answers after each number of rounds; each round is walked once."""
        columns = np.ascontiguousarray(self.inputs.transform(x), dtype=np.float64)
        if columns.shape[1] != self.n_features_in_:  # trees are walked without looking
            raise ValueError(f"{self.n_features_in_} columns are split on, and {columns.shape[1]} are there")
        no_sets = np.zeros((0, _WORDS), dtype=np.uint32), np.zeros(columns.shape[1], dtype=np.uint32)
        raw, found, first = np.tile(self.baseline, (len(columns), 1)), list[Matrix](), 0
        for count, ends in enumerate(self.ends.tolist(), 1):
            for place, end in enumerate(ends):
                tree = TreePredictor(self.nodes[first:end], no_sets[0], no_sets[0])
                raw[:, place] += tree.predict(columns, *no_sets, 1)
                first = end
            if count in rounds:
                found.append(to_answers(raw.copy(), self.classes))
        return found

    def cut(self, rounds: int) -> Self:
        """The first rounds alone."""
        ends = self.ends[:rounds]
        return replace(self, nodes=self.nodes[: ends[-1, -1]].copy(), ends=ends)


def fit(_: str, lesson: Lesson) -> HistogramTrees:
    """Boost for `rounds` rounds."""
    inputs = TreeInputs(lesson.categories)
    columns = inputs.fit_transform(lesson.x, lesson.y, lesson.classes)
    settings = {name: value for name, value in lesson.params.items() if name != "rounds"}
    settings |= {"max_iter": int(lesson.params["rounds"]), "early_stopping": False, "random_state": lesson.seed}
    if lesson.classes:
        model: Any = HistGradientBoostingClassifier(**settings)
    else:
        loss = "absolute_error" if lesson.metric == "mae" else "squared_error"
        model = HistGradientBoostingRegressor(loss=loss, **settings)
    model.fit(columns, lesson.y)
    # scikit-learn has no public way to them
    trees: list[list[Any]] = model._predictors  # noqa: SLF001 - as said
    baseline: Matrix = model._baseline_prediction  # noqa: SLF001 - as said
    nodes = [tree.nodes for each in trees for tree in each]
    return HistogramTrees(
        inputs=inputs,
        nodes=np.concatenate(nodes),
        ends=np.cumsum([len(each) for each in nodes]).reshape(len(trees), -1),
        baseline=baseline,
        classes=lesson.classes,
        n_features_in_=columns.shape[1],
    )
