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
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from duetmind_adaptive.check_report import CheckReport

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
    """Seconds of the five statistics beside those of sorting, with one thread and, where asked, with more.

    Of one thread the processor's seconds are told, too: they are the same on a busy machine.
    """
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
    found = defaultdict[str, list[float]](list)
    for _ in range(int(turns)):
        for count in counts:
            for what, work in (("sort", sorting), ("test", testing)):
                seconds, of_processor = _seconds(work, count)
                found[f"{what}{count}"].append(seconds)
                found[f"{what}{count} processor"].append(of_processor)
    return found


def _seconds(work: Sequence[Callable[[], Any]], threads: int) -> tuple[float, float]:
    """On the clock, and of the processor."""
    from duetmind_adaptive.drift.threads import in_order  # noqa: PLC0415 - as above

    began, before = time.perf_counter(), time.process_time()
    for _ in in_order(work, threads):
        pass
    return time.perf_counter() - began, time.process_time() - before


def window(reference: str, current: str) -> dict[str, Any]:
    """Median of the processor's seconds for checking one window against a stored reference, read once."""
    from duetmind_adaptive.drift.reference import Reference  # noqa: PLC0415 - as above
    from duetmind_adaptive.drift.verdict import compare  # noqa: PLC0415 - as above

    table, rows = sides(reference)[0], sides(current)[1]
    stored = Path(reference) / "stored.profile"
    Reference.from_table(table, table.column_names).save(stored)
    profile, seconds = Reference.load(stored), list[float]()
    for _ in range(WINDOWS):
        began = time.process_time()
        compare(profile, rows, threshold=THRESHOLD)
        seconds.append(time.process_time() - began)
    return {"seconds": statistics.median(seconds), "rows": rows.num_rows, "columns": len(profile.columns)}


def memory(folder: str, turns: str) -> dict[str, Any]:
    """Seconds of the whole comparison of two tables in memory, as its users call it."""
    from duetmind_adaptive import compare  # noqa: PLC0415 - as above

    tables, seconds = sides(folder), list[float]()
    for _ in range(int(turns)):
        began = time.perf_counter()
        compare(*tables)
        seconds.append(time.perf_counter() - began)
    return {"seconds": statistics.median(seconds)}


def calm(repeats: str) -> dict[str, Any]:
    """On how many pairs of samples without drift anything is called drift, or any column; 1,000 to 10,000 rows."""
    from benchmarks.drift_data import make  # noqa: PLC0415 - as above
    from duetmind_adaptive import compare  # noqa: PLC0415 - as above

    reports: list[CheckReport] = []
    for seed in range(int(repeats)):
        rows = 1_000 + 9_000 * seed // max(int(repeats) - 1, 1)
        reference, current, _ = make(rows, 5_000 + seed, drift=False)
        reports.append(compare(reference, current).report)
    columns, whole = sum(bool(each.drifted) for each in reports), sum(each.drift for each in reports)
    return {"repeats": len(reports), "columns": columns, "whole": whole}


MODES: tuple[Callable[..., dict[str, Any]], ...] = (floor, exact, window, memory, calm)


def main() -> None:
    """Run one mode."""
    modes: dict[str, Callable[..., dict[str, Any]]] = {each.__name__: each for each in MODES}
    answer = modes[sys.argv[1]](*sys.argv[2:])
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**answer, "mb": megabytes}))


if __name__ == "__main__":
    main()
