"""`duetmind automl`: the best model of a file, within a time, without a config."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from duetmind_adaptive.cli.options import Json
from duetmind_adaptive.cli.page import check_place, write_page
from duetmind_adaptive.cli.text import plain, print_headline, print_json, print_table

if TYPE_CHECKING:
    from duetmind_adaptive.tasks.automl import Found
    from duetmind_adaptive.training.automl.search import Progress

#: lines of the leaderboard on screen; --json and --html have them all
SHOWN = 12
#: where neither a time nor a number of trials is given
SECONDS = 60.0


def automl(
    data: Annotated[str, typer.Argument(help="CSV or Parquet: a file, a glob in quotes, or a folder.")],
    *,
    target: Annotated[str, typer.Option("--target", help="The column to predict.", metavar="COL")],
    metric: Annotated[
        str, typer.Option("--metric", help="What to optimise; several, with commas, are traded off.", metavar="NAME")
    ] = "roc_auc",
    timeout: Annotated[
        float | None, typer.Option("--timeout", help="Seconds until the model is saved.", metavar="S")
    ] = None,
    n_trials: Annotated[int | None, typer.Option("--n-trials", help="Trials at most.", metavar="N")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, data and trials: same result.", metavar="N")] = 0,
    folds: Annotated[int, typer.Option("--folds", help="Folds of the cross-validation.", metavar="N")] = 5,
    jobs: Annotated[int, typer.Option("--jobs", help="Trials at a time.", metavar="N")] = 1,
    timestamp: Annotated[
        str | None, typer.Option("--timestamp", help="Column of moments: older rows answer for newer.", metavar="COL")
    ] = None,
    group: Annotated[
        str | None, typer.Option("--group", help="Column of what belongs together in one fold.", metavar="COL")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", help="A column to leave out; may be repeated.", metavar="COL")
    ] = None,
    algorithm: Annotated[
        list[str] | None, typer.Option("--algorithm", help="Try this one only; may be repeated.", metavar="NAME")
    ] = None,
    preset: Annotated[
        str, typer.Option("--preset", help="serving (50 ms per 1,000 rows, 10 MB) or quality (unbounded).")
    ] = "serving",
    max_predict_ms: Annotated[
        float | None, typer.Option("--max-predict-ms", help="Milliseconds per 1,000 rows at most.", metavar="MS")
    ] = None,
    address: Annotated[
        str | None,
        typer.Option("--address", help="Of a Ray cluster, on which trials run, --jobs at a time.", metavar="HOST:PORT"),
    ] = None,
    scratch: Annotated[
        Path | None,
        typer.Option("--scratch", help="Folder of the search's files; on a cluster all nodes see it.", metavar="DIR"),
    ] = None,
    study: Annotated[
        str | None, typer.Option("--study", help="Keep the trials under this name; it goes on there.", metavar="NAME")
    ] = None,
    studies: Annotated[Path, typer.Option("--studies", help="Folder of the studies.", metavar="DIR")] = Path("studies"),
    save: Annotated[Path | None, typer.Option("--save", help="Write the model there.", metavar="FILE")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a report with plots.", metavar="FILE")] = None,
    json: Json = False,
) -> int:
    """Find the best model of DATA within a time, and save it.

    Examples
    --------
    duetmind automl loans.parquet --target default --metric roc_auc --timeout 30 --save loans.duet --html loans.html
    duetmind automl prices.csv --target price --metric rmse --timeout 600 --study prices --json
    """
    from duetmind_adaptive.jobs.launcher import begin_fork_server
    from duetmind_adaptive.training.automl import PRELOAD

    for place in filter(None, (save, html)):
        check_place(place)
    if address is None:
        begin_fork_server(PRELOAD)
    from duetmind_adaptive.tasks.automl import FileSearch, process_began, search_file
    from duetmind_adaptive.training.automl import create_automl_optimizer

    _logs_to_standard_error()
    names = [name.strip() for name in metric.split(",")]
    with _progress(quiet=json) as show:
        optimizer = create_automl_optimizer(
            names[0] if len(names) == 1 else names,
            n_trials,
            SECONDS if timeout is None and n_trials is None else timeout,
            folds,
            random_state=seed,
            n_jobs=jobs,
            address=address,
            scratch=scratch,
            algorithms=algorithm,
            preset=preset,
            max_predict_ms_per_1k=max_predict_ms,
            study_name=study,
            storage=studies,
            progress=show,
        )
        asked = FileSearch(
            data=data, target=target, timestamp=timestamp, group=group, exclude=tuple(exclude or ()), save=save
        )
        found = search_file(asked, optimizer, began=process_began())
    if html is not None:
        write_page(html, _page(found))
    print_json(found.document) if json else _print(found)
    return 0


def _page(found: Found) -> str:
    from duetmind_adaptive.report.automl_page import automl_page
    from duetmind_adaptive.training.automl.curves import curves

    results = found.results
    answers = results["answers"]
    threshold = results["ensemble"]["threshold"]
    drawn = {} if answers is None else curves(results["task"], results["truth"], answers, found.classes, threshold)
    return automl_page(found.document, drawn, results["history"])


def _print(found: Found) -> None:
    document = found.document
    blend, metric = document["ensemble"], document["metric"]
    score = "-" if blend["score"] is None else f"{blend['score']:.4f}"
    print_headline(f"{metric} {score} for {document['target']}, out of fold", "stable")
    rows = [
        (at, entry["algorithm"], f"{entry['score']:.4f}", f"{entry['fit_seconds']:.2f}", _short(entry["params"]))
        for at, entry in enumerate(document["leaderboard"][:SHOWN], 1)
    ]
    print_table(("#", "ALGORITHM", metric.upper(), "S/FOLD", "PARAMETERS"), rows)
    if len(document["leaderboard"]) > SHOWN:
        print(f"+{len(document['leaderboard']) - SHOWN} more; --json or --html have them all")
    members = ", ".join(f"{member['weight']:.0%} {member['algorithm']}" for member in blend["members"])
    print(f"the model: {members or 'a linear model of a few rows'}; {blend['predict_ms_per_1k']:.1f} ms per 1,000 rows")
    for note in document["notes"]:
        print(f"note: {plain(note)}")
    failed = f", {document['failed_trials']} failed" if document["failed_trials"] else ""
    print(f"{document['trials']} trials{failed} in {document['seconds']:.1f} s; ended by {document['stopped_by']}")
    if document["artifact"]:
        print(f"saved: {plain(document['artifact'])}")


def _short(params: dict[str, object]) -> str:
    said = (f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}" for name, value in params.items())
    return ", ".join(said)[:90]


def _logs_to_standard_error() -> None:
    """Only what is wrong is logged, and not where results go."""
    from duetmind_adaptive.service import logs

    logs.configure("WARNING")


@contextmanager
def _progress(*, quiet: bool) -> Generator[Callable[[Progress], None] | None]:
    """A line with the best score, its algorithm and the time left on a terminal's standard error; nothing elsewhere."""
    if quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    began = time.monotonic()
    state: list[Progress] = []

    def line() -> Text:
        if not state:
            return Text(f"reading and starting workers … {time.monotonic() - began:.0f} s")
        return Text(describe_progress(state[-1], time.monotonic() - seen[0]))

    seen = [began]

    def show(progress: Progress) -> None:
        state.append(progress)
        seen[0] = time.monotonic()

    with Live(get_renderable=line, console=Console(stderr=True), refresh_per_second=4, transient=True):
        yield show


def describe_progress(progress: Progress, since: float) -> str:
    """One line; `since` are the seconds since the last trial ended."""
    best = "-" if progress.best_score is None else f"{progress.best_score:.4f} ({progress.best_algorithm})"
    left = "" if progress.left is None else f", {max(0.0, progress.left - since):.0f} s left"
    failed = f", {progress.failed} failed" if progress.failed else ""
    return f"best {best}, {progress.trials} trials{failed}{left}"
