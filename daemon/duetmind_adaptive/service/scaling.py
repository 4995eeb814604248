"""Has the pool run as many jobs at a time as there are to run, within bounds; on Ray the autoscaler is asked for nodes.

The bounds are the operator's (`responses.scale_resources`). What was scaled is not kept over a restart: the first job
that is asked for afterwards scales anew.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection
from structlog.stdlib import get_logger

from duetmind_adaptive.contracts import Bus, Clock, Delivered, Outcome, Store
from duetmind_adaptive.event_data import ResourcesData
from duetmind_adaptive.events import ResourcesScaled, derive_id, make
from duetmind_adaptive.jobs import queue
from duetmind_adaptive.jobs.runner import JobRunner
from duetmind_adaptive.policy.reasons import Reason
from duetmind_adaptive.policy.scaling import places
from duetmind_adaptive.settings.model import Loaded, Model, ScaleBounds

log = get_logger(__name__)

#: the guide's name of the response
SCALE = "scale_resources"
#: what is scaled, as events name it
RESOURCE = "concurrent_jobs"


class Scaling:
    """Grows and shrinks the number of jobs at a time.

    Parameters
    ----------
    ask_cluster
        Told how many cores the jobs at a time would take together, where they run on Ray.
    """

    def __init__(
        self,
        store: Store,
        bus: Bus,
        clock: Clock,
        runner: JobRunner,
        loaded: Callable[[], Loaded],
        *,
        ask_cluster: Callable[[float], None] | None = None,
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._runner = runner
        self._loaded = loaded
        self._ask_cluster = ask_cluster

    async def scale(self, model: str, *, request: str, coming: bool) -> Outcome:
        """Have as many places as there are jobs to run; `coming`: the request itself is to become one."""
        loaded = self._loaded()
        settings = loaded.models.get(model)
        if settings is None or not scales(settings):
            return Delivered("the model does not scale resources")
        demand = await self._store.read(lambda conn: _demand(conn, request if coming else None))
        bounds, before = loaded.config.responses.scale_resources, self._runner.limit
        after = places(before, demand, low=bounds.min_concurrent_tasks, high=_most(bounds, self._runner.most))
        if after == before:
            return Delivered(f"{before} jobs at a time are enough")
        self._runner.resize(after)
        if self._ask_cluster is not None:
            self._ask_cluster(after * loaded.config.orchestration.job_cpu_cores)
        reason = Reason.JOBS_WAIT if after > before else Reason.PLACES_IDLE
        data = ResourcesData(model=model, resource=RESOURCE, before=before, after=after, reason=reason)
        event_id = derive_id(request, ResourcesScaled.__name__)
        await self._bus.publish(make(ResourcesScaled, data, id=event_id, time=self._clock.now()))
        log.info("resources.scaled", model=model, before=before, after=after, reason=reason)
        return Delivered(f"{after} jobs at a time instead of {before}")


def scales(model: Model) -> bool:
    """Whether the model may have resources scaled for it."""
    return SCALE in model.responses and model.mode == "act"


def _most(bounds: ScaleBounds, there_are: int | None) -> int:
    """The operator's bound, and what the machine has; never below the least that the operator wants."""
    high = bounds.max_concurrent_tasks if there_are is None else min(bounds.max_concurrent_tasks, there_are)
    return max(high, bounds.min_concurrent_tasks)


def _demand(conn: Connection, request: str | None) -> int:
    """Jobs that run or wait, and the one that is asked for and not in the queue yet."""
    open_jobs = queue.counts(conn)
    coming = request is not None and queue.get(conn, request) is None
    return open_jobs["running"] + open_jobs["queued"] + coming
