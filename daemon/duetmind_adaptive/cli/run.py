"""`duetmind run`: the daemon, in the foreground."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated

import typer

from duetmind_adaptive.cli.options import ConfigFile


def run(
    *,
    config: ConfigFile,
    log_level: Annotated[str, typer.Option("--log-level", help="debug, info, warning or error.")] = "info",
) -> int:
    """Run the daemon in the foreground. SIGTERM drains and exits 0; SIGHUP reloads the config.

    Examples
    --------
    duetmind run --config duetmind.yaml
    """
    with _everything_stays():
        from duetmind_adaptive.settings.load import load_config

        loaded = load_config(config, os.environ)
        from duetmind_adaptive.service import logs
        from duetmind_adaptive.service.app import serve

    logs.configure(log_level)
    return asyncio.run(serve(loaded, os.environ))


@contextmanager
def _everything_stays() -> Generator[None]:
    """Collect no garbage among what imports make, now or later: there is none, and to look for it delays the start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
