"""One column of a window against the same column of the reference: which tests, and how far it moved.

| kind | parts | tests of each |
| --- | --- | --- |
| numeric | values | `drift.menu` |
| categorical, boolean | values | `drift.menu` |
| datetime | position in time, or how far from its row's (`drift.moments`) | `drift.menu` |
| | hour of the day, day of the week | chi-square |
| text | length | `drift.menu` |
| | words, runs of three letters (`drift.text`) | chi-square |
| | how strange these are to the reference (`drift.strange`) | KS |

The effect is the share of rows that would have to change for the column to be as it was: the total variation over the
column's cells, without what chance adds to it. So a shift, a wider spread, a longer tail, a category that grew and
values that went missing are measured alike, whatever the number of rows and of categories: 0.1 is a shift by a quarter
of a standard deviation, a spread 1.23 times as wide, or a tenth of the rows in other categories.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from duetmind_adaptive.drift import menu
from duetmind_adaptive.drift.cells import (
    HOURS_SPAN,
    WEEKDAYS_SPAN,
    Counts,
    Floats,
    category_cells,
    hours_of,
    plain_cells,
    span_days,
    weekdays_of,
    with_missing,
)
from duetmind_adaptive.drift.columns import ColumnProfile
from duetmind_adaptive.drift.evidence import Evidence, Part, joined
from duetmind_adaptive.records import TestResult
from duetmind_adaptive.stats.chi_square import chi_square
from duetmind_adaptive.stats.distances import corrected_total_variation
from duetmind_adaptive.stats.ks import ks_two_sample


def examine(
    reference: ColumnProfile,
    current: ColumnProfile,
    *,
    tests: Sequence[str] | None = None,
    beside: Sequence[str] = (),
) -> Evidence:
    """Compare two summaries of one column, both made as the reference's kind.

    Parameters
    ----------
    reference, current
        The summaries.
    tests
        Names of `drift.menu`; None takes the default of kind and size.
    beside
        What to add to the default.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from duetmind_adaptive.drift.columns import summarise
    >>> before, after = (summarise("x", pa.chunked_array([range(n, n + 100)])) for n in (0, 50))
    >>> round(examine(before, after).effect, 1)
    0.5
    >>> examine(before, summarise("x", pa.chunked_array([[None]]))).untested
    'every value is missing in the current data'
    """
    obstacle = _obstacle(reference, current)
    if obstacle:
        return Evidence(untested=obstacle)
    if reference.kind in {"categorical", "boolean"}:
        return _test_categories(reference, current, tests, beside)
    parts = list(_number_parts(reference, current, tests, beside))
    evidence = joined(parts)
    if evidence is None and not parts:
        return Evidence(untested="all of its times lie after the reference's, as time goes")
    return evidence or Evidence(untested=_no_p_value(reference, tests, menu.NUMBER_TESTS))


def _obstacle(reference: ColumnProfile, current: ColumnProfile) -> str | None:
    for side, profile in (("the reference", reference), ("the current data", current)):
        if not profile.rows:
            return f"{side} has no rows"
        if profile.untested:
            return f"{profile.untested} (in {side})"
        if not profile.present:
            return f"every value is missing in {side}"
        if not profile.values.size and not profile.counts.size:
            return f"no finite value in {side}"
    if reference.distinct == current.distinct == 1 and _only_value(reference) == _only_value(current):
        holes = reference.missing + reference.infinite + current.missing + current.infinite
        return None if holes else "one and the same value on both sides"
    return None


def _only_value(profile: ColumnProfile) -> object:
    return profile.categories[0] if profile.categories else float(profile.values[0])


def _no_p_value(reference: ColumnProfile, tests: Sequence[str] | None, choices: Sequence[str] | object) -> str:
    if tests is None:
        return "too few rows to compare"
    known = ", ".join(choices) if isinstance(choices, dict) else ""
    return f"none of its tests ({', '.join(tests)}) gives a p-value for a {reference.kind} column; choose among {known}"


def _test_categories(
    reference: ColumnProfile, current: ColumnProfile, tests: Sequence[str] | None, beside: Sequence[str]
) -> Evidence:
    present, unseen = category_cells(reference, current)
    pair = menu.Categories(cells=with_missing(present, reference, current), present=present)
    names = tests if tests is not None else (*menu.DEFAULT_CATEGORIES, *beside)
    part = Part(menu.run(menu.CATEGORY_TESTS, names, pair), corrected_total_variation(*pair.cells))
    evidence = joined([part], unseen)
    if evidence is None and tests is None:
        reason = "one category only, or too few rows to compare categories"
        return Evidence(tests=part.tests, unseen=unseen, untested=reason)
    return evidence or Evidence(unseen=unseen, untested=_no_p_value(reference, tests, menu.CATEGORY_TESTS))


def _number_parts(
    reference: ColumnProfile, current: ColumnProfile, tests: Sequence[str] | None, beside: Sequence[str]
) -> Iterator[Part]:
    sides = _placed(reference, current)
    if sides:
        pair = menu.Numbers(*sides)
        size = reference.values.size + current.values.size
        names = tests if tests is not None else (*menu.default_numbers(size), *beside)
        yield Part(menu.run(menu.NUMBER_TESTS, names, pair), corrected_total_variation(*pair.cells))
    if reference.kind == "datetime":
        yield from _calendar(reference, current)
    if reference.kind == "text" and reference.words.size and current.words.size:
        yield from _counted("words", Counts(reference.words.astype(float), current.words.astype(float)))
        yield from _counted("ngrams", Counts(reference.ngrams.astype(float), current.ngrams.astype(float)))
        yield from _strange("strange_words", reference.strange_words, current.strange_words)
        yield from _strange("strange_ngrams", reference.strange_ngrams, current.strange_ngrams)


def _placed(reference: ColumnProfile, current: ColumnProfile) -> tuple[ColumnProfile, ColumnProfile] | None:
    """Both sides with what is compared as numbers; None where times only lie later, as time goes."""
    if reference.lags.size and current.lags.size:
        return replace(reference, values=reference.lags), replace(current, values=current.lags)
    later = reference.kind == "datetime" and (reference.lags.size > 0 or current.values[0] >= reference.values[-1])
    return None if later else (reference, current)


def _calendar(reference: ColumnProfile, current: ColumnProfile) -> Iterator[Part]:
    before, after = reference.values, current.values
    days = min(span_days(before), span_days(after))
    if days >= HOURS_SPAN:
        yield from _counted("hour_of_day", Counts(hours_of(before), hours_of(after)).held())
    if days >= WEEKDAYS_SPAN:
        yield from _counted("day_of_week", Counts(weekdays_of(before), weekdays_of(after)).held())


def _counted(name: str, counts: Counts) -> Iterator[Part]:
    """A part that is nothing but counts; none where there is one cell only."""
    result = chi_square(*counts)
    if result is not None:
        test = TestResult(statistic=result.statistic, p_value=result.p_value)
        yield Part({name: test}, corrected_total_variation(*counts))


def _strange(name: str, before: Floats, after: Floats) -> Iterator[Part]:
    """A part of one number for each text; none unless they became stranger: those of the reference may come again."""
    if before.size and after.size and after.mean() > before.mean():
        result = ks_two_sample(before, after, menu.KS_EXACT_UP_TO)
        test = TestResult(statistic=result.statistic, p_value=result.p_value)
        yield Part({name: test}, corrected_total_variation(*plain_cells(before, after)))
