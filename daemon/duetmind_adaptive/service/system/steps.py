"""The workflow of one order: which step needs what, and what it may hold while it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from duetmind_adaptive.jobs.memory import GB, usable_memory
from duetmind_adaptive.jobs.resources import ResourceRequirement
from duetmind_adaptive.tasks.automated.candidates import fit_pipeline, search_model
from duetmind_adaptive.tasks.automated.judged import evaluate
from duetmind_adaptive.tasks.automated.registering import register
from duetmind_adaptive.tasks.automated.rows import load_rows, preprocess_rows, split_rows, validate_rows
from duetmind_adaptive.tasks.automated.wanted import Wanted
from duetmind_adaptive.training.orchestration.builder import WorkflowBuilder
from duetmind_adaptive.training.orchestration.task import Output

#: steps in worker processes, in their order; the system itself does the last one
LOAD, VALIDATE, SPLIT, PREPROCESS = "load", "validate", "split", "preprocess"
AUTOML, PIPELINE, EVALUATE, REGISTER, MONITOR = "automl", "pipeline", "evaluate", "register", "monitor"
#: of the memory that there is, what a step may hold: two that learn run side by side
SHARE = 0.4


def add_steps(builder: WorkflowBuilder, wanted: Wanted, text: str) -> None:
    """Write the steps of an order down; `text` is the order as it was kept."""

    def add(name: str, function: Callable[..., Any], *needs: Any, cores: float = 1.0) -> Output:
        needed = ResourceRequirement(cpu_cores=cores, memory_gb=SHARE * usable_memory() / GB)
        builder.add_task(name, function, args=(text, *needs), resources=needed)
        return Output(name)

    rows = add(LOAD, load_rows)
    checked = add(VALIDATE, validate_rows, rows)
    halves = add(SPLIT, split_rows, rows, checked)
    prepared = add(PREPROCESS, preprocess_rows, checked, halves)
    candidates = list[Output]()
    if wanted.automl is not None:
        candidates.append(add(AUTOML, search_model, checked, prepared, cores=wanted.jobs))
    if wanted.pipeline is not None:
        candidates.append(add(PIPELINE, fit_pipeline, checked, prepared))
    judged = add(EVALUATE, evaluate, checked, prepared, halves, candidates)
    add(REGISTER, register, checked, prepared, halves, judged)
