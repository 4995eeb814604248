"""Has challenger and champion answer the same rows, which neither learned from and which have not decided too often.

The same rows decide at most `registry.hold_outs.MOST_DECISIONS` times: who tries often enough against one hold-out
finds something that is better there by chance. So the hold-out begins after the newest row that has decided as often as
that, and where too few rows are left nothing is decided until more have labels.
"""

from __future__ import annotations

from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.records import GateResult, VersionRef
from duetmind_adaptive.registry.gate import Answers, GateRules
from duetmind_adaptive.registry.hold_outs import MOST_DECISIONS
from duetmind_adaptive.registry.proof import prove
from duetmind_adaptive.registry.segments import segments_of
from duetmind_adaptive.tasks.measure import answer
from duetmind_adaptive.tasks.requests import TrainRequest
from duetmind_adaptive.tasks.shown import Shown
from duetmind_adaptive.tasks.training_data import TrainingData
from duetmind_adaptive.tasks.version_folder import last_row_seen
from duetmind_adaptive.training.examples import Examples


def first_to_judge(request: TrainRequest, seen: int) -> int:
    """No row before this one is judged on; the champion learned from rows before `seen`."""
    return max(seen, request.spent_before) if request.spent_before is not None else seen


def judged_rows(hold_out: Examples) -> tuple[int, int] | None:
    """The rows `[first, last)` that the hold-out lies in; None of an empty one."""
    return (int(hold_out.rows[0]), int(hold_out.rows[-1]) + 1) if len(hold_out) else None


def gate(request: TrainRequest, data: TrainingData, champion: VersionRef, shown: Shown) -> GateResult:
    """How what was shown compares with the champion's answers to the same rows, overall and part by part."""
    model, hold_out = request.model, shown.examples
    if len(hold_out) < model.gate_rows and (request.spent_before or 0) > last_row_seen(champion):
        return _spent(request, len(hold_out))
    given = answer(model, champion, data.labelled_rows(hold_out.rows))
    if given is None:
        raise TrainingError(f"version {champion.version} cannot answer the hold-out: the data lacks its columns")
    return prove(
        model.metric,
        model.task,
        truth=hold_out.truth,
        champion=Answers(given[0], given[1]),
        challenger=Answers(shown.prediction, shown.scores),
        rules=_rules(request),
        classes=list(hold_out.classes) or None,
        segments=segments_of(hold_out.frame, data.kinds),
    )


def _rules(request: TrainRequest) -> GateRules:
    """How sure the gate has to be, and of how many rows."""
    model = request.model
    return GateRules(
        confidence=request.confidence, seed=request.seed, min_rows=model.gate_rows,
        min_per_class=model.gate_rows_per_class,
    )  # fmt: skip


def _spent(request: TrainRequest, left: int) -> GateResult:
    model = request.model
    return GateResult(
        verdict="inconclusive", metric=model.metric, rows=left, champion=None, challenger=None, difference=None,
        low=None, high=None, confidence=request.confidence, spent=True,
        reason=f"Not decided: the rows up to {request.spent_before} have decided {MOST_DECISIONS} times already, which "
        f"is as often as the same rows may, and of the {model.gate_rows} newer labelled rows that are needed there are "
        f"{left}.",
    )  # fmt: skip
