"""The proof a challenger owes: better by the operator's metric, or as good by it and better in its probabilities.

Accuracy, balanced accuracy and F1 see only on which side of the threshold an answer lies. When the share of positives
moves, a model whose probabilities have become wrong can answer exactly as many rows right as one that is up to date,
until it suddenly does not. Log loss, a proper score, sees that long before and needs fewer rows to be sure. So for
these metrics a second question is asked of the same rows. The doubt allowed is shared between both questions, so
that together they promote an equal challenger no more often than the stated confidence allows (Bonferroni).

Reference
---------
T. Gneiting, A. E. Raftery, "Strictly proper scoring rules, prediction, and estimation", JASA 102 (2007), 359-378.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from duetmind_adaptive.records import GateResult
from duetmind_adaptive.registry.gate import Answers, GateRules, compare

#: metrics of answers, for which probabilities say more
COARSE = frozenset({"accuracy", "balanced_accuracy", "f1"})
PROPER = "log_loss"

#: a challenger with better probabilities may fall short of the champion by this much in the operator's metric
TOLERATED_LOSS = 0.01


def prove(
    metric: str,
    task: str,
    *,
    truth: NDArray[Any],
    champion: Answers,
    challenger: Answers,
    rules: GateRules,
    classes: Sequence[Any] | None = None,
) -> GateResult:
    """Judge the challenger by the metric, and where that leaves it open by its probabilities; see `gate.compare`."""
    probabilities = champion.score is not None and challenger.score is not None
    if metric not in COARSE or not probabilities:
        return compare(
            metric, task, truth=truth, champion=champion, challenger=challenger, rules=rules, classes=classes
        )
    shared = replace(rules, confidence=1 - (1 - rules.confidence) / 2)

    def ask(question: str) -> GateResult:
        return compare(
            question, task, truth=truth, champion=champion, challenger=challenger, rules=shared, classes=classes
        )

    first = ask(metric)
    if first.verdict != "not_better" or first.difference is None or first.difference < -TOLERATED_LOSS:
        return first
    second = ask(PROPER)
    if second.verdict != "better":
        return first
    return replace(first, verdict="better", reason=f"{first.reason} Its probabilities decide. {second.reason}")
