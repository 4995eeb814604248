"""Wide files and columns of a million categories are compared, in memory that is bounded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

COMPARE = """
import json, sys
from duetmind_adaptive.tasks.compare import compare_files

found = compare_files(*sys.argv[1:])
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM:"))  # ru_maxrss is the parent's, too
megabytes = int(peak.split()[1]) // 1024
print(json.dumps({"headline": found.headline, "megabytes": megabytes}))
"""


def compared(*paths: Path) -> dict[str, Any]:
    """The headline, and the peak of a process that does nothing else."""
    command = [sys.executable, "-c", COMPARE, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=True)
    return json.loads(done.stdout)


def wide(seed: int, columns: int, rows: int = 500) -> pa.Table:
    random = np.random.default_rng(seed)
    made = (random.choice(list("abcd"), rows) if at % 10 == 9 else random.normal(size=rows) for at in range(columns))
    return pa.table({f"c{at}": values for at, values in enumerate(made)})


def users(seed: int, categories: int) -> pa.Table:
    random = np.random.default_rng(seed)
    names = [f"user-{number}" for number in random.integers(0, categories, 2 * categories)]
    return pa.table({"user": names, "x": random.normal(size=2 * categories)})


def headline_and_peak(folder: Path, ending: str, sides: tuple[pa.Table, pa.Table]) -> tuple[str, int]:
    paths = [folder / f"{at}.{ending}" for at in range(2)]
    for path, table in zip(paths, sides, strict=True):
        pq.write_table(table, path) if ending == "parquet" else pa_csv.write_csv(table, path)
    found = compared(*paths)
    return found["headline"], found["megabytes"]


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_thousand_columns_take_the_memory_of_a_few(tmp_path: Path, ending: str) -> None:
    headline, megabytes = headline_and_peak(tmp_path, ending, (wide(1, 1_000), wide(2, 1_000)))
    assert headline == "No drift: none of 1,000 tested columns moved."
    assert megabytes < 700


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_column_of_many_categories_is_compared_and_those_that_come_by_chance_are_no_drift(
    tmp_path: Path, ending: str
) -> None:
    headline, megabytes = headline_and_peak(tmp_path, ending, (users(1, 50_000), users(2, 50_000)))
    assert headline == "No drift: none of 2 tested columns moved."
    assert megabytes < 500


def test_many_categories_that_give_way_to_few_are_drift(tmp_path: Path) -> None:
    headline, _ = headline_and_peak(tmp_path, "parquet", (users(1, 50_000), users(2, 20_000)))
    assert headline.startswith("Drift")


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_ten_thousand_columns_take_bounded_memory(tmp_path: Path, ending: str) -> None:
    headline, megabytes = headline_and_peak(tmp_path, ending, (wide(1, 10_000), wide(2, 10_000)))
    assert headline == "No drift: none of 10,000 tested columns moved."
    assert megabytes < 1_500


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_million_categories_take_bounded_memory(tmp_path: Path, ending: str) -> None:
    headline, megabytes = headline_and_peak(tmp_path, ending, (users(1, 1_000_000), users(2, 1_000_000)))
    assert headline == "No drift: none of 2 tested columns moved."
    assert megabytes < 1_500
