"""`duetmind backtest`: what the daemon would have done on a model's history."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from duetmind_adaptive.cli.options import Json
from duetmind_adaptive.cli.page import check_place, write_page
from duetmind_adaptive.cli.text import print_json, print_table
from duetmind_adaptive.errors import ConfigError

if TYPE_CHECKING:
    from duetmind_adaptive.settings.model import Loaded

#: what the last line of the table counts, each in the summary as a plural
COUNTED = ("alert", "retrain", "promotion", "rollback")


def backtest(
    *,
    config: Annotated[
        Path | None, typer.Option("--config", help="Path of the config file.", metavar="FILE", show_default=False)
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Which model; needed if there are several.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page with the plot.", metavar="FILE")] = None,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option("--compare", help="Two configs, replayed side by side.", metavar="A B", show_default=False),
    ] = None,
    suggest: Annotated[bool, typer.Option("--suggest", help="Try thresholds and budgets; say which to take.")] = False,
    json: Json = False,
) -> int:
    """Replay a model's history in simulated time through the daemon's own decisions.

    Nothing is written to the daemon's state and nobody is alerted. Exit status 1 means that drift was found.

    Examples
    --------
    duetmind backtest --config duetmind.yaml --model loans --html loans.html
    duetmind backtest --compare duetmind.yaml bolder.yaml --model loans
    duetmind backtest --config duetmind.yaml --suggest
    """
    from duetmind_adaptive.settings.load import load_config

    if (config is None) == (compare is None):
        raise ConfigError("give --config FILE, or --compare A B")
    if compare is not None or suggest:
        from duetmind_adaptive.cli.policies import compare_policies, suggest_policy

        if html is not None:
            raise ConfigError("--html shows one replay; leave out --compare and --suggest")
        if compare is not None:
            return compare_policies(compare, model, as_json=json)
        return suggest_policy(config or Path(), model, as_json=json)
    loaded = load_config(config or Path(), os.environ)
    if html is not None:
        check_place(html)
    name = choose_model(loaded, model)
    document = replay(loaded, name, every_window=html is not None and loaded.models[name].pipeline is not None)
    if html is not None:
        from duetmind_adaptive.report.loop_page import loop_page

        write_page(html, loop_page(document, title=f"Backtest of {document['model']}"))
    print_json(document) if json else _print(document)
    return int(any(window["drift"] for window in document["windows"]))


def choose_model(loaded: Loaded, model: str | None) -> str:
    """The model that is meant; a config with one model needs no name."""
    names = list(loaded.models)
    if model is None and len(names) == 1:
        return names[0]
    if model not in loaded.models:
        said = f"has no model '{model}'" if model else f"has {len(names)} models; name one with --model"
        raise ConfigError(f"{loaded.path}: {said}; there are: {', '.join(names) or 'none'}")
    return model


def replay(loaded: Loaded, name: str, *, every_window: bool = False) -> dict[str, Any]:
    """The contract's document of one model; `every_window` adds what retraining every window comes to."""
    from duetmind_adaptive.jobs.inline import InlineExecutor
    from duetmind_adaptive.service import backtest as service
    from duetmind_adaptive.service import logs
    from duetmind_adaptive.service.plugins import load_handlers

    logs.configure("warning")
    handlers = load_handlers(loaded, os.environ)
    with TemporaryDirectory(prefix="duetmind-backtest-") as scratch, _progress() as progress:
        return asyncio.run(
            service.backtest(
                loaded,
                name,
                executor=InlineExecutor(guarded=True),
                handlers=handlers,
                scratch=Path(scratch),
                progress=progress,
                every_window=every_window,
            )
        )


@contextmanager
def _progress() -> Generator[Callable[[int, int], None]]:
    """A progress bar on a terminal's standard error; silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("replaying", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _print(document: dict[str, Any]) -> None:
    from duetmind_adaptive.report.loop_page import headline

    rows = [
        (
            (window["start"] or f"row {window['first_row']}")[:19],
            window["rows"],
            window["version"],
            window["metric"],
            window["metric_static"],
            ", ".join(window["kinds"]),
            ", ".join(window["actions"]),
        )
        for window in document["windows"]
    ]
    print_table(("WINDOW", "ROWS", "VERSION", document["metric"].upper(), "STATIC", "DRIFT", "ACTIONS"), rows)
    summary = document["summary"]
    print(headline(document))
    counted = (f"{summary[f'{what}s']} {what}{'s' * (summary[f'{what}s'] != 1)}" for what in COUNTED)
    print(f"{', '.join(counted)} in {summary['seconds']:.1f} s")
