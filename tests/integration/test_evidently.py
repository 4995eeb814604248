"""The detector `evidently` with Evidently itself: the shipped suite, its page beside ours, and a check's evidence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duetmind_adaptive import compare
from duetmind_adaptive.cli.app import run
from duetmind_adaptive.testing import DetectorSuite

pytestmark = pytest.mark.evidently


class TestEvidently(DetectorSuite):
    name = "evidently"
    trials = 40


def rows(seed: int, shift: float = 0.0) -> pa.Table:
    rng = np.random.default_rng(seed)
    notes = [f"note {number} of {seed}" for number in range(1_500)]
    return pa.table({"age": rng.normal(shift, 1, 1_500), "job": rng.choice(["cook", "nurse"], 1_500), "note": notes})


def test_its_tests_stand_among_the_columns_and_free_text_is_left_out() -> None:
    found = compare(rows(1), rows(2, shift=0.5), detectors=["evidently"])
    columns = found.to_dict()["columns"]
    assert columns["age"]["tests"]["evidently"]["p_value"] < 1e-9
    assert columns["job"]["tests"]["evidently"]["p_value"] > 1e-3
    assert "evidently" not in columns["note"]["tests"]
    assert found.to_dict()["detectors"]["evidently"]["columns"] == ["age"]
    assert found.to_dict()["detectors"]["evidently"]["summary"].startswith(
        "The detector evidently finds drift: age by Evidently's ks, "
    )


def test_a_distance_is_shown_and_alarms_nobody(tmp_path: Path) -> None:
    from duetmind_handlers.detectors.evidently_tests import EvidentlyTests

    page = tmp_path / "newest.html"
    detector = EvidentlyTests(num_method="wasserstein", cat_method="jensenshannon", html=str(page))
    found = list(detector.detect(rows(1), rows(2, shift=0.5)))
    assert {result.column for result in found} == {"age", "job"}
    assert all(result.p_value is None for result in found)
    assert page.read_text().lstrip().startswith("<!DOCTYPE html>")
    assert "age" in page.read_text()


def test_its_page_is_written_beside_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, table in (("a", rows(1)), ("b", rows(2, shift=0.5))):
        pq.write_table(table, f"{name}.parquet")
    assert run(["compare", "a.parquet", "b.parquet", "--detector", "evidently", "--html", "drift.html"]) == 1
    assert "Detectors" in (tmp_path / "drift.html").read_text()
    assert "Data Drift" in (tmp_path / "drift.evidently.html").read_text()
