"""`duetmind predict`: the answers of a saved model to the rows of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from duetmind_adaptive.cli.options import Json
from duetmind_adaptive.cli.page import check_place
from duetmind_adaptive.cli.steps import steps
from duetmind_adaptive.cli.text import plain, print_json
from duetmind_adaptive.errors import ConfigError

FORMATS = (".csv", ".parquet")


def predict(
    artifact: Annotated[str, typer.Argument(help="A saved model: file, version's folder, or a daemon's model URL.")],
    data: Annotated[str, typer.Argument(help="CSV or Parquet: a file, a glob in quotes, or a folder.")],
    *,
    output: Annotated[Path, typer.Option("--output", help="Where the answers go: .csv or .parquet.", metavar="FILE")],
    sha256: Annotated[
        str | None, typer.Option("--sha256", help="What the artifact's must be: shows who made it.", metavar="HEX")
    ] = None,
    json: Json = False,
) -> int:
    """Score the rows of DATA with the model in ARTIFACT.

    The output has a row for each, in the same order: prediction and, for a classifier, probability_CLASS of each class.

    Examples
    --------
    duetmind predict loans.duet new.parquet --output scored.parquet
    duetmind predict state/models/loans/champion "today/*.csv" --output scored.csv
    """
    if output.suffix.lower() not in FORMATS:
        raise ConfigError(f"{output}: its ending is not one of {', '.join(FORMATS)}; name the --output so")
    check_place(output, option="--output")
    from duetmind_adaptive.tasks.predict_file import predict_file

    with steps(quiet=json) as show:
        told = None if show is None else lambda done, total: show("rows", done, total)
        document = predict_file(artifact, data, output, sha256=sha256, progress=told)
    if json:
        print_json(document)
    else:
        print(f"{document['rows']:,} rows answered by {plain(document['model'])}: {plain(document['output'])}")
    return 0
