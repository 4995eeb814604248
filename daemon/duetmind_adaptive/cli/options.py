"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Url = Annotated[
    str | None,
    typer.Option("--url", help="Address of the daemon; else DUETMIND_URL, else the config's.", metavar="URL"),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token", help="Bearer token; else DUETMIND_TOKEN, the config's, or state/http-token.", metavar="TOKEN"
    ),
]
#: of commands that talk to a running daemon
ClientConfig = Annotated[
    Path | None,
    typer.Option("--config", help="The daemon's config, to find it by; else DUETMIND_CONFIG.", metavar="FILE"),
]
#: of commands that work without a daemon
ConfigFile = Annotated[Path, typer.Option("--config", help="The config file.", metavar="FILE")]
Limit = Annotated[int, typer.Option("--limit", help="How many, newest first.", min=1, max=1000)]
Cursor = Annotated[str | None, typer.Option("--cursor", help="Where the last list ended: its `next`.")]
ModelName = Annotated[str, typer.Argument(help="Name of the model.", metavar="MODEL")]
