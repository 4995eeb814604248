"""The gate promotes an equal challenger at most as rarely as it says, and a clearly better one nearly always."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duetmind_adaptive.registry.gate import Answers, GateRules, compare
from duetmind_adaptive.registry.moving_blocks import moving_block_error, moving_block_weights
from duetmind_adaptive.stats.intervals import wilson

RULES = GateRules()


def classifiers(rng, rows, champion, challenger, positive=0.3):
    truth = (rng.random(rows) < positive).astype(int)
    return truth, *(Answers(np.where(rng.random(rows) < right, truth, 1 - truth)) for right in (champion, challenger))


def scorers(rng, rows, champion, challenger, positive=0.15):
    truth = (rng.random(rows) < positive).astype(int)
    truth[:20] = 1
    scores = [1 / (1 + np.exp(-(skill * truth + rng.normal(size=rows)))) for skill in (champion, challenger)]
    return truth, *(Answers((score > 0.5).astype(int), score) for score in scores)


def regressors(rng, rows, champion, challenger):
    truth = rng.normal(size=rows)
    return truth, *(Answers(truth + spread * rng.standard_t(4, size=rows)) for spread in (champion, challenger))


def verdicts(simulations, make, *, metric="accuracy", task="binary", rules=RULES):
    found = []
    for seed in range(simulations):
        truth, champion, challenger = make(np.random.default_rng(seed))
        found.append(compare(metric, task, truth=truth, champion=champion, challenger=challenger, rules=rules).verdict)
    return found


CASES = [
    ("accuracy", "binary", 400, lambda rng: classifiers(rng, 400, 0.8, 0.8)),
    ("accuracy", "binary", 400, lambda rng: classifiers(rng, 400, 0.98, 0.98)),
    ("roc_auc", "binary", 200, lambda rng: scorers(rng, 300, 1.0, 1.0)),
    ("f1", "binary", 200, lambda rng: scorers(rng, 300, 1.0, 1.0)),
    ("r2", "regression", 400, lambda rng: regressors(rng, 300, 1.0, 1.0)),
    ("mae", "regression", 400, lambda rng: regressors(rng, 300, 1.0, 1.0)),
]


@pytest.mark.parametrize(("metric", "task", "simulations", "make"), CASES)
def test_an_equal_challenger_is_promoted_at_most_one_time_in_twenty(metric, task, simulations, make):
    rules = GateRules(replicates=200)
    promoted = verdicts(simulations, make, metric=metric, task=task, rules=rules).count("better")
    # Wilson's 99 % interval of the measured rate must reach down to what is stated
    assert wilson(promoted, simulations, 0.99).low <= 0.05


def test_a_worse_challenger_is_promoted_at_most_one_time_in_a_hundred():
    promoted = verdicts(400, lambda rng: classifiers(rng, 400, 0.8, 0.76)).count("better")
    assert wilson(promoted, 400, 0.99).low <= 0.01


@pytest.mark.parametrize(
    ("metric", "task", "make"),
    [
        ("accuracy", "binary", lambda rng: classifiers(rng, 1000, 0.8, 0.88)),
        ("r2", "regression", lambda rng: regressors(rng, 500, 1.0, 0.7)),
    ],
)
def test_a_clearly_better_challenger_is_promoted_nine_times_in_ten(metric, task, make):
    found = verdicts(100, make, metric=metric, task=task)
    assert found.count("better") >= 90
    assert found.count("worse") == 0


def test_rows_that_err_together_do_not_count_as_so_many():
    """Losses repeated in runs of eight would promote one equal challenger in four if rows counted singly."""

    def runs(rng):
        truth, champion, challenger = classifiers(rng, 64, 0.7, 0.7, positive=0.5)
        return np.repeat(truth, 8), *(Answers(np.repeat(a.prediction, 8)) for a in (champion, challenger))

    by_blocks = verdicts(300, runs, rules=GateRules(block=24)).count("better")
    singly = verdicts(300, runs, rules=GateRules(block=1)).count("better")
    assert wilson(by_blocks, 300, 0.99).low <= 0.05
    assert singly > 3 * by_blocks


def test_a_handful_of_rows_does_not_decide():
    truth = np.tile([0, 1], 300)
    champion = truth.copy()
    champion[:4] = 1 - champion[:4]
    result = compare(
        "accuracy", "binary", truth=truth, champion=Answers(champion), challenger=Answers(truth), rules=RULES
    )
    assert result.verdict == "not_better"


@pytest.mark.parametrize(
    ("truth", "says"),
    [
        (np.tile([0, 1], 249), "there are 498 labelled rows that neither model was trained on, and 500 are needed"),
        (np.r_[np.zeros(500), np.ones(49)], "only 49 of 549 labelled rows are not of the most frequent class"),
        (np.zeros(600), "only 0 of 600"),
        (np.array([]), "there are 0"),
    ],
)
def test_too_few_labels_decide_nothing(truth, says):
    result = compare("accuracy", "binary", truth=truth, champion=Answers(truth), challenger=Answers(truth), rules=RULES)
    assert result.verdict == "inconclusive"
    assert result.champion is None
    assert says in result.reason


def test_an_undefined_metric_decides_nothing():
    truth = np.ones(600)
    rules = GateRules(min_per_class=0)
    answers = Answers(truth, truth / 2)
    result = compare("roc_auc", "binary", truth=truth, champion=answers, challenger=answers, rules=rules)
    assert result.verdict == "inconclusive"


def test_rows_without_a_label_or_an_answer_are_left_out():
    truth = np.array([0.0, 1.0, np.nan] * 300)
    gaps = np.array([0.0, 1.0, 1.0] * 300)
    gaps[0] = np.nan
    result = compare("accuracy", "binary", truth=truth, champion=Answers(gaps), challenger=Answers(truth), rules=RULES)
    assert result.rows == 599


def test_the_reason_is_one_sentence_with_both_values_and_the_confidence():
    truth, champion, challenger = classifiers(np.random.default_rng(1), 1000, 0.7, 0.9)
    result = compare("accuracy", "binary", truth=truth, champion=champion, challenger=challenger, rules=RULES)
    assert result.verdict == "better"
    assert f"{result.champion:.4f}" in result.reason
    assert f"{result.challenger:.4f}" in result.reason
    assert "95%" in result.reason
    assert result.low < result.difference < result.high
    assert "\n" not in result.reason


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["accuracy", "rmse", "mae", "r2"]))
def test_swapping_the_two_swaps_the_verdict(seed, metric):
    rng = np.random.default_rng(seed)
    task = "binary" if metric == "accuracy" else "regression"
    make = classifiers(rng, 250, 0.7, 0.8) if metric == "accuracy" else regressors(rng, 250, 1.0, 0.9)
    truth, a, b = make
    there = compare(metric, task, truth=truth, champion=a, challenger=b, rules=RULES)
    back = compare(metric, task, truth=truth, champion=b, challenger=a, rules=RULES)
    opposite = {"better": "worse", "worse": "better"}
    assert back.verdict == opposite.get(there.verdict, there.verdict)
    if there.difference is not None:
        assert back.difference == pytest.approx(-there.difference)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 300), st.integers(0, 2**32))
def test_a_block_of_one_row_is_the_textbook_standard_error(rows, seed):
    values = np.random.default_rng(seed).normal(size=rows)
    assert moving_block_error(values, 1) == pytest.approx(values.std(ddof=1) / np.sqrt(rows))


@settings(max_examples=50, deadline=None)
@given(st.integers(5, 200), st.integers(1, 5), st.integers(1, 30))
def test_every_replicate_draws_as_many_rows_as_there_are(rows, block, replicates):
    weights = np.concatenate(list(moving_block_weights(rows, block, replicates, seed=1)))
    assert weights.shape == (replicates, rows)
    assert (weights.sum(axis=1) == rows).all()
