"""Real streams walked in 40 windows: what is documented is found when it begins, and nothing else is told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from duetmind_adaptive import Detector
from duetmind_adaptive.check_report import CheckReport

SHARED = Path(__file__).parents[3].parent / "shared" / "data"
WINDOWS = 40

pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="the streams lie beside the project, and do not here")


@dataclass(frozen=True)
class Walk:
    """The reports of the first windows after the reference, and in which of all 40 each documented change lies."""

    reports: list[CheckReport]
    onsets: list[int]

    @property
    def drifted(self) -> list[int]:
        """The windows in which any column drifts."""
        return [at for at, report in enumerate(self.reports) if report.drifted]


def walk(name: str, windows: int = WINDOWS) -> Walk:
    facts = json.loads((SHARED / f"{name}.json").read_text())
    time = facts["timestamp"]["column"]
    table = pq.read_table(SHARED / facts["file"], columns=[time, *facts["features"]])
    split = facts["windows"]["reference"]["end_row"]
    rows = (table.num_rows - split) // WINDOWS
    detector = Detector(table.slice(0, split), window=rows, timestamp=time)
    reports = [detector.update(table.slice(split + at * rows, rows)) for at in range(windows)]
    return Walk(reports, [(point["row"] - split) // rows for point in facts["drift"]["points"]])


def test_rows_in_random_order_never_drift() -> None:
    assert walk("diabetes_130us_shuffled").drifted == []


def test_a_change_of_the_concept_alone_is_no_drift_of_the_data() -> None:
    assert walk("random_tree_gradual").drifted == []


def test_victoria_joins_the_electricity_market_and_is_found_in_its_window_and_in_all_that_follow() -> None:
    electricity = walk("elec2")
    assert electricity.drifted == list(range(electricity.onsets[0], WINDOWS))


def test_the_financial_crisis_is_found_in_the_first_window_of_bank_calls() -> None:
    bank = walk("bank_marketing", windows=8)
    assert bank.drifted == list(range(8))
    assert bank.onsets[0] == 0


def test_the_season_of_the_air_is_found_within_a_window() -> None:
    assert walk("air_quality").drifted[0] <= 1


def test_another_hospital_is_a_flood_of_holes_and_drift_at_once() -> None:
    hospitals = walk("heart_disease_sites")
    assert hospitals.drifted[0] == hospitals.onsets[0] == 0
    assert {finding.code for report in hospitals.reports for finding in report.breaking} >= {"null_flood"}
