"""`duetmind alerts test` and `preview`: proves that people can be reached, and shows what they would read."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from duetmind_adaptive.cli.options import ConfigFile, Json
from duetmind_adaptive.cli.text import plain, print_json, print_table


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


def preview(
    turn: Annotated[
        str | None,
        typer.Argument(help="opened, updated, resolved, review or rolled_back; default: all.", metavar="TURN"),
    ] = None,
    *,
    config: ConfigFile,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write them as mails, with their pictures, to a page.", metavar="FILE")
    ] = None,
    json: Json = False,
) -> int:
    """Show the messages of a made-up incident in the words of your templates, sending none.

    Exit status 1 means that a template failed; people would get the built-in words.

    Examples
    --------
    duetmind alerts preview --config duetmind.yaml
    duetmind alerts preview opened --config duetmind.yaml
    duetmind alerts preview --config duetmind.yaml --html mails.html
    """
    from duetmind_adaptive.errors import ConfigError
    from duetmind_adaptive.service.known_facts import templates_of
    from duetmind_adaptive.service.sample_alerts import sample_alerts
    from duetmind_adaptive.service.templates import TURNS, Templates
    from duetmind_adaptive.settings.load import load_config

    if turn is not None and turn not in TURNS:
        raise ConfigError(f"there is no turn '{turn}'; there are: {', '.join(TURNS)}")
    folder = templates_of(load_config(config, os.environ))
    samples = [alert for alert in sample_alerts(datetime.now(UTC)) if turn in {None, alert.status}]
    worded = [Templates(folder).try_to_word(alert) if folder else (alert, "") for alert in samples]
    shown = [
        {"turn": alert.status, "title": alert.title, "lines": alert.lines, "problem": problem}
        for alert, problem in worded
    ]
    if html is not None:
        from duetmind_adaptive.cli.page import check_place, write_page
        from duetmind_adaptive.report.alert_page import preview_page

        check_place(html)
        write_page(html, preview_page([alert for alert, _ in worded]))
    if json:
        print_json({"items": shown})
    else:
        print("\n\n".join(_page(each) for each in shown))
    return int(any(each["problem"] for each in shown))


def _page(message: dict[str, Any]) -> str:
    trouble = [f"(built-in words: {message['problem']})"] if message["problem"] else []
    return "\n".join(plain(line) for line in (f"[{message['turn']}] {message['title']}", *message["lines"], *trouble))


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
