"""What the label files say twice, and differently, of the rows whose labels a check looks at."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from duetmind_adaptive.drift.quality import contradictions
from duetmind_adaptive.errors import SourceError
from duetmind_adaptive.records import Finding, Window
from duetmind_adaptive.sources.labels import contradicted, labels_due
from duetmind_adaptive.tasks.requests import LateWindow
from duetmind_adaptive.tasks.view import View


def doubtful_labels(view: View, unlabelled: Sequence[LateWindow]) -> tuple[Finding, ...]:
    """Findings on this window and on those whose labels came late; nothing where labels are a column of the data."""
    model, key = view.model, view.model.labels.key
    if model.target is None or key is None:
        return ()
    due = [view.window, *(late.window for late in unlabelled)]
    parts = [_keys(view, window, key) for window in due if labels_due(window, model, now=view.now)]
    keys = pa.concat_tables([part for part in parts if part is not None], promote_options="permissive")
    if not keys.num_rows:
        return ()
    return tuple(contradictions.find(str(model.target), contradicted(keys, model)))


def _keys(view: View, window: Window, key: str) -> pa.Table | None:
    """The keys of a window's rows; None once its file was rotated away."""
    if window == view.window:
        return view.table.select([key]) if key in view.table.column_names else None
    try:
        return view.source.read(window.first_row, window.last_row, [key])
    except SourceError:
        return None
