"""Real windows whose effect swings about the threshold, through checks and policy: one incident, one notice."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import ndtri

from duetmind_adaptive.drift.calm.evidence import Evidence
from duetmind_adaptive.drift.calm.verdict import decide as judge
from duetmind_adaptive.drift.calm.watch import Watch
from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.drift.verdict import compare, draft, settle
from duetmind_adaptive.events import DriftDetected
from duetmind_adaptive.policy.decide import decide
from duetmind_adaptive.policy.rules import Rules
from duetmind_adaptive.policy.state import ModelState
from duetmind_adaptive.records import Window
from duetmind_adaptive.service.reports import completed

START = datetime(2026, 3, 1, tzinfo=UTC)
THRESHOLD, ROWS, CHECKS = 0.1, 2_000, 1_440.0
#: a sample that is its own quantiles: its distance from a shifted one is what the shift says and no chance
NORMAL = ndtri((np.arange(20_000) + 0.5) / 20_000)
SMALL = ndtri((np.arange(ROWS) + 0.5) / ROWS)


def swinging(seed):
    """Shifts whose effect, the distance less what chance explains (1 / √rows), swings about the threshold."""
    distance = THRESHOLD * (1 + np.random.default_rng(seed).uniform(-0.05, 0.05, 1000)) + ROWS**-0.5
    return 2 * ndtri((1 + distance) / 2)


@pytest.mark.parametrize("seed", [0, 1])
def test_an_effect_that_swings_by_a_twentieth_about_its_threshold_for_a_thousand_checks_is_told_once(seed):
    reference = Reference.from_table(pa.table({"x": NORMAL}), ["x"])
    watch = Watch.of(reference.columns)
    state, evidence, drifted, told = ModelState(), Evidence.none(watch.size), 0, []
    for index, shift in enumerate(swinging(seed)):
        table, now = pa.table({"x": SMALL + shift}), START + index * timedelta(hours=1)
        window = Window(first_row=index * ROWS, last_row=(index + 1) * ROWS)
        report = draft(window, 1, compare(reference, table, threshold=THRESHOLD), None, ())
        report, evidence = judge(
            watch, evidence, report, table, moment=None, checks=CHECKS, threshold=THRESHOLD, band=(0.8, 1.1)
        )
        event = completed("loans", None, settle(report), id=f"check-{index}", now=now)
        decision = decide(state, event, Rules(repeat=timedelta(days=999)), now)
        state, drifted = decision.state, drifted + report.columns[0].drift
        assert abs(report.columns[0].effect / THRESHOLD - 1) < 0.1
        told += [command.kind for command in decision.commands]
    assert 100 < drifted < 900, "it does swing about the threshold"
    assert told == [DriftDetected]


@pytest.mark.parametrize(("shift", "plain"), [(0.15, False), (1.0, True)])
def test_what_one_window_shows_by_itself_needs_no_second_check_and_what_only_several_show_together_does(shift, plain):
    reference = Reference.from_table(pa.table({"x": NORMAL}), ["x"])
    watch, rows = Watch.of(reference.columns), 2_000
    evidence = Evidence.none(watch.size)
    table = pa.table({"x": ndtri((np.arange(rows) + 0.5) / rows) + shift})
    for index in range(10):
        window = Window(first_row=index * rows, last_row=(index + 1) * rows)
        report = draft(window, 1, compare(reference, table, threshold=0.001), None, ())
        report, evidence = judge(
            watch, evidence, report, table, moment=None, checks=1e8, threshold=0.001, band=(0.8, 1.1)
        )
        if report.columns[0].drift:
            break
    assert report.columns[0].drift
    assert (report.columns[0].far, index == 0) == (plain, plain)
