"""A bar of steps on a terminal's standard error, and nothing elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from duetmind_adaptive.cli.text import plain


@contextmanager
def steps(*, quiet: bool) -> Generator[Callable[[str, int, int], None] | None]:
    """Show what is being done, how far it is and how long it will take; gives None where nobody watches."""
    if quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    name = TextColumn("{task.fields[step]}", markup=False)
    bars = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), name)
    with Progress(*bars, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, step="starting")

        def show(step: str, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, step=plain(step)[:40])

        yield show
