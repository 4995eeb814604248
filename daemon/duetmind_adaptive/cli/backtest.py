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

from duetmind_adaptive.cli.options import ConfigFile, Json
from duetmind_adaptive.cli.page import check_place, write_page
from duetmind_adaptive.cli.text import print_json, print_table
from duetmind_adaptive.errors import ConfigError

if TYPE_CHECKING:
    from duetmind_adaptive.settings.model import Loaded


def backtest(
    *,
    config: ConfigFile,
    model: Annotated[str | None, typer.Option("--model", help="Which model; needed if there are several.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page with the plot.", metavar="FILE")] = None,
    json: Json = False,
) -> int:
    """Replay a model's history in simulated time through the daemon's own decisions.

    Nothing is written to the daemon's state and nobody is alerted. Exit status 1 means that drift was found.

    Examples
    --------
    duetmind backtest --config duetmind.yaml --model loans
    """
    from duetmind_adaptive.settings.load import load_config

    loaded = load_config(config, os.environ)
    if html is not None:
        check_place(html)
    document = _replay(loaded, _choose(loaded, model))
    if html is not None:
        from duetmind_adaptive.report.loop_page import loop_page

        write_page(html, loop_page(document, title=f"Backtest of {document['model']}"))
    print_json(document) if json else _print(document)
    return int(any(window["drift"] for window in document["windows"]))


def _choose(loaded: Loaded, model: str | None) -> str:
    """The model that is meant; a config with one model needs no name."""
    names = list(loaded.models)
    if model is None and len(names) == 1:
        return names[0]
    if model not in loaded.models:
        said = f"has no model '{model}'" if model else f"has {len(names)} models; name one with --model"
        raise ConfigError(f"{loaded.path}: {said}; there are: {', '.join(names) or 'none'}")
    return model


def _replay(loaded: Loaded, name: str) -> dict[str, Any]:
    from duetmind_adaptive.jobs.inline import InlineExecutor
    from duetmind_adaptive.service import logs
    from duetmind_adaptive.service.backtest import backtest as replay
    from duetmind_adaptive.service.plugins import load_handlers

    logs.configure("warning")
    handlers = load_handlers(loaded, os.environ)
    with TemporaryDirectory(prefix="duetmind-backtest-") as scratch, _progress() as progress:
        return asyncio.run(
            replay(
                loaded,
                name,
                executor=InlineExecutor(guarded=True),
                handlers=handlers,
                scratch=Path(scratch),
                progress=progress,
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
    print(
        f"{summary['alerts']} alerts, {summary['retrains']} retrains, {summary['promotions']} promotions, "
        f"{summary['rollbacks']} rollbacks in {summary['seconds']:.1f} s"
    )
