"""Detectors of installed packages in checks and comparisons; one that is broken is a sentence, and the rest goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from plugged import install

from duetmind_adaptive import compare
from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.errors import ConfigError, PluginError
from duetmind_adaptive.plugins import DETECTORS
from duetmind_adaptive.records import VersionRef
from duetmind_adaptive.service.documents import check_document
from duetmind_adaptive.service.reports import completed, document
from duetmind_adaptive.settings.load import load_config
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.tasks.check import check_next
from duetmind_adaptive.tasks.compare import compare_files
from duetmind_adaptive.tasks.requests import CheckRequest, TrainRequest
from duetmind_adaptive.tasks.train import train_version

NOW = datetime(2026, 6, 1, tzinfo=UTC)
#: looks at the last digit of numbers, which no built-in test does
DETECTORS_OF_ONES_OWN = """
import numpy as np
from scipy.stats import binomtest
from duetmind_adaptive.contracts import Detected


def odd_share(table, name):
    return int((np.floor(table[name].to_numpy()) % 2).sum())


class Parity:
    def __init__(self, columns):
        self.columns = columns

    def detect(self, reference, window):
        for name in self.columns:
            share = odd_share(reference, name) / reference.num_rows
            odd = odd_share(window, name)
            p = binomtest(odd, window.num_rows, share).pvalue
            moved = abs(odd / window.num_rows - share)
            yield Detected(column=name, statistic=moved, p_value=p, effect=moved, reason=f"{name} is odd more often")


class Whole:
    def detect(self, reference, window):
        same = window.num_rows == 500
        yield Detected(statistic=float(window.num_rows), p_value=1.0 if same else 1e-12, reason="too few <b>rows</b>")

    def page(self):
        return "<p>drawn by whole</p>"


class Broken:
    def detect(self, reference, window):
        raise ZeroDivisionError("by\\nzero")
