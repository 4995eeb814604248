"""What a comparison of two profiles found: as a comparison of rows says it, with the bounds of its statistics."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from duetmind_adaptive.drift.profiles.compared import Bounds, compare_counts
from duetmind_adaptive.drift.verdict import draft, gather, settle
from duetmind_adaptive.errors import SourceMissingError
from duetmind_adaptive.records import Window
from duetmind_adaptive.tasks.compare import ALPHA, EFFECT
from duetmind_adaptive.tasks.comparison import Comparison

if TYPE_CHECKING:
    from duetmind_adaptive.tasks.profiles import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileComparison:
    """Two profiles beside each other."""

    comparison: Comparison
    #: by column and test: the exact statistic of the rows lies between `low` and `high`
    bounds: Mapping[str, Bounds]

    @property
    def drift(self) -> bool:
        """Whether anything moved or broke."""
        return self.comparison.report.drift

    @property
    def headline(self) -> str:
        """Whether and how badly the data moved, in one sentence."""
        return self.comparison.headline

    def to_dict(self) -> dict[str, Any]:
        """The document of `duetmind compare --json`, with `low` and `high` beside each statistic."""
        document = self.comparison.to_dict()
        for name, bounds in self.bounds.items():
            tests = document["columns"][name]["tests"]
            for test, bound in bounds.items():
                tests[test] |= {"low": _finite(bound.low), "high": _finite(bound.high)}
        return document

    def to_html(self) -> str:
        """The report as one self-contained page."""
        return self.comparison.to_html()


def _finite(value: float) -> float | None:
    """JSON knows no infinity."""
    return value if math.isfinite(value) else None


def compare_profiles(reference: Profile, current: Profile, target: str | None) -> ProfileComparison:
    """Compare the columns of two profiles on the same bins.

    Raises
    ------
    SourceMissingError
        One of them has no rows.
    """
    started = time.perf_counter()
    for side, profile in (("reference", reference), ("current", current)):
        if not profile.rows:
            raise SourceMissingError(f"the {side} profile has no rows; count some before comparing")
    left_out = {target} if target is not None and target not in current.known else set[str | None]()
    compared = {
        name: compare_counts(column, current.columns[name])
        for name, column in reference.columns.items()
        if name not in left_out
    }
    fresh = sorted(current.known - reference.known)
    checked = [each.compared.checked for each in compared.values()]
    data = gather(checked, fresh, threshold=EFFECT, alpha=ALPHA)
    report = settle(draft(Window(first_row=0, last_row=current.rows), None, data, None, ()))
    comparison = Comparison(
        report=replace(report, seconds=time.perf_counter() - started),
        rows_reference=reference.rows,
        rows_current=current.rows,
        shapes={name: each.compared.shape for name, each in compared.items() if each.compared.shape},
        words={name: each.compared.words for name, each in compared.items() if each.compared.words},
        target=target,
        alpha=ALPHA,
    )
    return ProfileComparison(comparison=comparison, bounds={name: each.bounds for name, each in compared.items()})
