"""A challenger proves itself by the operator's metric or, where that is coarse, by its probabilities."""

import numpy as np
import pytest

from duetmind_adaptive.registry.gate import Answers, GateRules
from duetmind_adaptive.registry.proof import prove
from duetmind_adaptive.stats.intervals import wilson

RULES = GateRules(confidence=0.95)


def world(seed, rows=500, share=0.3):
    rng = np.random.default_rng(seed)
    return rng, (rng.random(rows) < share).astype(int)


def answers(score):
    return Answers((score >= 0.5).astype(int), score)


def judged(truth, champion, challenger, metric="accuracy"):
    return prove(metric, "binary", truth=truth, champion=champion, challenger=challenger, rules=RULES)


def test_probabilities_that_became_right_are_promoted_though_no_answer_changes():
    _, truth = world(0)
    stale, fresh = np.full(truth.size, 0.05), np.full(truth.size, 0.3)
    result = judged(truth, answers(stale), answers(fresh))
    assert result.verdict == "better"
    assert result.difference == 0
    assert "log_loss" in result.reason


def test_better_probabilities_do_not_buy_a_worse_metric():
    rng, truth = world(1)
    champion = answers(np.where(truth == 1, 0.51, 0.49))
    challenger = answers(np.clip(np.where(truth == 1, 0.9, 0.1) + rng.normal(0, 0.35, truth.size), 0.01, 0.99))
    result = judged(truth, champion, challenger)
    assert result.challenger < result.champion
    assert result.verdict == "worse"


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc"])
def test_a_metric_of_probabilities_is_asked_once(metric):
    _, truth = world(2)
    stale, fresh = np.full(truth.size, 0.05), np.full(truth.size, 0.3)
    result = judged(truth, answers(stale), answers(fresh), metric)
    assert "decide" not in result.reason


def test_answers_without_probabilities_are_judged_by_the_metric_alone():
    _, truth = world(3)
    coin = Answers(np.zeros(truth.size, int))
    assert judged(truth, coin, coin).verdict == "not_better"


def test_an_equal_challenger_is_promoted_in_at_most_one_case_of_twenty():
    """R12's first clause for both questions together: 400 worlds, 95 % Wilson interval."""
    promoted = 0
    for seed in range(400):
        rng, truth = world(seed)
        pull = 0.8 * (truth - 0.3)
        pair = [1 / (1 + np.exp(-(pull - 0.9 + rng.normal(0, 0.7, truth.size)))) for _ in range(2)]
        promoted += judged(truth, *map(answers, pair)).verdict == "better"
    low, _ = wilson(promoted, 400)
    assert low <= 0.05, promoted
    assert promoted / 400 <= 0.075
