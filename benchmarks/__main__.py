"""`python -m benchmarks [NAME …] [--quick] [--json FILE]`: measures, prints one table, and judges nothing but itself.

The exit status is 0 even when a time misses its target, because machines differ; it is 1 when a figure that no
machine can excuse does, and 2 when a benchmark could not run.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.figures import COLUMNS, Result, document, plain, rows, status

#: name -> module with `run(quick: bool) -> list[Figure]`, in the order in which they run
BENCHMARKS = {
    "startup": "benchmarks.startup",
    "idle": "benchmarks.idle",
    "bus": "benchmarks.bus_figures",
    "rollback": "benchmarks.rollback",
    "thousand_models": "benchmarks.thousand_models",
    "drift": "benchmarks.drift",
    "sizes": "benchmarks.sizes",
    "profiles": "benchmarks.profiles",
    "calm": "benchmarks.calm",
    "pipelines": "benchmarks.pipelines",
    "without_labels": "benchmarks.without_labels",
    "automl": "benchmarks.automl",
    "study": "benchmarks.study",
    "warm": "benchmarks.warm",
    "gate": "benchmarks.gate",
    "workers": "benchmarks.workers",
    "workflows": "benchmarks.workflows",
    "handover": "benchmarks.handover",
    "forecast": "benchmarks.forecast",
    "closed_loop": "benchmarks.closed_loop",
    "backtest": "benchmarks.backtest",
    "false_alarms": "benchmarks.false_alarms",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named benchmarks, or all of them."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # leave orderly, so that daemons end too
    results = [_run(name, quick=options.quick) for name in options.names or BENCHMARKS]
    _show(results)
    if options.json:
        options.json.write_text(json.dumps(document(results), indent=2) + "\n", encoding="utf-8")
    return status(results)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="smaller and shorter: shows that they run, not how well")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    return parser


def _run(name: str, *, quick: bool) -> Result:
    print(f"{name} …", file=sys.stderr, flush=True)
    began = time.perf_counter()
    try:
        figures = tuple(import_module(BENCHMARKS[name]).run(quick))
    except Exception as error:  # noqa: BLE001 - supervision: one benchmark that fails must not hide the others' figures
        traceback.print_exc()
        return Result(benchmark=name, seconds=time.perf_counter() - began, error=f"{type(error).__name__}: {error}")
    seconds = time.perf_counter() - began
    print(f"{name}: {len(figures)} figures in {seconds:.0f} s", file=sys.stderr, flush=True)
    return Result(benchmark=name, figures=figures, seconds=seconds)


def _show(results: Sequence[Result]) -> None:
    if not sys.stdout.isatty():
        print(plain(rows(results)))
        return
    table = Table(*COLUMNS)
    for line in rows(results):
        table.add_row(*line, style={"no": "red", "yes": "green"}.get(line[-1]))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
