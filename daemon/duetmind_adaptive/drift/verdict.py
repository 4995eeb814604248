"""From profiles to a verdict: which columns of a window drifted, what is broken in it, and what the whole check found.

A column drifts when its p-value, adjusted for the number of columns (Benjamini–Yekutieli, which holds however columns
depend on each other), is below `alpha` **and** its effect, less half its standard error, reaches the threshold: what
cannot be told from dust yet is left to more rows. Effect decides and significance guards it: a million rows do not make
dust drift, and five rows prove nothing. With nothing changed, a check raises a false alarm with probability `alpha` at
most, whatever the number of columns; the effect makes it far rarer in windows of more than a few hundred rows. The
default of 0.001 is less than one false alarm in a month of hourly checks even for tiny windows.

`compare` looks at the data alone; `draft` joins it with the model's performance into the check's report, and `settle`
concludes that report once every examination has added what it found.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.drift.clock import REASON, counts_on
from duetmind_adaptive.drift.column_tests import examine
from duetmind_adaptive.drift.columns import ColumnProfile
from duetmind_adaptive.drift.moments import Floats
from duetmind_adaptive.drift.performance import shortfall
from duetmind_adaptive.drift.quality import retyped, schema
from duetmind_adaptive.drift.quality.pair import Pair
from duetmind_adaptive.drift.quality.rules import column_findings
from duetmind_adaptive.drift.quality.window import Surroundings, window_findings
from duetmind_adaptive.drift.reference import Reference, profile_column
from duetmind_adaptive.drift.severity import Facts, grade
from duetmind_adaptive.records import ColumnReport, DriftKind, Finding, Performance, Window
from duetmind_adaptive.stats.distances import largest_error
from duetmind_adaptive.stats.false_discovery import benjamini_yekutieli

#: largest probability of a false alarm in one check of unchanged data
ALPHA = 0.001
#: standard errors by which an effect must exceed the threshold: with none, too much dust is called drift on 10,000 rows
#: that is none on more; with a whole one, changes that count have to wait for more rows
ERRORS = 0.5
#: unseen categories listed in a column's report
_UNSEEN_LISTED = 100
#: families between which values can be carried over
_CONVERTIBLE = {("number", "boolean"), ("boolean", "number")}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataVerdict:
    """What the data of a window say by themselves. `columns` are sorted by effect, largest first."""

    columns: tuple[ColumnReport, ...]
    findings: tuple[Finding, ...] = ()
    missing_columns: tuple[str, ...] = ()
    new_columns: tuple[str, ...] = ()
    type_changes: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])

    @property
    def drifted(self) -> tuple[ColumnReport, ...]:
        """The columns that drift."""
        return tuple(column for column in self.columns if column.drift)

    @property
    def breaking(self) -> tuple[Finding, ...]:
        """The findings that forbid to learn from this window."""
        return tuple(finding for finding in self.findings if finding.breaks)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedColumn:
    """What one column says, before the other columns are known."""

    report: ColumnReport
    #: before the correction over columns; None when the column could not be tested
    p_value: float | None = None
    #: standard error of the effect, at most
    error: float = 0.0
    findings: tuple[Finding, ...] = ()
    type_change: tuple[str, str] | None = None
    #: whether the window lacks the column
    absent: bool = False


def compare(
    reference: Reference,
    current: pa.Table,
    *,
    threshold: float,
    alpha: float = ALPHA,
    ignore: Collection[str] = (),
    around: Surroundings | None = None,
    tests: Mapping[str, Sequence[str]] | None = None,
    clock: Floats | None = None,
) -> DataVerdict:
    """Compare a window with the reference, column by column.

    Parameters
    ----------
    reference
        The profile of the reference; its columns are the features.
    current
        The window. Columns that are no features may be there too.
    threshold
        Smallest effect that counts as drift, in [0, 1].
    alpha
        Largest probability of a false alarm in a check of unchanged data.
    ignore
        Columns that are new in production and known to be (predictions, keys).
    around
        What is known of the window beside its rows.
    tests
        By column, names of `drift.menu`; others get the default of their kind and size.
    clock
        When each row of the window came, in seconds since 1970; None where that is not known.

    Examples
    --------
    >>> before, after = pa.table({"x": range(1000)}), pa.table({"x": range(500, 1500)})
    >>> verdict = compare(Reference.from_table(before, ["x"]), after, threshold=0.1)
    >>> verdict.columns[0].drift, verdict.columns[0].effect
    (True, 0.5)
    """
    present = set(current.column_names)
    checked = [
        check_column(
            profile,
            profile_column(current, name, kind=profile.kind, like=profile, clock=clock) if name in present else None,
            tests=(tests or {}).get(name),
        )
        for name, profile in reference.columns.items()
    ]
    fresh = tuple(sorted(present - reference.known - set(ignore)))
    gone = [profile for name, profile in reference.columns.items() if name not in present]
    renamed = schema.renamed(gone, {name: profile_column(current, name) for name in fresh} if gone else {})
    broken = any(finding.breaks for each in checked for finding in each.findings)
    whole = tuple(window_findings(reference, current, around, broken=broken))
    return gather(checked, fresh, threshold=threshold, alpha=alpha, renamed=renamed, whole=whole)


def gather(
    checked: Sequence[CheckedColumn],
    new_columns: Sequence[str],
    *,
    threshold: float,
    alpha: float = ALPHA,
    renamed: Mapping[str, str] | None = None,
    whole: Sequence[Finding] = (),
) -> DataVerdict:
    """Join columns that were checked one by one: only together can they be corrected for their number.

    Parameters
    ----------
    checked
        Every column of the reference.
    new_columns
        Columns that the reference did not have.
    threshold, alpha
        As of `compare`.
    renamed
        Absent columns, each with the new one that holds its values: one finding takes the place of two.
    whole
        What was found of the rows as a whole.
    """
    renamed = renamed or {}
    reports = _decide(checked, threshold, alpha)
    findings = [*whole, *(schema.renamed_column(*names) for names in renamed.items())]
    findings += [finding for each in checked if each.report.name not in renamed for finding in each.findings]
    findings += [schema.new_column(name) for name in new_columns if name not in renamed.values()]
    return DataVerdict(
        columns=tuple(sorted(reports, key=lambda report: (-report.effect, report.name))),
        findings=tuple(sorted(findings, key=lambda finding: not finding.breaks)),
        missing_columns=tuple(each.report.name for each in checked if each.absent),
        new_columns=tuple(new_columns),
        type_changes={each.report.name: each.type_change for each in checked if each.type_change},
    )


def _decide(checked: Sequence[CheckedColumn], threshold: float, alpha: float) -> list[ColumnReport]:
    tested = [each for each in checked if each.p_value is not None]
    adjusted = benjamini_yekutieli([each.p_value for each in tested if each.p_value is not None]).tolist()
    by_name = {each.report.name: value for each, value in zip(tested, adjusted, strict=True)}
    return [_with_verdict(each, by_name.get(each.report.name), threshold, alpha) for each in checked]


def _with_verdict(checked: CheckedColumn, adjusted: float | None, threshold: float, alpha: float) -> ColumnReport:
    report = checked.report
    if adjusted is None:
        return report
    tests = {
        name: replace(test, p_adjusted=adjusted) if test.p_value is not None else test
        for name, test in report.tests.items()
    }
    return replace(report, tests=tests, drift=adjusted < alpha and report.effect - ERRORS * checked.error >= threshold)


def check_column(
    reference: ColumnProfile,
    current: ColumnProfile | None,
    *,
    tests: Sequence[str] | None = None,
    beside: Sequence[str] = (),
) -> CheckedColumn:
    """Compare one column with the reference's.

    Parameters
    ----------
    reference
        Its summary.
    current
        The window's, made as the reference's kind; None when the window lacks the column.
    tests, beside
        As of `examine`.
    """
    name = reference.name
    base = ColumnReport(name=name, kind=reference.kind, missing_reference=reference.missing_share)
    if current is None:
        report = replace(base, missing_current=1.0, untested="the column is not in the current data")
        return CheckedColumn(report=report, findings=(schema.missing_column(name),), absent=True)
    changed = current.family not in {reference.family, "empty"} and reference.family != "empty"
    if not changed:
        return _check_values(base, reference, current, tests, beside)
    change = (reference.type, current.type)
    pair = Pair(reference=reference, current=current)
    if (reference.family, current.family) not in _CONVERTIBLE or current.untested:
        reason = f"its type changed from {reference.type} to {current.type}"
        report = replace(base, missing_current=current.missing_share, untested=reason)
        return CheckedColumn(report=report, findings=(retyped.find(pair, breaks=True),), type_change=change)
    checked = _check_values(base, reference, current, tests, beside)
    findings = (retyped.find(pair, breaks=False), *checked.findings)
    return replace(checked, findings=findings, type_change=change)


def _check_values(
    base: ColumnReport,
    reference: ColumnProfile,
    current: ColumnProfile,
    tests: Sequence[str] | None,
    beside: Sequence[str],
) -> CheckedColumn:
    if counts_on(reference, current) and not reference.lags.size:
        return CheckedColumn(report=replace(base, missing_current=current.missing_share, untested=REASON))
    evidence = examine(reference, current, tests=tests, beside=beside)
    report = replace(
        base,
        effect=evidence.effect,
        tests=evidence.tests,
        missing_current=current.missing_share,
        unseen_categories=evidence.unseen[:_UNSEEN_LISTED],
        untested=evidence.untested,
    )
    pair = Pair(reference=reference, current=current, effect=evidence.effect, unseen=evidence.unseen)
    return CheckedColumn(
        report=report,
        p_value=evidence.p_value,
        error=largest_error(reference.rows, current.rows) if reference.rows and current.rows else 0.0,
        findings=tuple(column_findings(pair)),
    )


def draft(
    window: Window, version: int | None, data: DataVerdict, performance: Performance | None, late: Sequence[Performance]
) -> CheckReport:
    """The report of a check before anything but its columns and its metric was looked at; `settle` concludes it.

    Parameters
    ----------
    window
        The rows that were checked.
    version
        The model version that served them.
    data
        The answer of `compare`.
    performance
        Of this window; None while its labels are not in.
    late
        Of earlier windows whose labels came in since the last check.
    """
    return CheckReport(
        window=window,
        version=version,
        drift=False,
        severity="none",
        kinds=(),
        columns=data.columns,
        findings=data.findings,
        performance=performance,
        late=tuple(late),
        missing_columns=data.missing_columns,
        new_columns=data.new_columns,
        type_changes=data.type_changes,
    )


def settle(report: CheckReport) -> CheckReport:
    """The report with its kinds, its severity and whether anything drifts at all, from everything it holds.

    Kinds: `data` when a column drifts, a finding breaks, the columns changed together or a plugged-in detector says so;
    `model` when the metric is degraded, in this window, in one whose labels came in late or in a segment, or when a
    trusted estimate of it, the scores' calibration or the answers moved; `concept` when the relation of inputs and
    label changed. Where no examination of the relation was possible, a metric that fell although no input moved stands
    for it.
    """
    fallen = [each for each in (report.performance, *report.late) if each is not None and each.degraded]
    kinds = _kinds(report, bool(fallen))
    return replace(report, drift=bool(kinds), severity=grade(_facts(report, fallen)), kinds=kinds)


def _kinds(report: CheckReport, fallen: bool) -> tuple[DriftKind, ...]:
    plugged = any(each.drift for each in report.detectors)
    moved = bool(report.drifted or report.breaking or (report.multivariate and report.multivariate.drift) or plugged)
    related = report.concept.drift if report.concept else fallen and not moved
    holds: dict[DriftKind, bool] = {"data": moved, "model": fallen or _model_moved(report), "concept": related}
    return tuple(kind for kind, held in holds.items() if held)


def _model_moved(report: CheckReport) -> bool:
    return (
        any(segment.degraded for segment in report.segments)
        or (report.estimate is not None and report.estimate.fallen)
        or (report.calibration is not None and report.calibration.drift)
        or (report.prediction is not None and report.prediction.drift)
    )


def _facts(report: CheckReport, fallen: Sequence[Performance]) -> Facts:
    tested = sum(column.untested is None for column in report.columns)
    broken = {finding.column for finding in report.breaking}
    drifted = report.drifted
    return Facts(
        largest_effect=max((column.effect for column in drifted), default=0.0),
        drifted_share=len(drifted) / max(tested, 1),
        broken_share=len(broken) / max(len(report.columns), 1),
        fall=max((shortfall(each) for each in fallen), default=None),
        other=_model_moved(report)
        or (report.multivariate is not None and report.multivariate.drift)
        or (report.concept is not None and report.concept.drift)
        or any(each.drift for each in report.detectors),
    )
