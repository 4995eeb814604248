"""No row is answered by a model that saw anything of it, and a learner that cheats is caught."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline

from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.settings.pipeline import PipelineSettings
from duetmind_adaptive.training.automl.folds import ordered_folds, stratified_folds
from duetmind_adaptive.training.custom_pipeline.casting import cast_frame
from duetmind_adaptive.training.examples import Examples
from duetmind_adaptive.training.fitting import Learner
from duetmind_adaptive.training.out_of_fold import out_of_fold

ROWS, FOLDS = 300, 3
KINDS = {"x": "numeric", "shop": "categorical", "note": "text"}
#: every statistic that a fold could learn from what it should not see
PREPROCESSING = [
    {"categorical_encoding": "target", "feature_selection": "selectkbest", "features_to_select": 1},
    {"categorical_encoding": "frequency", "missing_value_strategy": "iterative", "numerical_scaler": "quantile"},
    {"categorical_encoding": "onehot", "outlier_handling": "iqr", "feature_selection": "mutual_information"},
    {"categorical_encoding": "ordinal", "outlier_handling": "winsorise", "missing_value_strategy": "knn"},
]


def noise(seed=0):
    """Nothing in it tells of the target; only a leak can find something."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "x": np.where(rng.random(ROWS) < 0.2, np.nan, rng.normal(size=ROWS)),
            "shop": [f"shop {i}" for i in rng.integers(0, ROWS // 2, ROWS)],
            "note": [f"word{i % 40} and word{i % 7}" for i in rng.permutation(ROWS)],
        }
    )
    return Examples(cast_frame(frame, KINDS), rng.integers(0, 2, ROWS), np.arange(ROWS), np.array(["no", "yes"]))


def a_learner(preprocessing, **model):
    model = {"algorithm": "logistic_regression"} | model
    settings = PipelineSettings.model_validate({"preprocessing": preprocessing, "model": model})
    return Learner(settings, "binary", KINDS)


class Cheat:
    """The planted leak: a preprocessing that was fitted to all rows, the held-out ones included."""

    def __init__(self, learner, everything):
        self.learner = learner
        self.before = learner.fit(everything)[:-1]

    def fit(self, examples):
        model = self.learner.fit(examples)[-1]
        return Pipeline(
            [*self.before.steps, ("model", model.fit(self.before[1:].transform(examples.frame), examples.target))]
        )


def scores(learner, examples):
    folds = stratified_folds(examples.target, FOLDS, seed=1)
    rows, _, found = out_of_fold(learner, examples, folds, ordered=False)
    return examples.target[rows], found[:, 1]


def moved_by_held_out_labels(make, examples):
    """How far the answers to a fold move when labels and values of that very fold are turned into something else."""
    folds = stratified_folds(examples.target, FOLDS, seed=1)
    held = np.flatnonzero(folds == 0)
    one_fold = np.where(folds == 0, 0, -1).astype(np.int16)
    target = examples.target.copy()
    target[held] = 1 - target[held]
    changed = Examples(examples.frame, target, examples.rows, examples.classes)
    before, after = (out_of_fold(make(each), each, one_fold, ordered=False)[2] for each in (examples, changed))
    return float(np.abs(before - after).max())


@pytest.mark.parametrize("preprocessing", PREPROCESSING, ids=str)
@pytest.mark.parametrize("model", [{}, {"calibration": "sigmoid"}, {"decision_threshold": "f1"}], ids=str)
def test_held_out_labels_move_no_answer(preprocessing, model):
    assert moved_by_held_out_labels(lambda _: a_learner(preprocessing, **model), noise()) == 0.0


def test_a_planted_leak_is_caught():
    learner = a_learner(PREPROCESSING[0])
    assert moved_by_held_out_labels(lambda examples: Cheat(learner, examples), noise()) > 0.01


def test_noise_is_answered_no_better_than_chance_but_by_a_cheat():
    learner = a_learner({"categorical_encoding": "target"})
    honest = np.mean([roc_auc_score(*scores(learner, noise(seed))) for seed in range(6)])
    cheated = np.mean([roc_auc_score(*scores(Cheat(learner, noise(seed)), noise(seed))) for seed in range(6)])
    # six AUCs of 300 rows of noise: standard error 0.033 / sqrt(6) = 0.014; four of them
    assert abs(honest - 0.5) < 0.056
    assert cheated > 0.6


def test_older_rows_answer_for_newer_ones_only():
    examples, seen = noise(), []

    class Watched:
        def fit(self, part):
            seen.append(part.rows.max())
            return a_learner({}).fit(part)

    folds = ordered_folds(np.arange(ROWS), FOLDS)
    rows, _, _ = out_of_fold(Watched(), examples, folds, ordered=True)
    assert [int(last) + 1 for last in seen] == [int(np.flatnonzero(folds == fold).min()) for fold in range(FOLDS)]
    assert rows.min() == seen[0] + 1


def test_a_class_that_a_fold_could_not_learn_is_said():
    examples = noise()
    target = np.zeros(ROWS, dtype=int)
    target[-20:] = 1
    late = Examples(examples.frame, target, examples.rows, examples.classes)
    with pytest.raises(TrainingError, match="class 'yes' without a row of it to learn from"):
        out_of_fold(a_learner({}), late, ordered_folds(np.arange(ROWS), FOLDS), ordered=True)
