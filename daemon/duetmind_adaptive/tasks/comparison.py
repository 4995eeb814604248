"""What a one-off comparison found: as the contract's document, as a sentence, as a page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from duetmind_adaptive.check_report import CheckReport, Multivariate, Plugged
from duetmind_adaptive.records import ColumnReport, ColumnShape, DriftKind, TestResult

#: columns named in the headline
NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two samples beside each other. `report.columns` are sorted by effect, largest first."""

    report: CheckReport
    rows_reference: int
    rows_current: int
    #: of each column that could be drawn
    shapes: Mapping[str, ColumnShape] = field(default_factory=dict[str, ColumnShape])
    #: how each column moved; absent when there is nothing to tell
    words: Mapping[str, str] = field(default_factory=dict[str, str])
    target: str | None = None
    #: what the two samples are called
    names: tuple[str, str] = ("reference", "current")
    #: what was left out, one sentence each
    notes: tuple[str, ...] = ()
    #: of plugged-in detectors that draw one, HTML
    pages: Mapping[str, str] = field(default_factory=dict[str, str])
    alpha: float = 0.01

    @property
    def kinds(self) -> tuple[DriftKind, ...]:
        """`data` when an input moved or broke; `concept` when only the target did, which the inputs cannot explain."""
        inputs = any(column.drift for column in self.report.columns if column.name != self.target)
        plugged = any(each.drift for each in self.report.detectors)
        if inputs or plugged or self._together_moved or any(finding.breaks for finding in self.report.findings):
            return ("data",)
        return ("concept",) if self.report.drift else ()

    @property
    def _together_moved(self) -> bool:
        return self.report.multivariate is not None and self.report.multivariate.drift

    @property
    def headline(self) -> str:
        """Whether and how badly the data moved, in one sentence."""
        columns = self.report.columns
        untested = sum(column.untested is not None for column in columns)
        tested = len(columns) - untested
        of = f"{tested:,} tested column{'s' * (tested != 1)}" + (f" ({untested:,} untested)" if untested else "")
        if not self.report.drift:
            return f"No drift: none of {of} moved." if tested else f"Nothing could be tested: {untested:,} untested."
        parts = [self._moved(of)]
        broken = sum(finding.breaks for finding in self.report.findings)
        parts += [f"{broken:,} data-quality break{'s' * (broken > 1)}"] if broken else []
        parts += ["the columns changed together"] if self._together_moved and not self.report.drifted else []
        parts += [f"the detector {each.name} finds drift" for each in self.report.detectors if each.drift]
        return f"Drift, {self.report.severity}: {'; '.join(parts)}."

    def _moved(self, of: str) -> str:
        moved = [column for column in self.report.columns if column.drift]
        if self.kinds == ("concept",):
            return f"no input moved, but the target '{self.target}' did"
        named = ", ".join(column.name for column in moved[:NAMED])
        more = f" and {len(moved) - NAMED:,} more" if len(moved) > NAMED else ""
        return f"{len(moved):,} of {of} moved" + (f"; most of all {named}{more}" if moved else "")

    def verdict(self, column: ColumnReport) -> str:
        """The verdict on one column: `drift`, `stable` or `untested`."""
        return "drift" if column.drift else "stable" if column.untested is None else "untested"

    def summary(self, column: ColumnReport) -> str:
        """How one column moved, in words, or why that is not known."""
        if column.untested is not None:
            return column.untested
        words = self.words.get(column.name, "")
        if column.drift:
            return words or "the distribution changed"
        if (p_adjusted(column) or 0.0) >= self.alpha:
            return "no change beyond chance"
        return f"too little to matter: {words}" if words else "too little to matter"

    def to_dict(self) -> dict[str, Any]:
        """The document of `duetmind compare --json`."""
        report = self.report
        return {
            "drift": report.drift,
            "severity": report.severity,
            "kinds": list(self.kinds),
            "headline": self.headline,
            "rows": {"reference": self.rows_reference, "current": self.rows_current},
            "seconds": report.seconds,
            "target": self.target,
            "columns": {column.name: self._column(column) for column in report.columns},
            "together": _together(report.multivariate) if report.multivariate else None,
            "detectors": {each.name: _plugged(each) for each in report.detectors},
            "findings": [asdict(finding) | {"examples": list(finding.examples)} for finding in report.findings],
            "schema": {
                "missing_columns": list(report.missing_columns),
                "new_columns": list(report.new_columns),
                "type_changes": {name: list(change) for name, change in report.type_changes.items()},
            },
            "notes": list(self.notes),
        }

    def to_html(self) -> str:
        """The report as one self-contained page."""
        from duetmind_adaptive.report.compare_page import compare_page  # noqa: PLC0415 - most comparisons draw nothing

        return compare_page(self.to_dict(), self.shapes, names=self.names)

    def _column(self, column: ColumnReport) -> dict[str, Any]:
        return {
            "kind": column.kind,
            "role": "target" if column.name == self.target else "input",
            "drift": column.drift,
            "verdict": self.verdict(column),
            "effect": column.effect,
            "summary": self.summary(column),
            "untested": column.untested,
            "tests": {name: _test(test) for name, test in column.tests.items()},
            "quality": {
                "missing_reference": column.missing_reference,
                "missing_current": column.missing_current,
                "unseen_categories": list(column.unseen_categories),
            },
        }


def _together(found: Multivariate) -> dict[str, Any]:
    """What the columns say jointly: `auc` is of a classifier that tells the two samples apart, out of fold."""
    return {
        "drift": found.drift,
        "auc": found.auc,
        "features": dict(found.features),
        "tests": {name: _test(test) for name, test in found.tests.items()},
        "summary": found.summary,
    }


def _plugged(found: Plugged) -> dict[str, Any]:
    """What a plugged-in detector says; its results of columns are among the columns' tests."""
    return {
        "drift": found.drift,
        "tests": {} if found.whole is None else {found.name: _test(found.whole)},
        "columns": list(found.drifted),
        "summary": found.reason or "It finds no drift.",
    }


def p_adjusted(column: ColumnReport) -> float | None:
    """The column's p-value, corrected for the number of columns; None when it could not be tested."""
    return next((test.p_adjusted for test in column.tests.values() if test.p_adjusted is not None), None)


def _test(test: TestResult) -> dict[str, float | None]:
    """JSON knows no infinity: such a statistic is null."""
    numbers = {name: value for name, value in asdict(test).items() if value is not None}
    return {name: value if math.isfinite(value) else None for name, value in numbers.items()}
