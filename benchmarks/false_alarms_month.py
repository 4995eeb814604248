"""One month of a model that nothing happens to: the daemon's checks and its policy, hour by hour, without its files.

A check is `tasks.check.check_table`, what it decides upon is `policy.decide`, both as the daemon runs them. Windows are
slices of a table in memory instead of reads of files, and examinations that open no incident (how columns moved in
words, single odd rows, the model's own series) are left out.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.calm_checks import TOLD
from benchmarks.calm_world import HOUR, START, Deployed, World, deploy, draw, first_hour
from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.events import DriftDetected
from duetmind_adaptive.policy.decide import decide
from duetmind_adaptive.policy.state import ModelState
from duetmind_adaptive.records import Window
from duetmind_adaptive.service.decisions import rules_of
from duetmind_adaptive.service.reports import completed
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.sources.production import ProductionSource
from duetmind_adaptive.tasks.check import check_table
from duetmind_adaptive.tasks.examinations import EXAMINATIONS
from duetmind_adaptive.tasks.requests import CheckRequest, LateWindow

#: an incident that lasts is told again after so long; opens none
REPEAT = timedelta(hours=4)
#: examinations whose findings open no incident (`drift.verdict.settle`)
OPENS_NONE = ("words", "odd_rows", "history")


#: what a check can be raised by
PARTS = {part: told for part, told in TOLD.items() if part not in {"all", "the check's own series"}}


class InMemory(ProductionSource):
    """Rows of one model that lie in a table."""

    def __init__(self, model: Model, table: pa.Table) -> None:
        super().__init__(model)
        self.table = table

    def read(self, first_row: int, last_row: int, columns: Sequence[str] | None = None, **cursor: object) -> pa.Table:
        """A slice of the table."""
        del cursor
        rows = self.table.slice(first_row, last_row - first_row)
        return rows if columns is None else rows.select(list(columns))


def month(world: World, hours: int, seed: Sequence[int]) -> Counter[str]:
    """What opened incidents in so many hours: `incidents` counts them, a part's name the times that it began to tell.

    `open` counts the checks while an incident was open. The reference is drawn anew from the seed.
    """
    rng = np.random.default_rng(list(seed))
    counts, state, before = Counter[str](), ModelState(champion=1), set[str]()
    with tempfile.TemporaryDirectory() as folder:
        deployed = deploy(world, rng, Path(folder))
        rules = rules_of(deployed.model, REPEAT)
        for report, now in _checks(deployed, hours, rng):
            telling = {part for part, told in PARTS.items() if told(report)}
            event = completed("calm", world.metric, report, id=f"check-{report.window.first_row}", now=now)
            decision = decide(state, event, rules, now)
            state = decision.state
            counts.update(telling - before)
            counts["incidents"] += sum(command.kind is DriftDetected for command in decision.commands)
            counts["open"] += any(signal.incident is not None for signal in state.signals.values())
            before = telling
    return counts


def _checks(deployed: Deployed, hours: int, rng: np.random.Generator) -> Iterator[tuple[CheckReport, datetime]]:
    """Each hour's report, and when it was made."""
    for name in OPENS_NONE:
        EXAMINATIONS.pop(name, None)
    world, first = deployed.world, first_hour(deployed.world)
    source = InMemory(deployed.model, draw(world, first + np.arange(hours), rng))
    memory: str | None = None
    awaited = list[Window]()
    for hour in range(hours):
        window, now = _window(world, hour, first), datetime.fromtimestamp(START + (first + hour + 1) * HOUR, UTC)
        late = tuple(LateWindow(window=each, version=deployed.version) for each in awaited)
        request = CheckRequest(
            model=deployed.model, version=deployed.version, cursor=None, now=now, unlabelled=late, memory=memory
        )
        report, memory = check_table(request, source, window, source.read(window.first_row, window.last_row))
        yield report, now
        known = {each.window.first_row for each in report.late}
        awaited = [each for each in awaited if each.first_row not in known]
        awaited += [window] if report.performance is None else []


def _window(world: World, hour: int, first: int) -> Window:
    start = datetime.fromtimestamp(START + (first + hour) * HOUR, UTC)
    end = start + timedelta(seconds=HOUR * (1 - 1 / world.rows))
    return Window(first_row=hour * world.rows, last_row=(hour + 1) * world.rows, start=start, end=end)
