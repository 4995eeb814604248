"""`duetmind demo`: the true daemon on a real stream in accelerated time, watched from outside through its API."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from duetmind_adaptive.cli.options import Json
from duetmind_adaptive.cli.text import print_json

#: seconds a window stays on screen for a person
PACE = 0.6


def demo(
    *,
    headless: Annotated[bool, typer.Option("--headless", help="No live view; end without a word in between.")] = False,
    json: Json = False,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where to play; a new folder. Default: a temporary one.")
    ] = None,
) -> int:
    """The whole loop on a bundled real stream: drift found, alert delivered, model retrained and promoted, rolled back.

    Examples
    --------
    duetmind demo
    duetmind demo --headless --json
    """
    from duetmind_adaptive.cli.demo.play import Play
    from duetmind_adaptive.cli.demo.show import LiveShow, Quiet
    from duetmind_adaptive.cli.demo.stage import Stage

    stage = Stage(_folder(folder))
    watched = sys.stdout.isatty() and not headless and not json
    with LiveShow() if watched else Quiet() as show:
        document = Play(stage, show, pace=PACE if watched else 0.0).run()
    print_json(document) if json else _print(document)
    return 0


def _folder(wanted: Path | None) -> Path:
    if wanted is None:
        return Path(tempfile.mkdtemp(prefix="duetmind-demo-"))
    if wanted.exists() and any(wanted.iterdir()):
        from duetmind_adaptive.errors import ConfigError

        raise ConfigError(f"{wanted} is not empty; name a new folder with --folder")
    wanted.mkdir(parents=True, exist_ok=True)
    return wanted.resolve()


def _print(document: dict[str, Any]) -> None:
    from duetmind_adaptive.report.loop_page import headline

    summary = document["summary"]
    print(headline(document))
    print(
        f"{summary['alerts']} alerts, {document['delivered']} delivered to the webhook; "
        f"{summary['retrains']} retrains, {summary['promotions']} promotions, "
        f"{summary['rollbacks']} rollback; {summary['seconds']:.0f} s"
    )
    print(f"report: {document['report']}")
