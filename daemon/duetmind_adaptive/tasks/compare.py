"""The one-off comparison of two data sets, without a config: `duetmind compare`, and `compare` from Python.

    two sides → a few columns at a time → summary, tests, words and drawing of each → verdict on all

Of a column only its result is kept, so memory does not grow with the number of columns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pyarrow as pa

from duetmind_adaptive.drift.columns import ColumnProfile, Limits
from duetmind_adaptive.drift.compared import ComparedColumn, compare_column
from duetmind_adaptive.drift.plugged import joined
from duetmind_adaptive.drift.reference import profile_column
from duetmind_adaptive.drift.threads import in_order
from duetmind_adaptive.drift.verdict import draft, gather, settle
from duetmind_adaptive.errors import ColumnMissingError
from duetmind_adaptive.jobs.cpus import usable_cpus
from duetmind_adaptive.records import Finding, Window
from duetmind_adaptive.sources.arrow_types import plain_type
from duetmind_adaptive.sources.whole import WholeFiles
from duetmind_adaptive.tasks.compare_quality import copied_rows, renamed
from duetmind_adaptive.tasks.comparison import Comparison
from duetmind_adaptive.tasks.plugged_detectors import compare_by
from duetmind_adaptive.tasks.sides import FrameSide, Side, in_groups
from duetmind_adaptive.tasks.together_rows import TogetherRows

#: smallest effect that counts as drift, in [0, 1], that of a shift by 0.05 standard deviations: less is dust, however
#: many rows show it
EFFECT = 0.02
#: largest share of false columns among those called drifted; nobody repeats a one-off comparison every hour
ALPHA = 0.01
#: nothing is stored, so every value may count
_EVERYTHING = Limits(values=1 << 62)
#: columns compared at the same time; each takes a few copies of its values
MOST_THREADS = 8
#: names listed in a sentence
LISTED = 8

#: told the number of columns done, the number of all, and the name of the one in work
Progress = Callable[[int, int, str], None]


def compare(reference: Any, current: Any, target: str | None = None, *, detectors: Sequence[str] = ()) -> Comparison:
    """Compare two frames, column by column.

    Parameters
    ----------
    reference, current
        pandas, Arrow or Polars frames, or anything else with `__arrow_c_stream__`.
    target
        The column that a model predicts, if there is one: it is compared and marked, and may be missing from
        `current`, where labels come later.
    detectors
        Entry points of `duetmind.detectors` that look at the two as well, each at 4,000 rows of either, evenly spaced.

    Raises
    ------
    SourceError
        A frame cannot be used; the sentence says which and why.

    Examples
    --------
    >>> before, after = pa.table({"x": range(1000)}), pa.table({"x": range(500, 1500)})
    >>> found = compare(before, after)
    >>> found.headline
    'Drift, high: 1 of 1 tested column moved; most of all x.'
    """
    sides = FrameSide(reference, "the reference"), FrameSide(current, "the current data")
    return compare_sides(*sides, target=target, names=("the reference", "the current data"), detectors=detectors)


def compare_files(
    reference: str,
    current: str,
    *,
    target: str | None = None,
    progress: Progress | None = None,
    detectors: Sequence[str] = (),
) -> Comparison:
    """Compare two files, globs or folders, a few columns at a time.

    Parameters
    ----------
    reference, current
        CSV or Parquet.
    target, detectors
        As of `compare`.
    progress
        Called before each column.

    Raises
    ------
    SourceError
        A file cannot be used; the sentence says which, why, and how to mend it.
    """
    started = time.perf_counter()
    with WholeFiles(reference) as before, WholeFiles(current) as after:
        found = compare_sides(
            before, after, target=target, names=(reference, current), progress=progress, detectors=detectors
        )
    return replace(found, report=replace(found.report, seconds=time.perf_counter() - started))


def compare_sides(
    reference: Side,
    current: Side,
    *,
    target: str | None = None,
    names: tuple[str, str],
    progress: Progress | None = None,
    detectors: Sequence[str] = (),
) -> Comparison:
    """Compare two sides that can be read in parts; `names` is what sentences call them."""
    started = time.perf_counter()
    _check_common(reference, current, names)
    left_out, notes = _unlabelled(reference, current, target, names)
    wanted = [name for name in reference.names if name not in left_out]
    together = TogetherRows()
    compared = dict(_compare_all(reference, current, wanted, together, progress))
    fresh = sorted(set(current.names) - set(reference.names))
    checked = [each.checked for each in compared.values()]
    data = gather(
        checked,
        fresh,
        threshold=EFFECT,
        alpha=ALPHA,
        renamed=renamed(reference, current, [each.report.name for each in checked if each.absent], fresh),
        whole=_copies(reference, current, compared),
    )
    report = draft(Window(first_row=0, last_row=current.rows), None, data, None, ())
    report = replace(report, multivariate=together.examine(report, target, alpha=ALPHA))
    tables = together.tables(wanted)
    asked = [compare_by(name, tables, alpha=ALPHA / len(detectors), threshold=EFFECT) for name in detectors]
    report = settle(joined(report, [each for each, _ in asked]))
    return Comparison(
        report=replace(report, seconds=time.perf_counter() - started),
        rows_reference=reference.rows,
        rows_current=current.rows,
        shapes={name: each.shape for name, each in compared.items() if each.shape},
        words={name: each.words for name, each in compared.items() if each.words},
        target=target,
        names=names,
        notes=notes,
        pages={each.name: page for each, page in asked if page},
        alpha=ALPHA,
    )


def _copies(reference: Side, current: Side, compared: Mapping[str, ComparedColumn]) -> tuple[Finding, ...]:
    """Where a column is broken rows are alike for another reason, and copies cannot be told."""
    if any(finding.breaks for each in compared.values() for finding in each.checked.findings):
        return ()
    tested = {name: each.distinct for name, each in compared.items() if each.checked.report.untested is None}
    return tuple(copied_rows(reference, current, tested))


def _check_common(reference: Side, current: Side, names: tuple[str, str]) -> None:
    if set(reference.names) & set(current.names):
        return
    raise ColumnMissingError(
        f"{names[0]} and {names[1]} have no column in common: the first has {_some(reference.names)}, the second "
        f"{_some(current.names)}; give two files of the same kind, with the same header and delimiter"
    )


def _unlabelled(
    reference: Side, current: Side, target: str | None, names: tuple[str, str]
) -> tuple[frozenset[str], tuple[str, ...]]:
    """What to leave out because its labels have not come, and the sentence that says so."""
    if target is None or target in {*reference.names} & {*current.names}:
        return frozenset(), ()
    if target not in reference.names:
        raise ColumnMissingError(
            f"{names[0]}: has no column '{target}', which --target names; its columns are {_some(reference.names)}"
        )
    return frozenset([target]), (f"{names[1]} has no '{target}' yet, so the target is not compared",)


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(repr(name) for name in names[:LISTED]) + more


def _compare_all(
    reference: Side, current: Side, names: list[str], together: TogetherRows, progress: Progress | None
) -> Iterator[tuple[str, ComparedColumn]]:
    found = in_order(_work(reference, current, names, together), min(usable_cpus(), MOST_THREADS))
    for done, name in enumerate(names):
        if progress:
            progress(done, len(names), name)
        yield name, next(found)


def _work(
    reference: Side, current: Side, names: list[str], together: TogetherRows
) -> Iterator[Callable[[], ComparedColumn]]:
    """Read a few columns at a time, and hand out what is to be done with each."""
    for group in in_groups(names, min(reference.columns_at_once, current.columns_at_once)):
        before = reference.read(group)
        types = {field.name: plain_type(field.type) for field in before.schema}
        after = current.read([name for name in group if name in current.names], types)
        together.take(before, after)
        for name in group:
            yield partial(_compare_one, name, (reference, before), (current, after))


def _compare_one(name: str, before: tuple[Side, pa.Table], after: tuple[Side, pa.Table]) -> ComparedColumn:
    reference = _profile(*before, name)
    if name not in after[1].column_names:
        return compare_column(reference, None)
    return compare_column(reference, _profile(*after, name, reference))


def _profile(side: Side, table: pa.Table, name: str, like: ColumnProfile | None = None) -> ColumnProfile:
    profile = profile_column(table, name, kind=like.kind if like else None, limits=_EVERYTHING, like=like)
    reason = side.unreadable.get(name)
    return replace(profile, untested=reason, type="mixed") if reason else profile