"""
POINTS = {DETECTORS: {name.lower(): f"odd_detectors:{name}" for name in ("Parity", "Whole", "Broken")}}


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "site", "odd-detectors", POINTS, odd_detectors=DETECTORS_OF_ONES_OWN)
    monkeypatch.syspath_prepend(tmp_path / "site")


def rows(seed: int, count: int, *, odd: bool = False) -> pa.Table:
    """Numbers from 0 to 1000; `odd` ones differ from the others in nothing but that they are."""
    values = np.random.default_rng(seed).integers(0, 500, count) * 2 + (
        1 if odd else np.random.default_rng(seed + 1).integers(0, 2, count)
    )
    return pa.table({"amount": values.astype(float)})


def reports(folder: Path, detectors: dict[str, dict[str, Any]]) -> list[CheckReport]:
    """Of three windows as before and three of odd numbers."""
    pq.write_table(rows(1, 5_000), folder / "reference.parquet")
    windows = [*(rows(seed, 500) for seed in (2, 4, 6)), *(rows(seed, 500, odd=True) for seed in (8, 10, 12))]
    pq.write_table(pa.concat_tables(windows), folder / "production.parquet")
    facts: dict[str, Any] = {
        "name": "m", "task": "regression", "target": None, "timestamp": None, "features": None, "exclude": (),
        "prediction": None, "score": None, "metric": "r2", "reference": {"path": str(folder / "reference.parquet")},
        "production": {"path": str(folder / "production.parquet"), "window": {"rows": 500}}, "labels": {},
        "schedule": {"every": "1h"}, "pipeline": None, "responses": (), "drift_threshold": 0.02, "opens_after": 1,
        "clears_after": 2, "max_retrains_per_day": 3, "job_timeout": timedelta(hours=1), "folder": folder / "models",
        "detectors": detectors,
    }  # fmt: skip
    model = Model.model_validate(facts)
    made = train_version(TrainRequest(model=model, job="first", attempt=1, champion=None, upto_row=0, now=NOW))
    version = VersionRef(model="m", version=1, folder=made.folder, artifact=None, sha256=None)
    request, found = CheckRequest(model=model, version=version, cursor=None, now=NOW), list[CheckReport]()
    while (outcome := check_next(request)).report:
        found.append(outcome.report)
        request = replace(request, cursor=outcome.cursor, memory=outcome.memory)
    return found


def test_a_detector_s_result_is_in_the_report_and_raises_the_alarm_that_no_built_in_test_does(tmp_path: Path) -> None:
    found = reports(tmp_path, {"parity": {"columns": ["amount"]}})
    assert [report.drift for report in found] == [False] * 3 + [True] * 3
    assert [report.drift for report in reports(tmp_path, {})] == [False] * 6
    first = found[3]
    assert first.kinds == ("data",)
    assert first.columns[0].tests["parity"].p_value == pytest.approx(first.columns[0].tests["parity"].p_adjusted)
    assert first.detectors[0].drifted == ("amount",)
    event = completed("m", None, first, id="e", now=NOW)
    assert "detector parity" in event.data.insights.moved
    assert event.data.insights.notes == ("The detector parity finds drift: amount is odd more often.",)
    assert event.data.top[0].column == "amount"


def test_a_broken_detector_is_a_sentence_and_the_check_and_the_other_detectors_go_on(tmp_path: Path) -> None:
    detectors = {"broken": {}, "parity": {"columns": ["amount"]}, "gone": {}, "whole": {"depth": 1}}
    found = reports(tmp_path, detectors)
    said = {each.name: each.reason for each in found[0].detectors if each.failed}
    assert said["broken"] == "detector 'broken' failed: ZeroDivisionError: by"
    assert said["gone"].startswith("there is no detector 'gone'; installed: broken, ")
    assert said["whole"].startswith("detector 'whole' cannot be made with its options: TypeError: ")
    assert [report.drift for report in found] == [False] * 3 + [True] * 3
    names = ("model", "at", "first_row", "last_row", "start", "end", "version", "drift", "severity", "metric")
    row: Any = SimpleNamespace(**dict.fromkeys(names, 0), report=document(found[3]))
    assert [each["name"] for each in check_document(row)["detectors"]] == list(detectors)


def test_a_config_that_names_a_detector_that_is_not_there_is_refused_with_the_likely_one(tmp_path: Path) -> None:
    data = "reference: {path: a.csv}, production: {path: b.csv}"
    path = tmp_path / "duetmind.yaml"
    path.write_text(f"models: {{m: {{task: binary, {data}, detectors: {{paritty: {{}}}}}}}}\n")
    with pytest.raises(ConfigError, match=r"m\.detectors\.paritty: .*did you mean parity.*`duetmind plugins`"):
        load_config(path, {})
    path.write_text(path.read_text().replace("paritty: {}", "parity: {columns: [x]}"))
    assert load_config(path, {}).models["m"].detectors == {"parity": {"columns": ["x"]}}


def test_a_comparison_asks_the_detectors_that_it_is_told_to(tmp_path: Path) -> None:
    found = compare(rows(1, 5_000), rows(2, 400), detectors=["whole"])
    shown = found.to_dict()["detectors"]["whole"]
    assert shown["drift"]
    assert shown["tests"]["whole"]["statistic"] == 400.0
    assert shown["summary"] == "The detector whole finds drift: too few <b>rows</b>."
    assert "the detector whole finds drift" in found.headline
    assert "too few &lt;b&gt;rows&lt;/b&gt;" in found.to_html()
    assert found.pages == {"whole": "<p>drawn by whole</p>"}
    assert not compare(rows(1, 5_000), rows(2, 500), detectors=["whole"]).report.drift


def test_a_comparison_puts_a_detector_s_page_beside_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from duetmind_adaptive.cli.app import run

    for name, table in (("a", rows(1, 5_000)), ("b", rows(2, 400))):
        pq.write_table(table, tmp_path / f"{name}.parquet")
    monkeypatch.chdir(tmp_path)
    assert run(["compare", "a.parquet", "b.parquet", "--detector", "whole", "--html", "drift.html"]) == 1
    assert "too few" in (tmp_path / "drift.html").read_text()
    assert (tmp_path / "drift.whole.html").read_text() == "<p>drawn by whole</p>"


def test_a_comparison_by_a_broken_detector_is_refused_in_one_sentence(tmp_path: Path) -> None:
    pq.write_table(rows(1, 500), tmp_path / "a.parquet")
    with pytest.raises(PluginError, match=r"^detector 'broken' failed: ZeroDivisionError: by$"):
        compare_files(str(tmp_path / "a.parquet"), str(tmp_path / "a.parquet"), detectors=["broken"])
