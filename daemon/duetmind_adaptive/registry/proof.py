"""The proof a challenger owes: better by the operator's metric, or as good by it and better in its probabilities.

Accuracy, balanced accuracy and F1 see only on which side of the threshold an answer lies. When the share of positives
moves, a model whose probabilities have become wrong can answer exactly as many rows right as one that is up to date,
until it suddenly does not. Log loss, a proper score, sees that long before and needs fewer rows to be sure. So for
these metrics a second question is asked of the same rows. The doubt allowed is shared between both questions, so
that together they promote an equal challenger no more often than the stated confidence allows (Bonferroni).

A challenger that is better by either must not fail a part of the traffic: `registry.segments` says which part may
lose how much.

Reference
---------
T. Gneiting, A. E. Raftery, "Strictly proper scoring rules, prediction, and estimation", JASA 102 (2007), 359-378.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from duetmind_adaptive.drift.metrics import complete
from duetmind_adaptive.records import GateResult
from duetmind_adaptive.registry.gate import Answers, GateRules, compare, take
from duetmind_adaptive.registry.moving_blocks import block_length
from duetmind_adaptive.registry.row_gain import row_gain
from duetmind_adaptive.registry.segments import Segment, lost_most

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
    segments: Sequence[Segment] = (),
) -> GateResult:
    """Judge the challenger by the metric, where that leaves it open by its probabilities, and then part by part.

    Parameters
    ----------
    metric, task, truth, champion, challenger, rules, classes
        As in `gate.compare`.
    segments
        Parts of the rows that must not lose; `segments.segments_of` makes them.
    """
    found = _overall(metric, task, truth=truth, champion=champion, challenger=challenger, rules=rules, classes=classes)
    if found.verdict != "better" or not segments:
        return found
    rows = complete(metric, truth, *champion) & complete(metric, truth, *challenger)
    pair = take(champion, rows), take(challenger, rows)
    gained = row_gain(metric, task, truth[rows], *pair, classes=classes)
    if gained is None:
        return found
    parts = [replace(each, inside=each.inside[rows]) for each in segments if each.inside[rows].any()]
    block = min(rules.block or block_length(found.rows), found.rows // 2)
    lost = lost_most(gained.gain, parts, block=block, confidence=found.confidence, right_or_wrong=gained.right_or_wrong)
    if lost is None:
        return found
    reason = (
        f"{found.reason} But where {lost.where} ({lost.share:.0%} of the rows) its {gained.loss} is higher by "
        f"{lost.loss:.4f}, beyond chance, and twice the margin, {lost.allowed:.4f}, is what a part may lose."
    )
    return replace(found, verdict="segment_worse", segment=lost, reason=reason)


def _overall(
    metric: str,
    task: str,
    *,
    truth: NDArray[Any],
    champion: Answers,
    challenger: Answers,
    rules: GateRules,
    classes: Sequence[Any] | None,
) -> GateResult:
    """By the metric, and where that leaves it open by its probabilities."""
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
