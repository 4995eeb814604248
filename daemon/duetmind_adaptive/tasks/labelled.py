"""The windows whose labels came in by this check, oldest first, with the champion's answers to their rows."""

from __future__ import annotations

from collections.abc import Iterator

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.errors import SourceMissingError
from duetmind_adaptive.records import Window
from duetmind_adaptive.sources.labels import with_labels
from duetmind_adaptive.tasks.answered import Answered, complete_answers
from duetmind_adaptive.tasks.measure import answer
from duetmind_adaptive.tasks.view import View


def labelled_windows(view: View, report: CheckReport, *, newest: bool = False) -> Iterator[tuple[Window, Answered]]:
    """Those that came late and this one, as far as they have rows enough and can still be read.

    Parameters
    ----------
    view, report
        Of the check.
    newest
        Only the last of them.
    """
    model, version = view.model, view.version
    here = complete_answers(model, view.labelled, view.answers) if view.labelled is not None else None
    late = sorted(report.late, key=lambda each: each.window.first_row)
    for each in (late if here is None else []) if newest else late:
        if newest and each is not late[-1]:
            continue
        try:
            table = view.source.read(each.window.first_row, each.window.last_row)
        except SourceMissingError:  # its file was rotated away: there is nothing left to look at
            continue
        labelled = with_labels(table, model, now=view.now, window_end=each.window.end)
        if (rows := complete_answers(model, labelled, answer(model, version, labelled))) is not None:
            yield each.window, rows
    if here is not None:
        yield view.window, here
