"""A marked test alert through the configured channels, by the very code that tells of incidents."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from duetmind_adaptive.contracts import AlertChannel, Attempt, Delivered, Retry
from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.policy.alerts import trial_alert
from duetmind_adaptive.redaction import redact
from duetmind_adaptive.service.plugins import Handlers
from duetmind_adaptive.settings.model import Loaded

#: seconds that a channel has, as in the daemon
PATIENCE = 45.0


async def try_channels(
    loaded: Loaded, handlers: Handlers, wanted: str | None, *, id: str, now: datetime
) -> list[dict[str, Any]]:
    """What became of one test alert in each channel, or in the one that is wanted.

    Returns
    -------
    A document for each: `channel`, `type`, `delivered` and `detail`, without secrets.

    Raises
    ------
    ConfigError
        When there is no such channel, or none at all.
    """
    channels = handlers.channels
    if wanted is not None and wanted not in channels:
        raise ConfigError(f"{loaded.path}: has no alert channel '{wanted}'; there are: {', '.join(channels) or 'none'}")
    chosen: Mapping[str, AlertChannel] = channels if wanted is None else {wanted: channels[wanted]}
    if not chosen:
        raise ConfigError(f"{loaded.path}: no alert channel is on; name one under alerts.channels")
    outcomes = await asyncio.gather(*(_try(channel, id, now) for channel in chosen.values()))
    return [
        {"channel": name, "type": loaded.channels[name].type, "delivered": delivered, "detail": redact(detail)}
        for name, (delivered, detail) in zip(chosen, outcomes, strict=True)
    ]


async def _try(channel: AlertChannel, id: str, now: datetime) -> tuple[bool, str]:
    attempt = Attempt(delivery=0, number=1, since=now)
    try:
        async with asyncio.timeout(PATIENCE):
            outcome = await channel.send(trial_alert(channel.name, id=id, now=now), attempt)
    except TimeoutError:
        return False, f"no answer within {PATIENCE:g} s"
    except Exception as error:  # noqa: BLE001 - a plug-in may raise anything; it must cost itself only
        return False, f"{type(error).__name__}: {error}"
    finally:
        await channel.close()
    if isinstance(outcome, Delivered):
        return True, outcome.detail
    wait = outcome.after if isinstance(outcome, Retry) else None
    return False, outcome.reason + (f" (asked to wait {wait.total_seconds():g} s)" if wait else "")
