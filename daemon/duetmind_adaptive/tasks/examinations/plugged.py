"""Plugged: what the detectors of installed packages say of a window, each within its share of the promise.

One that is broken is a sentence in the report, and the check goes on without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.drift.plugged import Judged, failed, joined, judge
from duetmind_adaptive.errors import PluginError
from duetmind_adaptive.tasks.plugged_detectors import detect, make_detector
from duetmind_adaptive.tasks.view import View


def plugged(view: View, report: CheckReport, section: Any | None) -> tuple[CheckReport, Any | None]:
    """Add what each detector of the model finds."""
    if not view.model.detectors or view.sample is None:
        return report, section
    before: Mapping[str, Mapping[str, float]] = section or {}
    names = view.model.detectors
    judged = {name: _judged(view, view.sample, name, before.get(name, {})) for name in names}
    found = (each.found for each in judged.values())
    return joined(report, found), {name: dict(each.levels) for name, each in judged.items()}


def _judged(view: View, sample: pa.Table, name: str, before: Mapping[str, float]) -> Judged:
    model = view.model
    features = [column for column in view.features if column in sample.column_names]
    try:
        detector = make_detector(name, model.detectors[name])
        results = detect(name, detector, sample.select(features), view.table.select(features))
    except PluginError as error:
        return Judged(found=failed(name, str(error)), levels=before)
    return judge(name, results, before, checks=view.detector_checks, threshold=model.drift_threshold)
