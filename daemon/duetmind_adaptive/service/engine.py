"""Everything that decides and acts, without timers, sockets or signals: what daemon and backtest share.

The daemon gives it a real clock and a process pool, the backtest a simulated clock and this process; nothing
in here can tell the difference.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from duetmind_adaptive.bus.bus import DurableBus
from duetmind_adaptive.contracts import Clock, Executor, Store
from duetmind_adaptive.errors import RegistryError
from duetmind_adaptive.events import derive_id
from duetmind_adaptive.jobs import queue
from duetmind_adaptive.jobs.queue import Job
from duetmind_adaptive.jobs.runner import JobRunner
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.policy.reasons import Reason
from duetmind_adaptive.policy.rules import Rules
from duetmind_adaptive.registry import champion, versions
from duetmind_adaptive.service.acting import action_subscription
from duetmind_adaptive.service.alerting import Teller, subscription_name
from duetmind_adaptive.service.checks import CheckService
from duetmind_adaptive.service.decisions import Decisions, rules_of
from duetmind_adaptive.service.operations import RETRAIN_JOB, ModelOperations
from duetmind_adaptive.service.pausing import Pausing
from duetmind_adaptive.service.plugins import Handlers
from duetmind_adaptive.service.retraining import RetrainKind
from duetmind_adaptive.service.scaling import Scaling
from duetmind_adaptive.service.thresholds import Thresholds
from duetmind_adaptive.service.workflows.course import WORKFLOW_JOB
from duetmind_adaptive.service.workflows.kind import WorkflowKind
from duetmind_adaptive.service.workflows.operations import WorkflowOperations
from duetmind_adaptive.settings.model import Loaded, Model
from duetmind_adaptive.settings.schedule import ScheduleSettings
from duetmind_adaptive.training.orchestration.progress import PREFIX

log = get_logger(__name__)

#: before a first version that could not be made is tried again
FIRST_VERSION_WAIT = timedelta(minutes=1)


class Engine:
    """Checks, decides, tells and retrains the models of one config on one store.

    Parameters
    ----------
    clock
        The models' time: schedules, labels, budgets and the events' dates.
    machine_clock
        The machine's time: leases, retries and job limits. Both are the same but in a rehearsal.
    owner
        Names this process in leases and job rows; different after every start.
    new_id
        Makes the ids of events that do not follow from another one.
    training_limit, training_most
        Jobs at a time, and as many as scaling may make of them; None: no bound but the operator's.
    job_executor
        Runs jobs, where that is not what runs checks.
    ask_cluster
        Told how many cores jobs would take, where they run on a cluster that can grow.
    check_took
        Told the seconds that each check took in its worker.
    """

    def __init__(
        self,
        loaded: Loaded,
        *,
        store: Store,
        clock: Clock,
        machine_clock: Clock,
        executor: Executor,
        handlers: Handlers,
        owner: str,
        new_id: Callable[[], str],
        training_limit: int = 1,
        training_most: int | None = None,
        job_executor: Executor | None = None,
        ask_cluster: Callable[[float], None] | None = None,
        check_took: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self.loaded = loaded
        self.store = store
        self.clock = clock
        self.machine_clock = machine_clock
        self.executor = executor
        self.handlers = handlers
        self.new_id = new_id
        self._rules = _rules(loaded)
        self._switching: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.bus = DurableBus(store, machine_clock, owner=owner)
        kind = RetrainKind(store, self.bus, clock, self.model, self.settle_champion)
        workflow_kind = WorkflowKind(store, self.bus, machine_clock, lambda: self.loaded)
        self.runner = JobRunner(
            store,
            job_executor or executor,
            machine_clock,
            self.bus,
            {RETRAIN_JOB: kind, WORKFLOW_JOB: workflow_kind},
            owner=owner,
            limit=training_limit,
            most=training_most,
            memory_gb=loaded.config.orchestration.job_memory_gb,
            cpu_cores=loaded.config.orchestration.job_cpu_cores,
            gpu_count=loaded.config.orchestration.job_gpus,
        )
        self.workflows = WorkflowOperations(
            store, machine_clock, lambda: self.loaded, wake_jobs=self.runner.wake, cancel_job=self.runner.cancel
        )
        self.checks = CheckService(
            store=store,
            bus=self.bus,
            executor=executor,
            clock=clock,
            models=self.model,
            new_id=new_id,
            took=check_took,
        )
        self.operations = ModelOperations(
            store,
            self.bus,
            clock,
            self.model,
            machine_clock=machine_clock,
            wake_jobs=self.runner.wake,
            switched=self.settle_champion,
            scaling=Scaling(store, self.bus, clock, self.runner, lambda: self.loaded, ask_cluster=ask_cluster),
        )
        self.thresholds = Thresholds(store, self.bus, clock)
        self.pausing = Pausing(store, machine_clock, self.runner, {RETRAIN_JOB})
        policy = Decisions(self.bus, clock, self._rules_of, self.pausing.active, self.operations.take_back)
        self.bus.subscribe(policy.subscription())
        for action in handlers.actions.values():
            self.bus.subscribe(action_subscription(action, self.operations, self.pausing.active))
        self._subscribe_channels()

    def model(self, name: str) -> Model | None:
        """The model's settings as they are now."""
        return self.loaded.models.get(name)

    def _rules_of(self, name: str) -> Rules | None:
        return self._rules.get(name)

    def _subscribe_channels(self) -> None:
        for channel in self.handlers.channels.values():
            teller = Teller(channel, lambda: self.loaded, self.store, self.machine_clock)
            self.bus.subscribe(teller.subscription())

    async def prepare(self) -> None:
        """Go on where the last process stood: champion links, then a first version for each model without one."""
        await asyncio.gather(*map(self.settle_champion, self.loaded.models))
        await asyncio.gather(*map(self._request_first_version, self.loaded.models))

    async def start(self) -> None:
        """Work deliveries and jobs off as they come, until `stop`."""
        await self._sweep()
        await self.pausing.take_up()
        await self.bus.start()
        await self.runner.start()
        await self.prepare()

    async def recover(self) -> None:
        """Go on where a dead process stood, for whoever settles instead of starting."""
        await self._sweep()
        await self.pausing.take_up()
        await self.bus.recover()
        await self.runner.recover()
        await asyncio.gather(*map(self.settle_champion, self.loaded.models))

    async def stop(self) -> None:
        """Stop taking work; what was begun is finished or left to the next start."""
        await self.runner.stop()
        await self.bus.stop()
        await self.close_channels()

    async def resume(self) -> bool:
        """End a pause: what waited for it goes on. False if there was none."""
        ended = await self.pausing.end()
        self.bus.wake()
        return ended

    async def settle(self) -> None:
        """In simulated time: work off everything due now, and what follows from it, until nothing is."""
        worked = True
        while worked:
            await self.bus.settle()
            worked = await self.runner.settle()

    async def close_channels(self) -> None:
        """Let go of the channels' connections."""
        for channel in self.handlers.channels.values():
            await channel.close()

    async def apply(self, loaded: Loaded, handlers: Handlers) -> None:
        """Take a reloaded config: models, rules, routes and channels; all state is kept, it is in the store."""
        gone = self.handlers.channels.keys() - handlers.channels.keys()
        await self.close_channels()
        self.loaded, self.handlers, self._rules = loaded, handlers, _rules(loaded)
        self._subscribe_channels()
        for name in gone:
            await self.bus.unsubscribe(subscription_name(name))
        await self.prepare()

    async def run_slot(self, name: str, slot: datetime) -> str:
        """Do what is due: the check of a model, or the run of a workflow."""
        if name.startswith(PREFIX):
            return await self.workflows.run_slot(name.removeprefix(PREFIX), slot)
        return await self.check(name, slot)

    async def check(self, name: str, slot: datetime | None = None) -> str:
        """Run a model's due check; one without a version yet asks for its first again, because data may have come."""
        if name in self.loaded.models:
            await self._request_first_version(name, now=self.machine_clock.now())
        return await self.checks.run(name, slot)

    async def _request_first_version(self, name: str, *, now: datetime | None = None) -> None:
        """Ask for the first version of a model that has none and none under way; given `now`, not too soon again."""
        request = await self.store.read(partial(_first_request, model=name, now=now))
        if request:
            await self.operations.request_retrain(name, request=request, reason=Reason.INITIAL)

    async def settle_champion(self, name: str) -> None:
        """Make the champion link say what the store says; one at a time, so that the newest word is the last."""
        model = self.model(name)
        if model is None:
            return
        async with self._switching[name]:
            row = await self.store.read(lambda conn: versions.champion(conn, name))
            try:
                await asyncio.to_thread(champion.reconcile, model.folder, row)
            except RegistryError as error:
                log.error("champion.link_failed", model=name, reason=str(error))

    async def _sweep(self) -> None:
        """Delete what killed training jobs left; before any job runs."""
        await asyncio.gather(*map(self._sweep_model, self.loaded.models.values()))

    async def _sweep_model(self, model: Model) -> None:
        keep = await self.store.read(partial(versions.folders, model=model.name))
        if swept := await asyncio.to_thread(champion.sweep, model.folder, keep):
            log.info("champion.swept", model=model.name, folders=swept)


