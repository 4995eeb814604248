"""`duetmind init`: a starter config that `run` accepts as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from duetmind_adaptive.cli.options import Json
from duetmind_adaptive.cli.text import plain, print_json
from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.settings.starter import starter_files


def init(
    folder: Annotated[Path, typer.Argument(help="Where to put it; made if it is not there.", metavar="DIR")],
    *,
    json: Json = False,
) -> int:
    """Write a commented starter config, and made-up data for it to watch.

    Nothing that is there already is overwritten.

    Examples
    --------
    duetmind init loans
    duetmind run --config loans/duetmind.yaml
    """
    files = starter_files()
    try:
        _write(folder, files)
    except OSError as error:
        raise ConfigError(f"{error.filename or folder}: cannot be written: {error.strerror}") from None
    paths = [str(folder / name) for name in files]
    if json:
        print_json({"files": paths})
    else:
        print(f"Wrote {', '.join(map(plain, paths))}.\nStart it: duetmind run --config {plain(paths[0])}")
    return 0


def _write(folder: Path, files: dict[str, str]) -> None:
    taken = [name for name in files if (folder / name).exists()]
    if taken:
        raise ConfigError(f"{folder / taken[0]} exists already and is not overwritten; choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        with (folder / name).open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
