"""`duetmind train`: one configured pipeline on a file, measured and saved, without a config."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from duetmind_adaptive.cli.options import Json
from duetmind_adaptive.cli.page import check_place
from duetmind_adaptive.cli.steps import steps
from duetmind_adaptive.cli.text import plain, print_headline, print_json, print_table

#: features on screen; --json has them all
SHOWN = 20


def train(
    data: Annotated[str, typer.Argument(help="CSV or Parquet: a file, a glob in quotes, or a folder.")],
    *,
    target: Annotated[str, typer.Option("--target", help="The column to predict.", metavar="COL")],
    pipeline: Annotated[
        str, typer.Option("--pipeline", help="A YAML file, or the name of a shipped pipeline.", metavar="FILE")
    ],
    timestamp: Annotated[
        str | None, typer.Option("--timestamp", help="Column of moments: older rows answer for newer.", metavar="COL")
    ] = None,
    group: Annotated[
        str | None, typer.Option("--group", help="Column of what belongs together in one fold.", metavar="COL")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", help="A column to leave out; may be repeated.", metavar="COL")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Same seed and data: same result.", metavar="N")] = 0,
    save: Annotated[Path | None, typer.Option("--save", help="Write the model there.", metavar="FILE")] = None,
    json: Json = False,
) -> int:
    """Fit one configured pipeline to DATA, measure it on rows it did not learn from, and save it.

    Examples
    --------
    duetmind train loans.parquet --target default --pipeline advanced.yaml --save loans.duet
    duetmind train visits.csv --target diagnosis --pipeline medical_classification --json
    """
    from duetmind_adaptive.settings.model import Config
    from duetmind_adaptive.settings.named_pipelines import find_pipeline

    if save is not None:
        check_place(save, option="--save")
    settings = find_pipeline(pipeline, Config(), Path())
    from duetmind_adaptive.tasks.train_file import FileTraining, train_file

    asked = FileTraining(
        data=data,
        target=target,
        timestamp=timestamp,
        group=group,
        exclude=tuple(exclude or ()),
        pipeline=settings,
        seed=seed,
        save=save,
    )
    with steps(quiet=json) as show:
        document = train_file(asked, show)
    print_json(document) if json else _print(document)
    return 0


def _print(document: dict[str, Any]) -> None:
    metrics: dict[str, dict[str, float | None]] = document["metrics"]
    first = document["metric"]
    print_headline(f"{first} {_number(metrics[first]['value'])} for {document['target']}, out of fold", "stable")
    rows = [
        (name, _number(each["value"]), f"{each['low']:.4f} to {each['high']:.4f}" if "low" in each else "-")
        for name, each in metrics.items()
    ]
    print_table(("METRIC", "VALUE", "95 % INTERVAL"), rows)
    features = [f"{name} ({kind})" for name, kind in document["features"].items()]
    more = f" and {len(features) - SHOWN} more" if len(features) > SHOWN else ""
    print(f"features: {plain(', '.join(features[:SHOWN]))}{more}")
    for note in document["notes"]:
        print(f"note: {plain(note)}")
    said = f"{document['task']} by {document['algorithm']}: {document['rows']:,} rows, {document['folds']} folds"
    print(f"{said} in {document['seconds']:.1f} s")
    if document["artifact"]:
        print(f"saved: {plain(document['artifact'])} (sha256 {document['sha256']})")


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"
