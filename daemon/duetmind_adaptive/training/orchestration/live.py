"""A tree of the workflow that follows its run in a terminal; nothing where standard error is none."""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.tree import Tree

from duetmind_adaptive.training.orchestration.course import State
from duetmind_adaptive.training.orchestration.progress import Listener, Progress
from duetmind_adaptive.training.orchestration.task import Task

#: lines of the tree; what has succeeded makes room first
LINES = 20
_SIGNS: dict[State, str] = {
    "waiting": "[dim]·[/]", "ready": "[dim]○[/]", "running": "[cyan]▶[/]", "succeeded": "[green]✓[/]",
    "failed": "[red]✗[/]", "upstream_failed": "[red]–[/]", "cancelled": "[yellow]–[/]",
}  # fmt: skip


@contextmanager
def live_tree(tasks: Sequence[Task], asked: Listener | None) -> Generator[Listener]:
    """The listener to run with: the one that was asked for, else a tree on a terminal, else one that does nothing."""
    if asked is not None or not sys.stderr.isatty():
        yield asked or (lambda _: None)
        return
    known: dict[str, Progress | None] = {task.task_id: None for task in tasks}
    with Live(console=Console(stderr=True), refresh_per_second=8) as screen:

        def follow(progress: Progress) -> None:
            known[progress.task_id] = progress
            screen.update(tree(known, progress))

        yield follow


def tree(known: dict[str, Progress | None], newest: Progress) -> Tree:
    """Every task with its state; the middle of a long list is counted."""
    root = Tree(f"workflow: {newest.done} of {newest.total} tasks")
    shown = sorted(known.items(), key=lambda item: item[1] is not None and item[1].state == "succeeded")[:LINES]
    for name, progress in shown:
        state = progress.state if progress else "waiting"
        tried = f" (attempt {progress.attempt})" if progress and progress.attempt > 1 else ""
        said = f" [dim]{escape(progress.message)}[/]" if progress and progress.message else ""
        root.add(f"{_SIGNS[state]} {escape(name)}{tried}{said}")
    if len(known) > LINES:
        root.add(f"[dim]+{len(known) - LINES} more[/]")
    return root
