"""The verdict on the relation of inputs and label in one window: two models and three detectors, and where it changed.

Rows whose inputs the hold-out has nothing like are left out: what the champion does there is no question of a relation
that changed. Where most are like that, nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.check_report import Concept
from duetmind_adaptive.drift.concept.residuals import Floats, Rows, known_rows
from duetmind_adaptive.drift.concept.stream import Habit, Stream, Usual, follow
from duetmind_adaptive.drift.concept.two_models import Beaten, Old, natural_unrest, two_models
from duetmind_adaptive.drift.concept.where import where
from duetmind_adaptive.drift.estimation.design import Binning
from duetmind_adaptive.records import TestResult

#: rows of a window that the verdict needs, and the share of them that must lie where the hold-out does
FEWEST_ROWS, KNOWN_SHARE = 60, 0.5
#: smallest share of what was unexplained that a new model must explain
LEAST_EXPLAINED = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """The relation as the hold-out shows it."""

    binning: Binning
    old: Old
    usual: Usual
    unrest: float

    @classmethod
    def of(cls, binning: Binning, rows: Rows, window_rows: int) -> Relation:
        """Learn it, for windows of about so many rows."""
        return cls(binning, Old.of(rows), Usual.of(rows), natural_unrest(rows, window_rows))


@dataclass(frozen=True, slots=True, eq=False)
class Related:
    """What one window says."""

    concept: Concept
    stream: Stream
    #: which of the window's rows were looked at, and the correction of the champion's answers there
    looked_at: NDArray[np.bool_]
    correction: Floats


def relate(
    relation: Relation, stream: Stream, window: Rows, first_row: int, *, checks: float, habit: Habit | None = None
) -> Related | None:
    """Judge a window; None where too few of its rows are like the hold-out's.

    Parameters
    ----------
    relation, stream
        What the hold-out shows, and what the windows before left.
    window
        Labelled rows in the order of time.
    first_row
        Of the window.
    checks
        False alarms are at most one in so many windows: half of that for the two models, half for the detectors.
    habit
        What is natural for the errors of such a window.
    """
    known = known_rows(relation.old.rows.codes, window.codes)
    if known.sum() < max(FEWEST_ROWS, KNOWN_SHARE * len(window)):
        return None
    rows = window.only(known)
    beaten = two_models(relation.old, rows, relation.unrest)
    followed = follow(stream, relation.usual, rows, first_row, checks=2 * checks, habit=habit)
    better = beaten.p_value * 2 * checks <= 1 and beaten.explained >= LEAST_EXPLAINED
    telling = (*(["two_models"] if better else []), *followed.telling)
    concept = Concept(
        drift=bool(telling),
        tests={"two_models": TestResult(statistic=beaten.t, p_value=beaten.p_value), **followed.tests},
        where=where(relation.binning, rows.codes, beaten.helped) if telling else (),
        since_row=(followed.since_row if followed.since_row is not None else first_row) if telling else None,
        reason=_sentence(telling, beaten),
    )
    return Related(concept, followed.stream, known, beaten.correction)


def _sentence(telling: tuple[str, ...], beaten: Beaten) -> str:
    if not telling:
        return ""
    if "two_models" in telling:
        return (
            "The relation of inputs and label changed: what the new rows teach explains "
            f"{max(beaten.explained, 0.0):.0%} of what the model leaves unexplained on others of them."
        )
    return "The model errs more than on like inputs before: the relation of inputs and label changed."
