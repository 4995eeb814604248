"""Runs the detectors of installed packages: each is loaded here, in the worker; a broken one costs itself only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from duetmind_adaptive import plugins
from duetmind_adaptive.check_report import Plugged
from duetmind_adaptive.contracts import Detected, Detector, Paged
from duetmind_adaptive.drift.plugged import checked, judge


def make_detector(name: str, options: Mapping[str, Any]) -> Detector:
    """The detector `name`; raises PluginError when it is not installed, cannot be loaded or made."""
    return plugins.make(plugins.DETECTORS, name, **options)


def detect(name: str, detector: Detector, reference: pa.Table, window: pa.Table) -> list[Detected]:
    """What a detector says of a window.

    Raises
    ------
    PluginError
        It raises, or gives what cannot be used; one sentence says which.
    """
    shared = [column for column in reference.column_names if column in window.column_names]
    before, after = reference.select(shared), window.select(shared)
    results = plugins.guarded(lambda: list(detector.detect(before, after)), f"detector '{name}' failed")
    return checked(name, results, shared)


def compare_by(name: str, tables: tuple[pa.Table, pa.Table], *, alpha: float, threshold: float) -> tuple[Plugged, str]:
    """What a detector says of two samples that are compared once, and its page if it draws one.

    Parameters
    ----------
    name
        The detector's; it gets no options. PluginError is raised as `make_detector` and `detect` do.
    tables
        The reference and the current rows.
    alpha
        Largest probability that it calls unchanged data drifted.
    threshold
        Smallest effect that counts as drift, in [0, 1].
    """
    detector = make_detector(name, {})
    results = detect(name, detector, *tables)
    found = judge(name, results, {}, checks=0.5 / alpha, threshold=threshold, once=True).found
    drawn = plugins.guarded(detector.page, f"detector '{name}' failed") if isinstance(detector, Paged) else ""
    return found, drawn
