"""A one-off comparison answers in the contract's shape, names what it cannot test, and reads any frame."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import duetmind_adaptive
from duetmind_adaptive.errors import SourceError
from duetmind_adaptive.tasks.compare import compare, compare_files

ROWS = 2_000


def sample(seed: int, *, moved: bool = False) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    shares = [0.5, 0.3, 0.2] if moved else [0.2, 0.4, 0.4]
    return pd.DataFrame(
        {
            "amount": random.standard_normal(ROWS) + (0.8 if moved else 0.0),
            "job": random.choice(["student", "clerk", "nurse"], ROWS, p=shares),
            "member": random.random(ROWS) < (0.6 if moved else 0.4),
            "due": pd.Timestamp("2026-01-01") + pd.to_timedelta(random.integers(0, 90 * 86_400, ROWS), unit="s"),
            "note": [f"{row} " + "x" * size for row, size in enumerate(random.integers(1, 400, ROWS))],
            "steady": random.exponential(1.0, ROWS),
        }
    )


@pytest.fixture(scope="module")
def found():
    return compare(sample(1), sample(2, moved=True))


def test_the_document_has_the_contract_s_keys(found) -> None:
    document = found.to_dict()
    assert document.keys() >= {"drift", "severity", "rows", "seconds", "columns", "schema"}
    assert document["rows"] == {"reference": ROWS, "current": ROWS}
    assert document["schema"].keys() == {"missing_columns", "new_columns", "type_changes"}
    for column in document["columns"].values():
        assert column.keys() >= {"kind", "drift", "effect", "tests", "quality"}
        assert column["quality"].keys() == {"missing_reference", "missing_current", "unseen_categories"}
        assert all(isinstance(test["statistic"], float) for test in column["tests"].values())
    assert document["columns"]["amount"]["tests"].keys() == {"ks", "chi2", "psi", "wasserstein", "jensen_shannon"}
    assert document["columns"]["job"]["tests"].keys() == {"chi2", "psi", "jensen_shannon"}
    assert document["columns"]["amount"]["tests"]["ks"].keys() == {"statistic", "p_value", "p_adjusted"}
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_every_kind_is_told_and_the_largest_effect_comes_first(found) -> None:
    columns = found.to_dict()["columns"]
    kinds = {name: column["kind"] for name, column in columns.items()}
    assert kinds == {
        "amount": "numeric",
        "job": "categorical",
        "member": "boolean",
        "due": "datetime",
        "note": "text",
        "steady": "numeric",
    }
    assert [column["effect"] for column in columns.values()] == sorted(
        (column["effect"] for column in columns.values()), reverse=True
    )
    assert {name for name, column in columns.items() if column["drift"]} == {"amount", "job", "member"}


def test_effects_are_told_in_words(found) -> None:
    columns = found.to_dict()["columns"]
    assert columns["amount"]["summary"].startswith("mean up 0.7")
    assert "reference standard deviations" in columns["amount"]["summary"]
    assert columns["job"]["summary"].startswith("categories grew: student +")
    assert columns["member"]["summary"].startswith("true in ")
    assert columns["steady"]["summary"] == "no change beyond chance"
    assert found.headline.startswith("Drift, ")
    assert "3 of 6 tested columns moved" in found.headline


def test_nothing_moved_is_no_drift() -> None:
    calm = compare(sample(1), sample(3))
    assert (calm.to_dict()["drift"], calm.to_dict()["severity"], calm.kinds) == (False, "none", ())
    assert calm.headline == "No drift: none of 6 tested columns moved."


def test_significant_dust_is_not_drift() -> None:
    reference, current = (pa.table({"x": np.arange(600_000) + shift}) for shift in (0, 3_000))
    column = compare(reference, current).to_dict()["columns"]["x"]
    assert column["tests"]["ks"]["p_adjusted"] < 0.01
    assert not column["drift"]
    assert column["summary"].startswith("too little to matter")


def test_what_cannot_be_tested_says_why_and_hinders_nothing() -> None:
    odd = {"mixed": [1, "a"] * 50, "nested": [[1]] * 100, "void": [None] * 100, "same": [7] * 100}
    reference = pd.DataFrame(odd | {"x": range(100)})
    found = compare(reference, reference.sample(frac=1, random_state=1))
    columns = found.to_dict()["columns"]
    assert {name for name, column in columns.items() if column["verdict"] == "untested"} == odd.keys()
    assert columns["mixed"]["untested"] == "its values are of mixed types (in the reference)"
    assert "list" in columns["nested"]["untested"]
    assert columns["x"]["verdict"] == "stable"
    assert found.headline == "No drift: none of 1 tested column (4 untested) moved."


def test_clocks_and_row_numbers_are_no_drift() -> None:
    def part(first: int) -> pa.Table:
        moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=first + hour) for hour in range(100)]
        return pa.table({"at": moments, "row": range(first, first + 100), "x": [value % 7 for value in range(100)]})

    found = compare(part(0), part(100))
    assert not found.report.drift
    assert {column.name for column in found.report.columns if column.untested} == {"at", "row"}


def test_a_column_that_rises_without_order_is_drift() -> None:
    values = np.random.default_rng(1).permutation(100)
    assert compare(pa.table({"x": values}), pa.table({"x": values + 100})).report.drift


def test_columns_that_are_gone_new_or_of_another_type_are_in_the_schema() -> None:
    reference = pa.table({"x": range(50), "gone": range(50), "code": range(50)})
    current = pa.table({"x": range(50), "new": range(1000, 1050), "code": ["a"] * 50})
    found = compare(reference, current)
    assert found.to_dict()["schema"] == {
        "missing_columns": ["gone"],
        "new_columns": ["new"],
        "type_changes": {"code": ["int64", "large_string"]},
    }
    assert {finding["code"] for finding in found.to_dict()["findings"]} == {"missing_column", "new_column", "retyped"}
    assert found.report.drift


def test_a_column_that_goes_on_under_another_name_is_one_finding() -> None:
    values = np.random.default_rng(1).normal(size=500)
    found = compare(pa.table({"x": values, "old": values}), pa.table({"x": values, "new": values}))
    assert [finding["code"] for finding in found.to_dict()["findings"]] == ["renamed_column"]


def test_a_target_that_moves_alone_is_a_change_of_concept() -> None:
    x = np.random.default_rng(1).standard_normal(1_000)
    reference, current = (pa.table({"x": x, "y": (x > limit).astype(int)}) for limit in (0, 1))
    assert compare(reference, current, target="y").kinds == ("concept",)
    assert compare(reference, current).kinds == ("data",)


def test_labels_that_have_not_come_are_no_missing_column() -> None:
    reference, current = pa.table({"x": range(50), "y": range(50)}), pa.table({"x": range(50)})
    found = compare(reference, current, target="y")
    assert not found.report.drift
    assert found.to_dict()["notes"] == ["the current data has no 'y' yet, so the target is not compared"]
    assert compare(reference, current).report.missing_columns == ("y",)


class Capsule:
    """What Polars and others give: nothing but Arrow's stream."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize(
    "form", [pa.Table.from_pandas, lambda frame: Capsule(pa.Table.from_pandas(frame)), pd.DataFrame]
)
def test_every_frame_that_speaks_arrow_gives_the_same_answer(found, form) -> None:
    document, expected = compare(form(sample(1)), form(sample(2, moved=True))).to_dict(), found.to_dict()
    assert document["columns"] == expected["columns"]


