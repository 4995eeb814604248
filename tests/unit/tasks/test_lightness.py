"""A comparison of files imports no pandas, which would double what the command takes on small files."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 400
COMPARE = """
import sys
from duetmind_adaptive.tasks.compare import compare_files

found = compare_files(sys.argv[1], sys.argv[2])
assert {column.kind for column in found.report.columns} == {"numeric", "boolean", "categorical", "datetime", "text"}
assert found.report.multivariate is not None
assert any(finding.code == "duplicated_batch" for finding in found.report.findings), found.report.findings
assert found.to_dict() and found.to_html()
assert "pandas" not in sys.modules
"""


def _table(seed: int) -> pa.Table:
    random = np.random.default_rng(seed)
    holes = random.random(ROWS) < 0.2
    words = np.array([f"w{n}" for n in range(900)])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return pa.table(
        {
            "number": pa.array(random.normal(size=ROWS), mask=holes),
            "whole": random.integers(0, 9, ROWS),
            "flag": pa.array(random.random(ROWS) < 0.5, mask=holes),
            "word": pa.array(random.choice(words[:5], ROWS), mask=holes),
            "rare": random.choice(words[:200], ROWS),
            "when": [start + timedelta(minutes=int(n)) for n in random.integers(0, 90_000, ROWS)],
            "text": [" ".join(random.choice(words, 6)) for _ in range(ROWS)],
        }
    )


def test_a_comparison_of_files_imports_no_pandas(tmp_path: Path) -> None:
    before, after = _table(1), _table(2)
    after = pa.concat_tables([after, after.slice(0, ROWS // 2)])
    paths = [str(tmp_path / name) for name in ("before.parquet", "after.parquet")]
    for path, table in zip(paths, (before, after.append_column("new", after["number"])), strict=True):
        pq.write_table(table, path)
    ran = subprocess.run([sys.executable, "-c", COMPARE, *paths], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
