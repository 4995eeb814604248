"""`duetmind alerts test`: proves that people can be reached, before there is anything to tell."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from duetmind_adaptive.cli.options import ConfigFile, Json
from duetmind_adaptive.cli.text import print_json, print_table


def send_test(
    channel: Annotated[
        str | None, typer.Argument(help="One channel; default: all that are on.", metavar="CHANNEL")
    ] = None,
    *,
    config: ConfigFile,
    json: Json = False,
) -> int:
    """Send a marked test alert through the configured channels, without the daemon, and say what became of it.

    Exit status 1 means that a channel did not take it.

    Examples
    --------
    duetmind alerts test --config duetmind.yaml
    duetmind alerts test mail --config duetmind.yaml --json
    """
    found = asyncio.run(_test(config, channel))
    if json:
        print_json({"items": found})
    else:
        rows = [(each["channel"], each["type"], _said(each), each["detail"]) for each in found]
        print_table(("CHANNEL", "TYPE", "TEST ALERT", "DETAIL"), rows)
    return int(not all(each["delivered"] for each in found))


async def _test(config: Any, channel: str | None) -> list[dict[str, Any]]:
    import uuid_utils

    from duetmind_adaptive.service import logs
    from duetmind_adaptive.service.plugins import load_handlers
    from duetmind_adaptive.service.trial_alerts import try_channels
    from duetmind_adaptive.settings.load import load_config

    logs.configure("info")
    loaded = load_config(config, os.environ)
    handlers = load_handlers(loaded, os.environ)
    return await try_channels(loaded, handlers, channel, id=str(uuid_utils.uuid7()), now=datetime.now(UTC))


def _said(outcome: dict[str, Any]) -> str:
    return "delivered" if outcome["delivered"] else "failed"