def _rules(loaded: Loaded) -> dict[str, Rules]:
    return {name: rules_of(model, loaded.config.alerts.repeat) for name, model in loaded.models.items()}


def _first_request(conn: Connection, *, model: str, now: datetime | None) -> str | None:
    """The id of the request for a first version, if one is called for.

    It counts the tries that ended, so that asking twice for the same one (a kill between asking and queueing)
    publishes once. A try that failed is made again at the next start, and at a check once the wait is over.
    """
    if versions.champion(conn, model) is not None or queue.has_open(conn, model=model, kind=RETRAIN_JOB):
        return None
    ended = queue.count_ended(conn, model=model, kind=RETRAIN_JOB)
    last = next(iter(queue.page(conn, limit=1, model=model)), None)
    if now and last and not _may_try_again(last, ended, now):
        return None
    return derive_id("first version", model, ended)


def _may_try_again(last: Job, ended: int, now: datetime) -> bool:
    """Not what a person cancelled, and not before the wait is over."""
    return last.state != "cancelled" and (last.finished is None or now - last.finished >= first_version_wait(ended))


def schedules(loaded: Loaded) -> dict[str, ScheduleSettings]:
    """When what comes due: models by their names, workflows by theirs after `workflow:`."""
    workflows = loaded.config.workflows.items()
    return {name: model.schedule for name, model in loaded.models.items()} | {
        PREFIX + name: workflow.schedule for name, workflow in workflows if workflow.schedule is not None
    }


def first_version_wait(ended: int) -> timedelta:
    """How long a model without a version waits after so many failed tries: twice as long each time, a day at most.

    >>> [str(first_version_wait(ended)) for ended in (1, 2, 100)]
    ['0:01:00', '0:02:00', '1 day, 0:00:00']
    """
    return min(FIRST_VERSION_WAIT * 2 ** min(ended - 1, 20), timedelta(days=1)) if ended else timedelta()