def test_string_views_and_dictionaries_are_strings() -> None:
    reference = pa.table({"job": pa.array(["a", "b"] * 50, pa.string_view())})
    current = pa.table({"job": pa.array(["a", "b"] * 50).dictionary_encode()})
    assert compare(reference, current).to_dict()["columns"]["job"]["verdict"] == "stable"


@pytest.mark.parametrize(
    ("reference", "current", "sentence"),
    [
        (pa.table({"x": [1]}), pa.table({"x": [1, 2]}), "the reference has one row only"),
        (pa.table({"x": [1, 2]}), pa.table({"x": pa.nulls(0)}), "the current data has no rows"),
        (pa.table({"x": [1, 2]}), pa.table({"y": [1, 2]}), "have no column in common"),
        (pa.Table.from_arrays([pa.array([1, 2])] * 2, ["x", "x"]), pa.table({"x": [1, 2]}), "more than one column"),
        ({"x": [1, 2]}, pa.table({"x": [1, 2]}), "the reference is a dict, not a frame"),
    ],
)
def test_a_frame_that_cannot_be_used_gets_one_sentence(reference, current, sentence: str) -> None:
    with pytest.raises(SourceError, match=sentence):
        compare(reference, current)


def test_the_public_name_loads_on_first_use() -> None:
    assert duetmind_adaptive.compare is compare


def test_files_give_the_same_answer_as_frames_whatever_their_format(tmp_path: Path) -> None:
    reference, current = sample(1), sample(2, moved=True)
    pq.write_table(pa.Table.from_pandas(reference), tmp_path / "a.parquet", row_group_size=300)
    current.to_csv(tmp_path / "b.csv", index=False)
    seen: list[tuple[int, int, str]] = []
    found = compare_files(
        str(tmp_path / "a.parquet"), str(tmp_path / "b.csv"), progress=lambda *step: seen.append(step)
    )
    expected = compare(reference, current)
    for name, column in found.to_dict()["columns"].items():
        assert column["effect"] == pytest.approx(expected.to_dict()["columns"][name]["effect"], abs=1e-6), name
    assert [step[:2] for step in seen] == [(at, 6) for at in range(6)]


def test_wide_files_are_read_a_few_columns_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({f"c{at}": np.arange(100) % (at + 2) for at in range(9)})
    pq.write_table(table, tmp_path / "a.parquet")
    table.to_pandas().to_csv(tmp_path / "b.csv", index=False)
    whole = compare_files(str(tmp_path / "a.parquet"), str(tmp_path / "b.csv")).to_dict()["columns"]
    monkeypatch.setattr("duetmind_adaptive.sources.whole.READ_BYTES", 2 * 8 * 100)
    monkeypatch.setattr("duetmind_adaptive.sources.whole.TEXT_BYTES", 500)
    assert compare_files(str(tmp_path / "a.parquet"), str(tmp_path / "b.csv")).to_dict()["columns"] == whole


def test_a_change_of_correlation_alone_is_drift_of_the_columns_together() -> None:
    rng = np.random.default_rng(4)
    before, after = (dict(zip("abc", rng.normal(size=(3, 5_000)), strict=True)) for _ in range(2))
    after["c"] = 0.6 * after["a"] + 0.8 * after["c"]
    found = compare(pa.table(before), pa.table(after))
    assert not found.report.drifted
    assert found.headline == "Drift, low: 0 of 3 tested columns moved; the columns changed together."
    assert "a and c correlate 0.59 instead of -0.01" in found.to_dict()["together"]["summary"]
    assert "Columns together" in found.to_html()
