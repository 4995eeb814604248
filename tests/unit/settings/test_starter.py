"""`run` accepts the starter as it is."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from duetmind_adaptive.settings.load import load_config
from duetmind_adaptive.settings.starter import starter_files


def test_the_starter_loads_without_a_warning_and_its_data_is_there(tmp_path: Path) -> None:
    for name, text in starter_files().items():
        (tmp_path / name).write_text(text)
    loaded = load_config(tmp_path / "duetmind.yaml", {})
    loans = loaded.models["loans"]
    assert loaded.warnings == ()
    assert Path(loans.reference.path).is_file()
    assert Path(loans.production.path).is_file()
    assert (loans.pipeline is not None, loans.responses) == (True, ("retrain_model",))


def test_every_line_of_the_starter_that_is_commented_out_can_be_used(tmp_path: Path) -> None:
    text = starter_files()["duetmind.yaml"]
    for key in ("exclude", "prediction", "labels", "ops"):
        text = text.replace(f"# {key}:", f"{key}:")
    (tmp_path / "duetmind.yaml").write_text(text)
    loans = load_config(tmp_path / "duetmind.yaml", {}).models["loans"]
    assert loans.exclude == ("customer_id",)


def test_the_data_is_the_same_every_time() -> None:
    assert starter_files() == starter_files()


def test_the_data_drifts_in_the_second_half_of_production() -> None:
    rows = list(csv.DictReader(io.StringIO(starter_files()["production.csv"])))
    half = len(rows) // 2

    def share(part: list[dict[str, str]]) -> float:
        return sum(int(row["target"]) for row in part) / len(part)

    assert share(rows[half:]) > 1.5 * share(rows[:half])
    assert [row["timestamp"] for row in rows] == sorted(row["timestamp"] for row in rows)
