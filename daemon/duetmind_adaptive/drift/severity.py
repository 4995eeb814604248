"""How bad it is: one ladder from facts to a word.

| severity | when any of these holds |
| --- | --- |
| critical | fall ≥ 0.15 · a fall and a breaking finding together · findings break a quarter of the columns |
| high | fall ≥ 0.05 · a breaking finding · half of the tested columns drift |
| medium | any fall · a quarter of the tested columns drift · a column moved by 0.3 or more |
| low | a column drifts · columns together, a segment, an estimate, calibration, answers or relation moved; a detector |
| none | nothing of this |

A fall is that of the metric below its reference, beyond what chance and the tolerance allow. It is counted on the
metric's own scale: absolute for accuracy and its kin, relative to the reference for errors.
"""

from __future__ import annotations

from dataclasses import dataclass

from duetmind_adaptive.records import Severity

CRITICAL_FALL, HIGH_FALL = 0.15, 0.05
CRITICAL_BROKEN_SHARE = 0.25
HIGH_DRIFTED_SHARE, MEDIUM_DRIFTED_SHARE = 0.5, 0.25
MEDIUM_EFFECT = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the ladder looks at; shares are in [0, 1]."""

    #: of the drifted columns
    largest_effect: float = 0.0
    #: of the columns that could be tested
    drifted_share: float = 0.0
    #: of all features
    broken_share: float = 0.0
    #: how far the metric fell; None when it did not fall beyond chance and tolerance
    fall: float | None = None
    #: whether anything else moved: columns together, a segment, an estimate, calibration, answers, the relation
    other: bool = False


def grade(facts: Facts) -> Severity:
    """Climb the ladder.

    Examples
    --------
    >>> grade(Facts()), grade(Facts(largest_effect=0.15, drifted_share=0.1)), grade(Facts(fall=0.2))
    ('none', 'low', 'critical')
    """
    if _critical(facts):
        return "critical"
    fall = facts.fall if facts.fall is not None else -1.0
    if fall >= HIGH_FALL or facts.broken_share > 0 or facts.drifted_share >= HIGH_DRIFTED_SHARE:
        return "high"
    if facts.fall is not None or facts.drifted_share >= MEDIUM_DRIFTED_SHARE or facts.largest_effect >= MEDIUM_EFFECT:
        return "medium"
    return "low" if facts.drifted_share > 0 or facts.other else "none"


def _critical(facts: Facts) -> bool:
    if facts.broken_share >= CRITICAL_BROKEN_SHARE:
        return True
    return facts.fall is not None and (facts.fall >= CRITICAL_FALL or facts.broken_share > 0)
