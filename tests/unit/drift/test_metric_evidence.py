"""Small falls of a metric are told by evidence over windows, as rarely wrongly as is promised."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import poisson

from duetmind_adaptive.drift.metric_evidence import MetricEvidence
from duetmind_adaptive.records import MetricReading

CHECKS = 200.0
ERROR = 0.012


def reading(value: float, error: float = ERROR, rows: int = 1_000, name: str = "accuracy") -> MetricReading:
    return MetricReading(name=name, value=value, low=0, high=1, error=error, rows=rows)


def followed(falls: np.ndarray, reference: MetricReading, checks: float = CHECKS) -> list[bool]:
    """Whether the metric is called fallen after each window."""
    evidence, told = MetricEvidence(), list[bool]()
    for fall in falls:
        evidence = evidence.update(reading(0.85 - float(fall)), reference, error=ERROR, checks=checks)
        told.append(evidence.fallen(reference, checks=checks))
    return told


def test_false_alarms_are_no_more_frequent_than_promised_though_the_reference_is_a_sample() -> None:
    """The true fall is exactly the tolerance, the least favourable that counts as none."""
    rng, alarms, windows = np.random.default_rng(1), 0, 0
    for _ in range(60):
        reference = reading(0.85 + float(rng.normal(0, 0.004)), error=0.004, rows=9_000)
        told = followed(0.02 + rng.normal(0, ERROR, 500), reference)
        alarms += sum(now and not before for before, now in zip([False, *told], told, strict=False))
        windows += 500
    assert poisson.sf(alarms - 1, windows / CHECKS) > 0.01, alarms


@pytest.mark.parametrize(("fall", "within"), [(0.05, 6), (0.1, 2)])
def test_a_fall_is_told_within_a_few_windows(fall: float, within: int) -> None:
    rng, reference = np.random.default_rng(2), reading(0.85, error=0.003, rows=15_000)
    waited = [followed(fall + rng.normal(0, ERROR, 40), reference, 7_200).index(True) + 1 for _ in range(60)]
    assert np.median(waited) <= within


def test_what_the_hour_lets_expect_is_no_fall() -> None:
    reference, evidence = reading(0.85, error=0.003, rows=15_000), MetricEvidence()
    for _ in range(100):
        evidence = evidence.update(reading(0.75), reference, error=ERROR, checks=CHECKS, expected=-0.1)
    assert not evidence.fallen(reference, checks=CHECKS)


def test_a_rise_is_no_fall_and_of_errors_the_rise_is() -> None:
    assert not any(followed(np.full(60, -0.1), reading(0.85, error=0.003, rows=15_000)))
    reference, evidence = reading(0.5, error=0.003, rows=15_000, name="rmse"), MetricEvidence()
    for _ in range(10):
        evidence = evidence.update(reading(0.6, name="rmse"), reference, error=ERROR, checks=CHECKS)
    assert evidence.fallen(reference, checks=CHECKS)


def test_an_alarm_ends_within_a_few_windows_when_the_metric_has_recovered() -> None:
    told = followed(np.append(np.full(30, 0.1), np.zeros(10)), reading(0.85, error=0.003, rows=15_000))
    assert told[29]
    assert not any(told[34:])


def test_the_evidence_survives_as_json_values() -> None:
    reference = reading(0.85, error=0.003, rows=15_000)
    evidence = MetricEvidence().update(reading(0.8), reference, error=ERROR, checks=CHECKS)
    assert MetricEvidence.from_section(json.loads(json.dumps(evidence.to_section()))) == evidence
    assert MetricEvidence.from_section(None) == MetricEvidence()
