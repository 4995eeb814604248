"""`duetmind check`: one look at a model's newest window, without the daemon."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from duetmind_adaptive.cli.options import ConfigFile, Json, ModelName
from duetmind_adaptive.cli.text import plain, print_json, print_table
from duetmind_adaptive.errors import ConfigError

#: columns on screen; --json has them all
SHOWN = 15


def check(model: ModelName, *, config: ConfigFile, json: Json = False) -> int:
    """Check the newest complete window of MODEL now, without the daemon; nothing is written down.

    Without a champion in the state folder, a first version is made for this look alone.
    Exit status 1 means that drift was found.

    Examples
    --------
    duetmind check loans --config duetmind.yaml --json
    """
    document = asyncio.run(_look(config, model))
    print_json(document) if json else _print(document)
    return int(document["drift"])


async def _look(config: Path, model: str) -> dict[str, Any]:
    from duetmind_adaptive.jobs.inline import InlineExecutor
    from duetmind_adaptive.service import logs
    from duetmind_adaptive.service.check_once import check_once
    from duetmind_adaptive.settings.load import load_config

    logs.configure("warning")
    loaded = load_config(config, os.environ)
    if model not in loaded.models:
        raise ConfigError(f"{loaded.path}: has no model '{model}'; there are: {', '.join(loaded.models) or 'none'}")
    with TemporaryDirectory(prefix="duetmind-check-") as scratch:
        return await check_once(
            loaded, model, executor=InlineExecutor(guarded=True), scratch=Path(scratch), now=datetime.now(UTC)
        )


def _print(document: dict[str, Any]) -> None:
    window = document["window"]
    state = f"drift, {document['severity']} ({', '.join(document['kinds'])})" if document["drift"] else "no drift"
    print(f"{document['model']}: {state} in rows {window['first_row']} to {window['last_row']}")
    if document["metric"] is not None:
        print(_metric(document))
    for finding in document["findings"]:
        print(f"finding: {plain(finding['message'])}")
    for forecast in document["predicted"]:
        print(f"ahead: {plain(forecast['sentence'])}")
    for sentence in document["unusual"]:
        print(f"unusual: {plain(sentence)}")
    moved = [(n, c["kind"], f"{c['effect']:.3f}", c["summary"], _verdict(c)) for n, c in document["columns"].items()]
    print_table(("COLUMN", "KIND", "EFFECT", "IN WORDS", "VERDICT"), moved[:SHOWN])
    if len(moved) > SHOWN:
        print(f"+{len(moved) - SHOWN} more")


def _verdict(column: dict[str, Any]) -> str:
    return "drift" if column["drift"] else "stable" if column["untested"] is None else "untested"


def _metric(document: dict[str, Any]) -> str:
    reference = document["metric_reference"]
    beside = f", {reference:.3f} when the version was made" if reference is not None else ""
    low, high = document["metric_low"], document["metric_high"]
    return f"{document['metric_name']} {document['metric']:.3f} (95 % interval {low:.3f} to {high:.3f}){beside}"
