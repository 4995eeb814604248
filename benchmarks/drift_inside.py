"""What is measured inside one process: `python -m benchmarks.drift_inside MODE …` prints one JSON object.

Each mode runs alone, so that affinity, imports and the peak of resident memory are its own. Ours and its floor take
turns, so that a noisy second weighs on both.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

#: tests of a numeric and of a categorical column
NUMBER_TESTS = ("ks", "psi", "wasserstein", "jensen_shannon")
WORD_TESTS = ("chi2", "psi", "jensen_shannon")
#: smallest effect that a window's check calls drift
THRESHOLD = 0.1
WINDOWS = 40


def sides(folder: str) -> tuple[pa.Table, pa.Table]:
    """Both samples, read by one thread."""
    paths = (Path(folder) / f"{side}.parquet" for side in ("reference", "current"))
    return tuple(pq.read_table(path, use_threads=False) for path in paths)  # pyright: ignore[reportReturnType] - two


def numbers_of(table: pa.Table) -> list[Any]:
    """The numeric columns without their nulls, as NumPy has them."""
    return [table[name].drop_null().to_numpy() for name in table.column_names if name.startswith("num")]


def floor(folder: str) -> dict[str, Any]:
    """Import pandas, read both files, sort the numbers of both: nobody compares two files for less."""
    began = time.perf_counter()
    import pandas as pd  # noqa: PLC0415 - its import is what is measured

    for table in sides(folder):
        for values in numbers_of(table):
            np.sort(values)
    return {"seconds": time.perf_counter() - began, "pandas": pd.__version__}


def exact(folder: str, turns: str, threads: str) -> dict[str, Any]:
    """Seconds of the five statistics beside those of sorting, with one thread and, where asked, with more."""
    from duetmind_adaptive.drift.column_tests import examine  # noqa: PLC0415 - other modes are to stay light
    from duetmind_adaptive.drift.columns import Limits, summarise  # noqa: PLC0415 - as above

    reference, current = sides(folder)
    every = Limits(values=1 << 62)
    before = {name: summarise(name, reference[name], limits=every) for name in reference.column_names}
    numbers = numbers_of(current)

    def test(name: str) -> None:
        after = summarise(name, current[name], kind=before[name].kind, limits=every, like=before[name])
        examine(before[name], after, tests=NUMBER_TESTS if name.startswith("num") else WORD_TESTS)

    sorting: list[Callable[[], Any]] = [partial(np.sort, values) for values in numbers]
    testing: list[Callable[[], Any]] = [partial(test, name) for name in current.column_names]
    counts = sorted({1, int(threads)})
    found: dict[str, list[float]] = {f"{what}{count}": [] for count in counts for what in ("sort", "test")}
    for _ in range(int(turns)):
        for count in counts:
            found[f"sort{count}"].append(_seconds(sorting, count))
            found[f"test{count}"].append(_seconds(testing, count))
    return found


def _seconds(work: Sequence[Callable[[], Any]], threads: int) -> float:
    from duetmind_adaptive.drift.threads import in_order  # noqa: PLC0415 - as above

    began = time.perf_counter()
    for _ in in_order(work, threads):
        pass
    return time.perf_counter() - began


def window(reference: str, current: str) -> dict[str, Any]:
    """Median seconds of checking one window against a stored reference, read once."""
    from duetmind_adaptive.drift.reference import Reference  # noqa: PLC0415 - as above
    from duetmind_adaptive.drift.verdict import compare  # noqa: PLC0415 - as above

    table, rows = sides(reference)[0], sides(current)[1]
    stored = Path(reference) / "stored.profile"
    Reference.from_table(table, table.column_names).save(stored)
    profile, seconds = Reference.load(stored), list[float]()
    for _ in range(WINDOWS):
        began = time.perf_counter()
        compare(profile, rows, threshold=THRESHOLD)
        seconds.append(time.perf_counter() - began)
    return {"seconds": statistics.median(seconds), "rows": rows.num_rows, "columns": len(profile.columns)}


def calm(repeats: str) -> dict[str, Any]:
    """On how many pairs of samples without drift any column is flagged; 1,000 to 10,000 rows."""
    from benchmarks.drift_data import make  # noqa: PLC0415 - as above
    from duetmind_adaptive import compare  # noqa: PLC0415 - as above

    flagged = list[int]()
    for seed in range(int(repeats)):
        rows = 1_000 + 9_000 * seed // max(int(repeats) - 1, 1)
        reference, current, _ = make(rows, 5_000 + seed, drift=False)
        flagged.append(len(compare(reference, current).report.drifted))
    return {"repeats": len(flagged), "any": sum(count > 0 for count in flagged), "most": max(flagged)}


def main() -> None:
    """Run one mode."""
    modes: dict[str, Callable[..., dict[str, Any]]] = {"floor": floor, "exact": exact, "window": window, "calm": calm}
    answer = modes[sys.argv[1]](*sys.argv[2:])
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**answer, "mb": megabytes}))


if __name__ == "__main__":
    main()
