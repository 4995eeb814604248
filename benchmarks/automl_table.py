"""From rows to figures: every contender over the same splits of the same tables, and ours beside each. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence

from benchmarks.automl_runs import OURS, Row, Run
from benchmarks.figures import Bound, Figure, at_least, at_most

#: what ours is held to: seconds over the budget, milliseconds for 1,000 rows, megabytes of the artifact and of memory
OVER, MILLISECONDS, MEGABYTES, PEAK = 0.5, 50, 10, 400
#: of the unbounded model's gain over LightGBM's defaults, what the served one has to keep
KEPT = 0.9
#: the contender that the bounds and the comparisons are about
SERVED, UNBOUNDED, DEFAULTS = "ours", "ours_unbounded", "lightgbm"

Rows = Mapping[Run, Row]
Mean = Callable[[str], float]


def figures(rows: Rows) -> list[Figure]:
    """Of each budget: each contender's means, then ours beside the others.

    Parameters
    ----------
    rows
        What was measured. Only splits that every contender of a budget has count, so that all are judged on the same.
    """
    found = list[Figure]()
    for budget in sorted({run.budget for run in rows}):
        of_budget = {run: row for run, row in rows.items() if run.budget == budget}
        contenders = list(dict.fromkeys(run.contender for run in of_budget))
        splits = shared_splits(of_budget, contenders)
        if not splits:
            continue
        of = {name: [of_budget[_run(name, budget, split)] for split in splits] for name in contenders}
        ranks = mean_ranks({name: [row["auc"] for row in mine] for name, mine in of.items()})
        told = f"told {budget:g} s, {len(splits)} runs"
        for name in contenders:
            every = [row for run, row in of_budget.items() if run.contender == name]
            found += _of_contender(name, of[name], every, rank=ranks[name], budget=budget, told=told)
        found += _beside(of, told)
    return found


def shared_splits(rows: Rows, contenders: Sequence[str]) -> list[tuple[str, int]]:
    """Table and seed of the splits that all contenders were measured on."""
    having = [{(run.table, run.seed) for run in rows if run.contender == name} for name in contenders]
    return sorted(set.intersection(*having)) if having else []


def mean_ranks(scores: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Mean place of each contender, 1 being the best; those that tie share their mean place.

    >>> mean_ranks({"a": [0.9, 0.8], "b": [0.8, 0.8], "c": [0.7, 0.9]})
    {'a': 1.75, 'b': 2.25, 'c': 2.0}
    """
    places = {name: list[float]() for name in scores}
    for every in zip(*scores.values(), strict=True):
        for name, mine in zip(scores, every, strict=True):
            better, same = sum(other > mine for other in every), sum(other == mine for other in every)
            places[name].append(better + (same + 1) / 2)
    return {name: statistics.mean(found) for name, found in places.items()}


def _run(name: str, budget: float, split: tuple[str, int]) -> Run:
    return Run(contender=name, budget=budget, seed=split[1], table=split[0])


def _of_contender(
    name: str, rows: Sequence[Row], every: Sequence[Row], *, rank: float, budget: float, told: str
) -> list[Figure]:
    over = max(0.0, *(row["seconds"] - budget for row in every))
    served = name == SERVED
    bounds: list[tuple[str, float, str, Bound | None]] = [
        ("mean AUC", mean(rows, "auc"), "", None),
        ("mean rank by AUC", rank, "", None),
        ("mean log loss", mean(rows, "log_loss"), "", None),
        ("mean calibration error", mean(rows, "ece"), "", None),
        ("worst time over the budget", over, "s", at_most(OVER) if name in OURS else None),
        ("slowest model, 1,000 rows", max(row["ms"] for row in every), "ms", at_most(MILLISECONDS) if served else None),
        ("largest model", max(row["mb"] for row in every), "MB", at_most(MEGABYTES) if served else None),
        ("peak of memory", max(row["peak_mb"] for row in every), "MB", at_most(PEAK) if served else None),
    ]
    return [
        Figure(name=f"{name}: {what}, {told}", value=value, unit=unit, target=bound)
        for what, value, unit, bound in bounds
    ]


def _beside(of: Mapping[str, Sequence[Row]], told: str) -> list[Figure]:
    """In how many runs, and on how many tables' means, ours is ahead; and what serving bounds leave of the gain."""
    if SERVED not in of:
        return []
    found = list[Figure]()
    for name, rows in of.items():
        if name in OURS:
            continue
        pairs = list(zip(of[SERVED], rows, strict=True))
        ahead, count = mean(of[SERVED], "auc") - mean(rows, "auc"), len(pairs)
        found += [
            _count(f"runs with a higher AUC than {name} (mean {ahead:+.4f})", [a["auc"] > b["auc"] for a, b in pairs]),
            _count(f"runs with a lower log loss than {name}", [a["log_loss"] < b["log_loss"] for a, b in pairs]),
            _count(f"runs with a lower calibration error than {name}", [a["ece"] < b["ece"] for a, b in pairs]),
        ]
        found[-3:] = [Figure(name=f"{each.name}, of {count}, {told}", value=each.value, unit="") for each in found[-3:]]
    if {UNBOUNDED, DEFAULTS} <= set(of):
        least = mean(of[DEFAULTS], "auc")
        gain = (mean(of[SERVED], "auc") - least) / max(mean(of[UNBOUNDED], "auc") - least, 1e-9)
        name = f"of the unbounded model's gain over LightGBM's defaults, the served one keeps, {told}"
        found.append(Figure(name=name, value=max(0.0, gain), unit="", target=at_least(KEPT)))
    return found


def _count(name: str, held: Sequence[bool]) -> Figure:
    return Figure(name=name, value=sum(held), unit="")


def mean(rows: Sequence[Row], name: str) -> float:
    """Of one of the rows' values."""
    return statistics.mean(row[name] for row in rows)
