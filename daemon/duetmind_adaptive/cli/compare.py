"""`duetmind compare`: whether and how badly one data set differs from another, without a config."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from duetmind_adaptive.cli.options import Json
from duetmind_adaptive.cli.page import check_place, write_page
from duetmind_adaptive.cli.text import plain, print_headline, print_json, print_table

if TYPE_CHECKING:
    from duetmind_adaptive.tasks.comparison import Comparison

#: columns, and findings, on screen; --json and --html have them all
SHOWN, SHOWN_FINDINGS = 50, 20
#: characters of a finding, which may quote long values
MESSAGE_LENGTH = 300

Sample = Annotated[str, typer.Argument(help="CSV or Parquet: a file, a glob in quotes, or a folder.")]


def compare(
    reference: Sample,
    current: Sample,
    *,
    target: Annotated[
        str | None, typer.Option("--target", help="The column a model predicts, if any.", metavar="COL")
    ] = None,
    detector: Annotated[
        list[str] | None, typer.Option("--detector", help="A plugged-in detector to ask, too.", metavar="NAME")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a report with plots.", metavar="FILE")] = None,
    json: Json = False,
) -> int:
    """Compare CURRENT with REFERENCE, column by column, without a config.

    Exit status 1 means that the data drifted or are broken, 2 that they cannot be compared.

    Examples
    --------
    duetmind compare january.parquet february.parquet --html drift.html
    duetmind compare "2025/*.csv" today.csv --target churned --json
    duetmind compare january.parquet february.parquet --detector mine
    """
    # columns share the cores; the threads of its little algebra would only spin for cores that others hold
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from duetmind_adaptive.tasks.compare import compare_files

    if html is not None:
        check_place(html)
    with _progress() as progress:
        found = compare_files(reference, current, target=target, progress=progress, detectors=detector or ())
    if html is not None:
        write_page(html, found.to_html())
        for name, page in found.pages.items():
            write_page(html.with_name(f"{html.stem}.{name}{html.suffix}"), page)
    print_json(found.to_dict()) if json else _print(found)
    return int(found.report.drift)


def _print(found: Comparison) -> None:
    from duetmind_adaptive.tasks.comparison import p_adjusted

    print_headline(found.headline, found.report.severity)
    columns = found.report.columns
    rows = [
        (
            column.name,
            column.kind,
            f"{column.effect:.3f}",
            found.summary(column),
            _p(p_adjusted(column)),
            found.verdict(column),
        )
        for column in columns[:SHOWN]
    ]
    print_table(("COLUMN", "KIND", "EFFECT", "IN WORDS", "ADJUSTED P", "VERDICT"), rows)
    if len(columns) > SHOWN:
        print(f"+{len(columns) - SHOWN:,} more, which moved less; --json or --html have them all")
    if found.report.multivariate is not None:
        print(plain(found.report.multivariate.summary))
    for each in found.report.detectors:
        print(plain(each.reason or f"The detector {each.name} finds no drift."))
    for finding in found.report.findings[:SHOWN_FINDINGS]:
        print(f"{'broken' if finding.breaks else 'finding'}: {plain(finding.message)[:MESSAGE_LENGTH]}")
    if len(found.report.findings) > SHOWN_FINDINGS:
        print(f"+{len(found.report.findings) - SHOWN_FINDINGS:,} more findings")
    for note in found.notes:
        print(f"note: {plain(note)}")
    print(f"{found.rows_reference:,} rows beside {found.rows_current:,} in {found.report.seconds:.1f} s")


def _p(value: float | None) -> str:
    """A p-value as people read it.

    >>> _p(0.04213), _p(1e-300), _p(None)
    ('0.0421', '< 1e-12', '-')
    """
    if value is None:
        return "-"
    return "< 1e-12" if value < 1e-12 else f"{value:.3g}"


@contextmanager
def _progress() -> Generator[Callable[[int, int, str], None] | None]:
    """A progress bar with column, rate and time left on a terminal's standard error; nothing elsewhere."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    rate = TextColumn("{task.fields[rate]}")
    name = TextColumn("{task.fields[column]}", markup=False)
    bars = (BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn(), name)
    with Progress(*bars, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, column="reading", rate="")

        def show(done: int, total: int, column: str) -> None:
            speed = bar.tasks[0].speed
            said = f"{speed:.1f} columns/s" if speed else ""
            bar.update(task, completed=done, total=total, column=plain(column)[:30], rate=said)

        yield show
