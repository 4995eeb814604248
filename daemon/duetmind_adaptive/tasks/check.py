"""Checks windows of production data against the champion's reference, in a worker process.

One call reads and checks one window, so that each window's result can be made durable before the next is read.
Profiles and models are kept in the worker between calls: a version's files never change once they are written.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import pyarrow as pa

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.drift.performance import judge
from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.drift.verdict import compare, draft, settle
from duetmind_adaptive.errors import SourceMissingError
from duetmind_adaptive.records import MetricReading, Performance, VersionRef, Window
from duetmind_adaptive.registry.layout import PROFILE
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.sources.columns import feature_columns
from duetmind_adaptive.sources.cursor import Cursor
from duetmind_adaptive.sources.labels import labels_due, read_once
from duetmind_adaptive.sources.production import Nothing, ProductionSource
from duetmind_adaptive.tasks.beside import beside_previous
from duetmind_adaptive.tasks.doubtful_labels import doubtful_labels
from duetmind_adaptive.tasks.examinations import examine
from duetmind_adaptive.tasks.examinations.metric import METRIC_TESTS
from duetmind_adaptive.tasks.habits import habits_of
from duetmind_adaptive.tasks.measure import measure_labelled, measure_window
from duetmind_adaptive.tasks.memory import Memory
from duetmind_adaptive.tasks.requests import CheckOutcome, CheckRequest, LateWindow
from duetmind_adaptive.tasks.stated import stated_performances, worst
from duetmind_adaptive.tasks.surroundings import surroundings
from duetmind_adaptive.tasks.view import View, middle
from duetmind_adaptive.tasks.window_profiles import make_day, window_profile

#: a profile of 20 columns × 25,000 rows is 4 MB; a worker serves many models
PROFILES_KEPT = 16


def check_next(request: CheckRequest) -> CheckOutcome:
    """Read the next complete window after the cursor and check it; raises SourceError when it cannot be read."""
    source = ProductionSource(request.model)
    cursor = _cursor(request)
    read = source.next_window(cursor, now=request.now)
    if isinstance(read, Nothing):
        return CheckOutcome(cursor=read.cursor.to_json(), waiting=read.reason)
    report, memory = check_table(request, source, read.window, read.table)
    features = feature_columns(read.table.schema, request.model)
    return CheckOutcome(
        cursor=read.cursor.to_json(),
        report=report,
        memory=memory,
        profile=window_profile(request.version.folder, read.table.select(features)),
        day=make_day(request.aged) if request.aged else None,
    )


def check_latest(request: CheckRequest) -> CheckOutcome:
    """Check the newest complete window, wherever the cursor stands; what `duetmind check` asks for."""
    source = ProductionSource(request.model)
    read = source.latest_window(now=request.now)
    if isinstance(read, Nothing):
        return CheckOutcome(cursor="", waiting=read.reason)
    return CheckOutcome(cursor="", report=check_table(request, source, read.window, read.table)[0])


def list_windows(model: Model, now: datetime) -> tuple[Window, ...]:
    """Every complete window of a history, for the backtest to walk through."""
    source, cursor, windows = ProductionSource(model), Cursor.start(), list[Window]()
    while not isinstance(read := source.next_window(cursor, now=now), Nothing):
        windows.append(read.window)
        cursor = read.cursor
    return tuple(windows)


@read_once()
def check_table(
    request: CheckRequest, source: ProductionSource, window: Window, table: pa.Table
) -> tuple[CheckReport, str]:
    """Check one window; the report, and what the next check needs of this one.

    Inputs against the version's profile, its metric against its baseline, late labels included, then every
    examination in its turn.
    """
    started = time.perf_counter()
    model, version = request.model, request.version
    features = feature_columns(table.schema, model)
    around = surroundings(model, source, window, table, features)
    profile = reference_profile(version.folder)
    inputs = table.select(features)
    view = View(
        model=model,
        version=version,
        window=window,
        table=table,
        features=features,
        reference=profile,
        source=source,
        now=request.now,
    )
    data = compare(
        profile,
        inputs,
        threshold=model.drift_threshold,
        around=around,
        tests=model.column_tests,
        clock=view.clock,
    )
    stated = stated_performances(view, request.stated)
    performance = worst(stated) or _own_performance(view)
    late = _late(view, request.unlabelled)
    data = replace(data, findings=(*data.findings, *doubtful_labels(view, request.unlabelled)))
    memory = Memory.from_json(request.memory, version.version)
    report, memory = examine(view, draft(window, version.version, data, performance, late), memory)
    report = replace(settle(report), beside=beside_previous(view, request.watched), stated=stated)
    report = replace(report, seconds=time.perf_counter() - started)
    return report, memory.to_json()


@lru_cache(maxsize=PROFILES_KEPT)
def reference_profile(folder: Path) -> Reference:
    """The profile of the rows a version learned from."""
    return Reference.load(folder / PROFILE)


def _cursor(request: CheckRequest) -> Cursor:
    return Cursor.from_json(request.cursor) if request.cursor else Cursor.start()


def _own_performance(view: View) -> Performance | None:
    """How the version does on the window itself; its answers are asked for once, unless some rows have no label."""
    labelled = view.labelled
    if labelled is None:
        return None
    reading = measure_labelled(view.model, labelled, view.answers_to)
    return None if reading is None else _judged(view, view.version, view.window, reading)


def _performance(view: View, version: VersionRef, window: Window, table: pa.Table) -> Performance | None:
    """How the version that served another window did on it."""
    if view.model.target is None or not labels_due(window, view.model, now=view.now):
        return None
    reading = measure_window(view.model, version, window, table, view.now)
    return None if reading is None else _judged(view, version, window, reading)


def _judged(view: View, version: VersionRef, window: Window, reading: MetricReading) -> Performance:
    """Judged as rarely wrong as is promised."""
    usual = habits_of(version.folder).of_metric(reading.rows, middle(window))
    sure = 1 - 1 / (METRIC_TESTS * view.alarm_checks("metric"))
    return judge(
        window, reading, version.baseline, confidence=sure, expected=usual.expected, natural=usual.variance,
        band=view.model.band,
    )  # fmt: skip


def _late(view: View, unlabelled: Sequence[LateWindow]) -> tuple[Performance, ...]:
    due = (late for late in unlabelled if labels_due(late.window, view.model, now=view.now))
    measured = (_late_performance(view, late) for late in due)
    return tuple(performance for performance in measured if performance)


def _late_performance(view: View, late: LateWindow) -> Performance | None:
    try:
        table = view.source.read(late.window.first_row, late.window.last_row)
    except SourceMissingError:  # its file was rotated away before its labels came: there is nothing left to measure
        return None
    return _performance(view, late.version, late.window, table)
