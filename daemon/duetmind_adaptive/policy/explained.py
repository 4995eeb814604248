"""What an alert says of a check's insights: why, where, since when, and what is to come; each a plain sentence."""

from __future__ import annotations

from duetmind_adaptive.event_data import DriftData, EstimateData, Insights, SegmentData
from duetmind_adaptive.policy.texts import printable

#: of each kind that an alert names; the event has more
NAMED = 3
#: characters of a condition or a subject
CONDITION_LIMIT = 80


def told_insights(data: DriftData) -> tuple[str, ...]:
    """The sentences on everything that moved beside columns and metric; none where there is nothing to tell."""
    insights = data.insights
    lines = (
        insights.explanation,
        *insights.notes,
        _answers(insights),
        _worse(insights.segments),
        _where(insights.where),
        *(each.sentence for each in insights.predicted[:NAMED] if each.windows is not None),
    )
    return tuple(line for line in lines if line)


def estimated(metric: str, estimate: EstimateData | None) -> str:
    """What is known of a metric whose labels are not in.

    >>> estimated("accuracy", EstimateData(metric=0.81, low=0.78, high=0.84, reference=0.9))
    'The accuracy of these rows is estimated at 0.81 (0.78 to 0.84) beside a reference of 0.9: their labels are not in.'
    """
    unknown = f"The {metric} of these rows is not known yet: their labels are not in."
    if estimate is None:
        return unknown
    if not estimate.trusted:
        return f"{unknown} It cannot be estimated either: {estimate.reason.rstrip('.')}."
    beside = f" beside a reference of {estimate.reference:.4g}" if estimate.reference is not None else ""
    interval = f"{estimate.metric:.4g} ({estimate.low:.4g} to {estimate.high:.4g})"
    return f"The {metric} of these rows is estimated at {interval}{beside}: their labels are not in."


def _answers(insights: Insights) -> str:
    return "The model answers differently than before." if "prediction" in insights.moved else ""


def _worse(segments: tuple[SegmentData, ...]) -> str:
    if not segments:
        return ""
    named = "; ".join(
        f"{printable(each.where, CONDITION_LIMIT)} ({each.metric:.4g}, before {each.reference:.4g})"
        for each in segments[:NAMED]
    )
    return f"Worse than before where {named}."


def _where(conditions: tuple[str, ...]) -> str:
    named = "; or ".join(printable(each, CONDITION_LIMIT) for each in conditions[:NAMED])
    return f"The relation of inputs and label changed where {named}." if named else ""
