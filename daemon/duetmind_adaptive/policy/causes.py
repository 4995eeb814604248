"""What a check says of each cause of an incident: it raises it, it clears it, or it cannot tell.

Broken data comes first: while it lasts nothing else can be judged by that data. The model's performance comes next: the
inputs that moved along with a fall are part of that incident, not a second one. Inputs that moved come last, and the
answers that moved with them.
"""

from __future__ import annotations

from duetmind_adaptive.event_data import CheckData
from duetmind_adaptive.policy.state import ModelState
from duetmind_adaptive.records import Cause

#: in the order in which they are judged, because an earlier one may mute a later one
CAUSES: tuple[Cause, ...] = ("quality", "performance", "data")
#: insights that tell of a model that does worse
HURTS = frozenset({"calibration", "segments", "estimate", "concept"})


def raises(cause: Cause, check: CheckData, state: ModelState) -> bool | None:
    """Whether `check` raises `cause`; None when it cannot tell, or must not."""
    broken = is_broken(check)
    match cause:
        case "quality":
            return broken
        case "performance":
            return None if broken else suffers(check)
        case "data":
            told_of = state.signal("performance").incident is not None
            return None if broken or told_of else "data" in check.kinds or "prediction" in check.insights.moved


def is_broken(check: CheckData) -> bool:
    """Whether the data is broken rather than different."""
    return any(finding.breaks for finding in check.findings)


def suffers(check: CheckData) -> bool | None:
    """Whether the model does worse, as measured, or as its scores, its segments or the relation it learned say.

    None when nothing of this could be judged. An estimate that is fine clears nothing where labels are to come: it
    cannot see a changed relation, and they will.
    """
    measured = degraded(check)
    if measured or HURTS & set(check.insights.moved):
        return True
    estimate = check.insights.estimate
    unlabelled = check.metric_name is None
    return False if unlabelled and estimate is not None and estimate.trusted else measured


def learnable(check: CheckData) -> bool | None:
    """Whether labels show a fall, or that the relation to the label changed: new rows may mend both.

    None when none could be judged. An estimate without labels shows a fall too, but gives nothing to learn from; worse
    calibration or a worse segment beside a metric that holds is for people to look at.
    """
    return True if "concept" in check.insights.moved else degraded(check)


def degraded(check: CheckData) -> bool | None:
    """Whether the newest metric that the check measured is worse than promised; None when it measured none."""
    measured = (*check.late, *((check.performance,) if check.performance else ()))
    return measured[-1].degraded if measured else None
