"""How the results of a plugged-in detector enter a check: checked, corrected, and added up over windows.

A p-value is evidence, and the promised rate of false alarms leaves each detector a share of it. That share is dealt out
evenly over the results that have a p-value in a window; each gathers its own evidence (`stats.p_to_e`): one telling
window suffices, and so do several less telling ones. What has no p-value is shown and raises no alarm, because nothing
says how often chance gives as much.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from duetmind_adaptive.check_report import CheckReport, Plugged
from duetmind_adaptive.contracts import Detected
from duetmind_adaptive.errors import PluginError
from duetmind_adaptive.records import ColumnReport, TestResult
from duetmind_adaptive.stats.p_to_e import gathered

#: the name of the rows as a whole among the levels; no column can be called so
WHOLE = ""
#: characters of a reason
REASON_LENGTH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The verdict of one window, and the evidence after it, by column."""

    found: Plugged
    levels: Mapping[str, float] = field(default_factory=dict[str, float])


def checked(name: str, results: Iterable[object], columns: Iterable[str]) -> list[Detected]:
    """The results of a detector, if they can be used.

    Raises
    ------
    PluginError
        One of them is no `Detected`, of no column of the window, or no probability; the sentence says which.

    Examples
    --------
    >>> checked("mine", [Detected(statistic=0.1, p_value=1.5)], ["x"])
    Traceback (most recent call last):
    duetmind_adaptive.errors.PluginError: detector 'mine' gave a p-value of 1.5, not in [0, 1], for the rows as a whole
    """
    known, seen = set(columns), set[str | None]()
    usable: list[Detected] = []
    for result in results:
        if not isinstance(result, Detected):
            raise PluginError(f"detector '{name}' gave a {type(result).__name__} where a Detected was asked for")
        if result.column is not None and result.column not in known:
            raise PluginError(f"detector '{name}' gave a result of the column '{result.column}', which is no feature")
        if problem := _unusable(result) or ("two results" if result.column in seen else ""):
            raise PluginError(f"detector '{name}' gave {problem} for {_whose(result)}")
        seen.add(result.column)
        usable.append(result)
    return usable


def judge(
    name: str,
    results: Iterable[Detected],
    before: Mapping[str, float],
    *,
    checks: float,
    threshold: float,
    once: bool = False,
) -> Judged:
    """What the usable results of one window say, given the evidence of the windows before.

    Parameters
    ----------
    name
        The detector's.
    results
        As of `checked`.
    before
        `levels` of the window before.
    checks
        False alarms of this detector are at most one in so many windows, on average.
    threshold
        Smallest effect that counts as drift, in [0, 1].
    once
        No window follows: only what is telling by itself counts, with a probability of error of ``1 / (2 checks)``.

    Examples
    --------
    >>> telling = [Detected(statistic=3.0, p_value=1e-9, column="x"), Detected(statistic=0.2, p_value=0.8, column="y")]
    >>> judged = judge("mine", telling, {}, checks=14_400, threshold=0.02)
    >>> judged.found.drift, judged.found.drifted
    (True, ('x',))
    """
    results = list(results)
    tests = sum(result.p_value is not None for result in results)
    levels: dict[str, float] = {}
    moved: list[Detected] = []
    for result in results:
        if result.p_value is None:
            continue
        key = result.column or WHOLE
        level = checks * tests
        levels[key] = gathered(before.get(key, 0.0), result.p_value, level)
        shown = 2 * level * result.p_value <= 1 if once else levels[key] >= level
        if shown and result.effect >= threshold:
            moved.append(result)
    whole = next((_test(result, tests) for result in results if result.column is None), None)
    found = Plugged(
        name=name,
        drift=bool(moved),
        whole=whole,
        columns={result.column: _test(result, tests) for result in results if result.column is not None},
        drifted=tuple(result.column for result in moved if result.column is not None),
        reason=_told(name, moved),
    )
    return Judged(found=found, levels=levels)


def failed(name: str, sentence: str) -> Plugged:
    """What stands in the report of a detector that could not be run."""
    return Plugged(name=name, failed=True, reason=sentence[:REASON_LENGTH])


def joined(report: CheckReport, found: Iterable[Plugged]) -> CheckReport:
    """The report with the detectors' results, those of columns among the columns' tests as well."""
    plugged = tuple(found)
    columns = tuple(_with_tests(column, plugged) for column in report.columns)
    return replace(report, columns=columns, detectors=plugged)


def _with_tests(column: ColumnReport, plugged: tuple[Plugged, ...]) -> ColumnReport:
    tests = {each.name: each.columns[column.name] for each in plugged if column.name in each.columns}
    drifts = any(column.name in each.drifted for each in plugged)
    return replace(column, tests={**column.tests, **tests}, drift=column.drift or drifts) if tests else column


def _unusable(result: Detected) -> str:
    shares = {"a p-value": result.p_value, "an effect": result.effect}
    for what, share in shares.items():
        if share is not None and not 0 <= share <= 1:
            return f"{what} of {share:g}, not in [0, 1],"
    return "a statistic that is no number" if math.isnan(result.statistic) else ""


def _whose(result: Detected) -> str:
    return "the rows as a whole" if result.column is None else f"the column '{result.column}'"


def _test(result: Detected, tests: int) -> TestResult:
    adjusted = None if result.p_value is None else min(1.0, result.p_value * tests)
    return TestResult(statistic=result.statistic, p_value=result.p_value, p_adjusted=adjusted)


def _told(name: str, moved: list[Detected]) -> str:
    if not moved:
        return ""
    first = min(moved, key=lambda result: result.p_value or 0.0)
    more = f" (+{len(moved) - 1} more)" if len(moved) > 1 else ""
    return f"The detector {name} finds drift: {first.reason or _whose(first)}"[:REASON_LENGTH].rstrip(".") + f"{more}."
