"""Sets the version that serves beside the one before it, on the labelled rows that came since its promotion."""

from __future__ import annotations

from duetmind_adaptive.check_report import Beside
from duetmind_adaptive.errors import SourceMissingError
from duetmind_adaptive.policy.rules import WATCH_CONFIDENCE, WATCH_PER_CLASS, WATCH_ROWS
from duetmind_adaptive.registry.gate import Answers, GateRules
from duetmind_adaptive.registry.proof import prove
from duetmind_adaptive.sources.labels import with_labels
from duetmind_adaptive.tasks.measure import answer
from duetmind_adaptive.tasks.requests import Watched
from duetmind_adaptive.tasks.view import View

#: newest rows that are looked at
MOST_ROWS = 20_000

#: the gate's words are about the challenger, which is here the version before
_TURNED = {"better": "worse", "worse": "better"}


def beside_previous(view: View, watched: Watched | None) -> Beside | None:
    """How both do; None where there is nothing to watch, no label yet, or rows that one of them cannot answer."""
    model, target = view.model, view.model.target
    if watched is None or target is None:
        return None
    last = view.window.last_row
    try:
        table = view.source.read(max(watched.from_row, last - MOST_ROWS), last)
    except SourceMissingError:  # its file was rotated away
        return None
    labelled = with_labels(table, model, now=view.now, window_end=view.window.end)
    if target not in labelled.column_names:
        return None
    labelled = labelled.filter(labelled[target].is_valid())
    now, before = (answer(model, version, labelled) for version in (view.version, watched.previous))
    if now is None or before is None:
        return None
    found = prove(
        model.metric,
        model.task,
        truth=labelled[target].to_numpy(zero_copy_only=False),
        champion=Answers(now[0], now[1]),
        challenger=Answers(before[0], before[1]),
        rules=GateRules(confidence=WATCH_CONFIDENCE, min_rows=WATCH_ROWS, min_per_class=WATCH_PER_CLASS),
        classes=now[2],
    )
    if found.champion is None or found.challenger is None:
        return None
    return Beside(
        version=view.version.version,
        previous=watched.previous.version,
        rows=found.rows,
        metric=found.champion,
        metric_previous=found.challenger,
        verdict=_TURNED.get(found.verdict, found.verdict),
    )
