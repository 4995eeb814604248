"""AutoML beside what people use, on the same rows, one core and the same told budget: score, time, size, latency.

How much is measured is said by DUETMIND_AUTOML_SEEDS (of the splits, `0,1,2`), _BUDGETS (`30,120`), _CONTENDERS
(`ours,ours_unbounded,lightgbm,optuna,flaml,autogluon`) and _TABLES (all). With _RESULTS, a folder, every row is kept
there and none is measured twice, so parts that were measured apart come together in one table. The default is one
split, 30 s, ours and the peers that install in a minute; AutoGluon is large.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.automl_data import tables
from benchmarks.automl_runs import OURS, PEERS, Row, Run, measured
from benchmarks.automl_table import figures
from benchmarks.daemon import BenchmarkError
from benchmarks.figures import Figure

SEEDS, BUDGETS, CONTENDERS = "0", "30", "ours,lightgbm,optuna,flaml"
QUICK_BUDGET = "20"


def run(quick: bool) -> list[Figure]:
    """Measure (quick: two small sets, 20 s each, no peers)."""
    found, rows = tables(quick=quick), dict[Run, Row]()
    names = list(found) if quick else _listed("TABLES", ",".join(found))
    kept = None if quick else _folder()
    for each in _plan(names, quick=quick):
        row = measured(each, found[each.table], kept)
        if row is not None:
            rows[each] = row
    return figures(rows)


def _plan(names: Sequence[str], *, quick: bool) -> Iterator[Run]:
    """In the order of measuring: contenders take turns, so that a busy minute of the machine weighs on all alike."""
    contenders = ["ours"] if quick else _listed("CONTENDERS", CONTENDERS)
    if unknown := sorted(set(contenders) - {*OURS, *PEERS}):
        raise BenchmarkError(f"there is no contender {unknown[0]}; there are {', '.join((*OURS, *PEERS))}")
    for budget in [QUICK_BUDGET] if quick else _listed("BUDGETS", BUDGETS):
        for seed in ["0"] if quick else _listed("SEEDS", SEEDS):
            for name in names:
                for contender in contenders:
                    yield Run(contender=contender, budget=float(budget), seed=int(seed), table=name)


def _folder() -> Path | None:
    named = os.environ.get("DUETMIND_AUTOML_RESULTS")
    if not named:
        return None
    folder = Path(named)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _listed(name: str, default: str) -> list[str]:
    return [each.strip() for each in os.environ.get(f"DUETMIND_AUTOML_{name}", default).split(",") if each.strip()]
