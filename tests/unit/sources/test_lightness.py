"""A check reads its data without pandas, which costs a worker a second and 40 MB."""

from __future__ import annotations

import subprocess
import sys

from source_files import csv_text, hours, timed, write_parquet

READ_EVERYTHING = """
import sys
from datetime import UTC, datetime, timedelta
from source_files import drain, model_over
from duetmind_adaptive.settings.model import LabelSettings
from duetmind_adaptive.sources.labels import with_labels
from duetmind_adaptive.sources.production import ProductionSource
from duetmind_adaptive.sources.reference import read_reference

folder, now = sys.argv[1], datetime(2026, 1, 1, tzinfo=UTC)
labels = LabelSettings(delay=timedelta(hours=1), path=f"{folder}/labels", key="id")
for window in ({"rows": 10}, {"every": "1d"}):
    model = model_over(f"{folder}/data", timestamp="t", target="y", labels=labels, window=window, rows=[3, None])
    assert read_reference(model).num_rows
    windows, waiting = drain(model)
    assert len(windows) == 3
    for read in windows:
        assert with_labels(read.table, model, now=now, window_end=read.window.end)["y"].null_count < read.window.rows
    source = ProductionSource(model)
    assert source.read(2, 15, cursor=waiting.cursor).num_rows == 13
    source.latest_window(now=now)
assert "pandas" not in sys.modules
"""


def test_reading_imports_no_pandas(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "labels").mkdir()
    write_parquet(tmp_path / "data" / "1.parquet", timed([*hours(*range(0, 40, 2)), None]))
    (tmp_path / "data" / "2.csv").write_text(csv_text(timed([None, *hours(*range(40, 66, 2))], first=21)))
    (tmp_path / "labels" / "a.csv").write_text("id,y\n" + "".join(f"{row},{row % 2}\n" for row in range(40)))
    search = "import sys; sys.path[:0] = {!r}\n".format([path for path in sys.path if "support" in path])
    ran = subprocess.run(
        [sys.executable, "-c", search + READ_EVERYTHING, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
