"""Metrics that whoever asks for a check has measured, each held against the baseline that was stated for it.

They share the metric's part of the promise, so that stating more of them makes no more false alarms. The first
baseline is the version's: of that one small falls add up over windows, too (`examinations/metric`).
"""

from __future__ import annotations

from collections.abc import Sequence

from duetmind_adaptive.drift.performance import judge, shortfall
from duetmind_adaptive.records import MetricReading, Performance
from duetmind_adaptive.tasks.examinations.metric import METRIC_TESTS
from duetmind_adaptive.tasks.view import View


def stated_performances(view: View, stated: Sequence[MetricReading]) -> tuple[Performance, ...]:
    """Judge every stated metric that the model has a baseline of.

    Parameters
    ----------
    view
        The window.
    stated
        Its metrics; those without a baseline are left out.
    """
    baselines = {each.name: each for each in view.model.baselines}
    pairs = [(each, baselines[each.name]) for each in stated if each.name in baselines]
    sure = 1 - 1 / (METRIC_TESTS * max(len(pairs), 1) * view.alarm_checks("metric"))
    return tuple(judge(view.window, reading, baseline, confidence=sure) for reading, baseline in pairs)


def worst(performances: Sequence[Performance]) -> Performance | None:
    """The one that fell furthest of those that fell, else the first; None of none.

    >>> worst(()) is None
    True
    """
    fallen = [each for each in performances if each.degraded]
    return max(fallen, key=shortfall) if fallen else next(iter(performances), None)
