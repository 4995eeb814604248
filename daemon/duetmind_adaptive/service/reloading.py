"""SIGHUP: a valid config is applied without losing state, an invalid one leaves the old in force and is told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.service.engine import Engine, schedules
from duetmind_adaptive.service.metrics import Metrics
from duetmind_adaptive.service.plugins import load_handlers
from duetmind_adaptive.service.schedule.scheduler import Scheduler
from duetmind_adaptive.service.systemd import Notifier
from duetmind_adaptive.settings.load import load_config
from duetmind_adaptive.settings.reload import compare

log = get_logger(__name__)


class Reloader:
    """Reloads one at a time; what became of the last one is in `/status`."""

    def __init__(
        self, engine: Engine, scheduler: Scheduler, environ: Mapping[str, str], notifier: Notifier, metrics: Metrics
    ) -> None:
        self._engine = engine
        self._scheduler = scheduler
        self._environ = environ
        self._notifier = notifier
        self._metrics = metrics
        self._lock = asyncio.Lock()
        #: why the last reload was refused; None when the config in force is the file's
        self.error: str | None = None
        #: sections that were changed in the file and wait for a restart
        self.restart_needed: tuple[str, ...] = ()

    async def reload(self) -> None:
        """Read the file again and follow it, or keep what is in force and say why."""
        async with self._lock:
            self._notifier.reloading()
            try:
                await self._follow()
                self.error = None
            except ConfigError as error:
                self.error = str(error)
                log.error("config.reload_refused", error=self.error)
            self._metrics.config_reloaded(ok=self.error is None)
            self._notifier.ready(self.error or f"watching {len(self._engine.loaded.models)} models")

    async def _follow(self) -> None:
        old = self._engine.loaded
        new = await asyncio.to_thread(load_config, old.path, self._environ)
        changes = compare(old, new)
        handlers = load_handlers(new, self._environ)
        for problem in (*new.warnings, *handlers.problems):
            log.warning("config.warning", message=problem)
        # what waits for a restart keeps the place it has: versions and store stay where they are
        kept = new.model_copy(update={"state": old.state, "store_url": old.store_url})
        await self._scheduler.set_models(schedules(new))
        await self._engine.apply(kept, handlers)
        self.restart_needed = changes.restart
        log.info(
            "config.reloaded",
            added=changes.added,
            removed=changes.removed,
            changed=changes.changed,
            needs_restart=changes.restart,
        )
