"""Profiles: what they cost beside sorting, how much a window takes, and how little memory a hundred million rows do.

The statistics of 50 columns are taken from profiles, the current rows counted on the way, beside the sorting of the 40
numeric columns in the same process, turn by turn. The stream is a Parquet file that a process of its own profiles and
then compares with itself; its peak of resident memory is the kernel's.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.figures import Figure, at_most, median_ratio
from duetmind_adaptive.tasks.profiles import Profile

NUMBERS, WORDS = 40, 10
ROWS, ROWS_QUICK = 1_000_000, 50_000
TURNS = 5
WINDOW = 1_000
#: bins of the profiles that a daemon keeps of its windows
WINDOW_BINS = 100
STREAM_ROWS, STREAM_ROWS_QUICK = 100_000_000, 1_000_000
STREAM_COLUMNS = 10
#: rows that are made, written and forgotten at a time
GROUP_ROWS = 1_000_000

#: profiles a file, compares it with itself, and prints rows, seconds and the peak of resident memory in MB
STREAMER = """\
import resource, sys, time
from duetmind_adaptive import Profile
began = time.perf_counter()
profile = Profile.from_files(sys.argv[1])
assert not profile.compare(profile).drift
print(profile.rows, time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def run(quick: bool) -> list[Figure]:
    """Measure (quick: 50,000 rows in memory, a million in the stream)."""
    rows = ROWS_QUICK if quick else ROWS
    reference, current = _sample(rows, 1), _sample(rows, 2)
    return [*_speed(reference, current), *_window(reference, current), *_stream(quick=quick)]


def _sample(rows: int, seed: int) -> pa.Table:
    generator = np.random.default_rng(seed)
    shapes = (
        lambda: generator.normal(size=rows),
        lambda: generator.lognormal(size=rows),
        lambda: np.floor(3 * generator.normal(size=rows)),
        lambda: np.where(generator.random(rows) < 0.05, np.nan, np.sinh(1.5 * generator.normal(size=rows))),
    )
    columns: dict[str, pa.Array] = {f"number {at}": pa.array(shapes[at % len(shapes)]()) for at in range(NUMBERS)}
    for at in range(WORDS):
        kinds = 3 * 2 ** (at % 7)
        words = pa.array([f"c{kind}" for kind in range(kinds)], pa.large_string())
        columns[f"word {at}"] = words.take(pa.array(generator.integers(0, kinds, rows)))
    return pa.table(columns)


def _speed(reference: pa.Table, current: pa.Table) -> list[Figure]:
    profile = Profile.from_frame(reference)
    numbers = [current[f"number {at}"].to_numpy() for at in range(NUMBERS)]
    ours, sorting = list[float](), list[float]()
    for _ in range(TURNS):
        began = time.perf_counter()
        for values in numbers:
            np.sort(values)
        sorted_at = time.perf_counter()
        profile.compare(profile.count(current))
        sorting.append(sorted_at - began)
        ours.append(time.perf_counter() - sorted_at)
    return [
        Figure(
            name=f"statistics from profiles, {NUMBERS + WORDS} columns × {current.num_rows:,} rows",
            value=float(np.median(ours)),
            unit="s",
            ratio=median_ratio(ours, sorting),
            peer="sorting",
            ratio_target=at_most(2),
        )
    ]


def _window(reference: pa.Table, current: pa.Table) -> list[Figure]:
    profile = Profile.from_frame(reference, bins=WINDOW_BINS)
    window = current.slice(0, WINDOW)
    content, seconds = b"", list[float]()
    for _ in range(20):
        began = time.perf_counter()
        content = profile.count(window).to_bytes(bins=False)
        seconds.append(time.perf_counter() - began)
    columns = f"{WINDOW:,} rows × {NUMBERS + WORDS} columns"
    return [
        Figure(name=f"a window's profile, {columns}", value=len(content) / 1000, unit="kB", target=at_most(12)),
        Figure(name="counting and writing it", value=1000 * float(np.median(seconds)), unit="ms"),
    ]


def _stream(*, quick: bool) -> list[Figure]:
    rows = STREAM_ROWS_QUICK if quick else STREAM_ROWS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stream.parquet"
        _write_stream(path, rows)
        command = [sys.executable, "-c", STREAMER, str(path)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    counted, seconds, megabytes = int(answer[0]), float(answer[1]), float(answer[2])
    if counted != rows:
        raise RuntimeError(f"{counted:,} rows were counted instead of {rows:,}")
    name = f"{rows:,} rows × {STREAM_COLUMNS} columns from Parquet"
    return [
        Figure(name=f"{name}, peak of resident memory", value=megabytes, unit="MB", target=at_most(500)),
        Figure(name=f"{name}, both passes", value=seconds, unit="s"),
    ]


def _write_stream(path: Path, rows: int) -> None:
    """Seven columns of floats, two of whole numbers and one of words."""
    generator = np.random.default_rng(3)
    words = pa.array([f"c{kind}" for kind in range(200)])
    writer = None
    for _ in range(rows // GROUP_ROWS):
        columns: dict[str, pa.Array] = {f"x{at}": pa.array(generator.normal(size=GROUP_ROWS)) for at in range(7)}
        columns |= {f"n{at}": pa.array(generator.integers(0, 10**6, GROUP_ROWS)) for at in range(2)}
        columns["word"] = words.take(pa.array(generator.integers(0, 200, GROUP_ROWS)))
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()
