"""The same rows are the same, whatever file and types they come in."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from duetmind_adaptive.tasks.compare import compare_files
from duetmind_adaptive.tasks.comparison import Comparison

ROWS = 600
KINDS = {
    "amount": "numeric",
    "price": "numeric",
    "count": "numeric",
    "took": "numeric",
    "hour": "numeric",
    "member": "boolean",
    "job": "categorical",
    "note": "text",
    "seen": "datetime",
    "local": "datetime",
    "due": "datetime",
}


def rows(seed: int) -> pa.Table:
    random = np.random.default_rng(seed)
    moments = pa.array(random.integers(10**9, 10**9 + 10**7, ROWS), pa.timestamp("s"))
    words = ["red", "dry", "oak", "old", "wine"]
    return pa.table(
        {
            "amount": random.normal(size=ROWS),
            "price": pa.array([Decimal(int(cents)) / 100 for cents in random.integers(0, 10**6, ROWS)]),
            "count": [None if count < 5 else count for count in random.integers(0, 90, ROWS).tolist()],
            "took": pa.array(random.integers(0, 10**6, ROWS), pa.duration("s")),
            "hour": pa.array(random.integers(0, 86_400, ROWS).astype(np.int32)).cast(pa.time32("s")),
            "member": random.random(ROWS) < 0.3,
            "job": random.choice(["cook", "nurse"], ROWS),
            "note": [f"{' '.join(random.choice(words, 3))} {number}" for number in random.integers(0, 10**6, ROWS)],
            "seen": moments,
            "local": moments.cast(pa.timestamp("ms", "Asia/Tokyo")),
            "due": pa.array(random.integers(18_000, 18_100, ROWS).astype(np.int32), pa.date32()),
        }
    )


def with_durations_in_seconds(table: pa.Table) -> pa.Table:
    return table.set_column(table.schema.get_field_index("took"), "took", table["took"].cast(pa.int64()))


def parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path.with_suffix(".parquet"))


def old_parquet(table: pa.Table, path: Path) -> None:
    for name in ("job", "local"):
        table = table.set_column(table.schema.get_field_index(name), name, table[name].dictionary_encode())
    pq.write_table(table, path.with_suffix(".parquet"), use_deprecated_int96_timestamps=True)


def arrow_csv(table: pa.Table, path: Path) -> None:
    pa_csv.write_csv(with_durations_in_seconds(table), path.with_suffix(".csv"))


def pandas_csv(table: pa.Table, path: Path) -> None:
    with_durations_in_seconds(table).to_pandas().to_csv(path.with_suffix(".csv"), index=False)


def csv_of_zeros_and_ones(table: pa.Table, path: Path) -> None:
    frame = with_durations_in_seconds(table).to_pandas()
    frame.assign(member=frame["member"].astype(int)).to_csv(path.with_suffix(".csv"), index=False)


def csv_with_decimal_commas(table: pa.Table, path: Path) -> None:
    frame = with_durations_in_seconds(table).to_pandas()
    frame.to_csv(
        path.with_suffix(".csv"), index=False, sep=";", decimal=",", encoding="utf-8-sig", lineterminator="\r\n"
    )


Writer = Callable[[pa.Table, Path], None]
WRITERS = (parquet, old_parquet, arrow_csv, pandas_csv, csv_of_zeros_and_ones, csv_with_decimal_commas)


def compared(folder: Path, before: Writer, after: Writer) -> Comparison:
    names = [str(folder / side) for side in ("before", "after")]
    for seed, (write, name) in enumerate(zip((before, after), names, strict=True)):
        Path(name).mkdir()
        write(rows(seed), Path(name) / "rows")
    return compare_files(*names)


@pytest.mark.parametrize("after", WRITERS)
@pytest.mark.parametrize("before", [parquet, pandas_csv])
def test_a_change_of_format_is_no_drift(tmp_path: Path, before: Writer, after: Writer) -> None:
    found = compared(tmp_path, before, after)
    assert {column.name: column.kind for column in found.report.columns} == KINDS
    assert found.headline == f"No drift: none of {len(KINDS)} tested columns moved."
    assert not found.report.breaking


def test_decimal_commas_are_numbers_where_commas_separate_nothing(tmp_path: Path) -> None:
    for name, shift in (("a", 0), ("b", 500)):
        lines = (f"{1000 + row + shift}".replace("1", "1.", 1) + f",{row % 10};{row % 7}" for row in range(200))
        (tmp_path / f"{name}.csv").write_text("price;n\n" + "\n".join(lines) + "\n")
    found = compare_files(str(tmp_path / "a.csv"), str(tmp_path / "b.csv"))
    price = next(column for column in found.report.columns if column.name == "price")
    assert (price.kind, price.drift) == ("numeric", True)


def test_a_frame_saved_by_pandas_keeps_its_booleans_beside_zeros_and_ones(tmp_path: Path) -> None:
    member = np.random.default_rng(1).random(300) < 0.4
    pd.DataFrame({"member": member.astype(int)}).to_csv(tmp_path / "a.csv", index=False)
    pd.DataFrame({"member": member}).to_csv(tmp_path / "b.csv", index=False)
    found = compare_files(str(tmp_path / "a.csv"), str(tmp_path / "b.csv"))
    assert not found.report.drift
    assert [finding.code for finding in found.report.findings] == ["retyped"]
