"""Every Protocol on one page; each implementation has a file of its own elsewhere.

Anything that reaches outside (time, store, processes, people) comes in through one of these, so that the
daemon, the backtest and the tests run the same code on a real clock, a simulated one, or a fake.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Connection

    from duetmind_adaptive.events import Event

T = TypeVar("T")
R_co = TypeVar("R_co", covariant=True)


class Clock(Protocol):
    """Where time comes from: the machine's, an accelerated one for rehearsals, a simulated one for backtests."""

    def now(self) -> datetime:
        """The present moment, aware, UTC."""
        ...

    async def sleep_until(self, when: datetime) -> None:
        """Return once `now()` has reached `when`; at once if it already has."""
        ...


# ---------------------------------------------------------------- store


class Transaction(Protocol):
    """One atomic change of the store; all of it is committed, or none."""

    @property
    def connection(self) -> Connection:
        """The SQLAlchemy Core connection the change runs on."""
        ...

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` on the event loop once the change is durable; never if it is not."""
        ...


class Store(Protocol):
    """Durable state. Changes are functions, so that the store may group many into one commit."""

    async def write(self, change: Callable[[Transaction], T]) -> T:
        """Run `change` in a transaction; returns when it is on disk. Its exception undoes only itself."""
        ...

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run a read-only query on a consistent snapshot."""
        ...

    async def close(self) -> None:
        """Finish what was accepted, then let go of the database."""
        ...


# ---------------------------------------------------------------- bus


@dataclass(frozen=True, slots=True)
class Delivered:
    """The effect happened (or had already happened for this event)."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """The effect did not happen but may later; `after` overrides the back-off (as Retry-After does)."""

    reason: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """The effect did not happen and trying again would not help: straight to the dead letters."""

    reason: str
    #: the receiver wants no more of anything: what follows is not sent to it either
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Postponed:
    """Not now, and nobody's fault: taken up again from `until` on, which costs no try."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Decided against, for good."""

    reason: str


Outcome = Delivered | Retry | Rejected | Postponed | Suppressed


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which try of which delivery a handler is asked for; the event's id tells repeats apart."""

    delivery: int
    number: int
    #: when the delivery was created
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Exponential back-off with jitter: wait uniform((1 - jitter) x w, w), w = min(cap, first x factor^n).

    Dead after `tries`.
    """

    tries: int = 10
    first: timedelta = timedelta(seconds=1)
    factor: float = 3.0
    cap: timedelta = timedelta(hours=24)
    #: share of a wait that is left to chance: 1 spreads a crowd best, less makes sure how long tries go on
    jitter: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Who wants which events, and what to do with each: exactly one of `effect` and `apply` is set.

    `effect` reaches outside and is tried at least once; `apply` changes only the store and runs inside the
    transaction that acknowledges, so exactly once. `wants` must be pure: it is asked in the publishing transaction.
    """

    name: str
    wants: Callable[[Event], bool]
    effect: Callable[[Event, Attempt], Awaitable[Outcome]] | None = None
    apply: Callable[[Transaction, Event], None] | None = None
    #: while it says so, an `effect` is not tried and its deliveries wait; whoever lets go wakes the bus
    held: Callable[[], bool] = bool
    #: events about one model reach the handler one after the other, in the order of their commits
    ordered: bool = True
    concurrency: int = 4
    #: a handler that runs longer is cancelled and the try counts as failed
    timeout: timedelta = timedelta(seconds=60)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    #: events to publish in the transaction that records a final outcome (Delivered, Suppressed or dead)
    report: Callable[[Event, Outcome, Attempt, datetime], Sequence[Event]] | None = None
    #: what else to keep in the transaction that records an outcome, final or not
    record: Callable[[Transaction, Event, Outcome, datetime], None] | None = None
    #: a delivery that still fails after this long is told of by `trouble`; a repeat of its events' ids is ignored
    troubled_after: timedelta = timedelta(minutes=15)
    trouble: Callable[[Event, Retry, Attempt, datetime], Sequence[Event]] | None = None


class Bus(Protocol):
    """The durable log of events and what each subscribed handler made of them."""

    def subscribe(self, subscription: Subscription) -> None:
        """Register a handler; deliveries are made for events published from then on."""
        ...

    async def publish(self, *events: Event) -> None:
        """Returns once the events are durable; a repeat of an id is ignored."""
        ...

    def publish_in(self, tx: Transaction, *events: Event) -> None:
        """Publish inside the transaction that makes the change the events tell of."""
        ...


# ---------------------------------------------------------------- processes


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What part of the machine a task asks for while it runs, and whose turn it is when there is not enough."""

    #: numeric libraries get as many threads, rounded up; more than there are is granted all there are
    cpu_cores: float = 1.0
    #: each its own
    gpu_count: int = 0
    #: a higher one goes first, but nobody waits for ever
    priority: int = 0
    #: whom it counts for (a model, a workflow): they get equal shares
    account: str = ""
    #: the id of the job that it belongs to, if it is one of the queue's
    job: str = ""


#: one core, no GPU, in turn
ORDINARY = Claim()


class Executor(Protocol):
    """Runs a module-level function in a worker process and awaits its answer."""

    async def run(
        self,
        task: Callable[..., T],
        /,
        *args: object,
        timeout: timedelta,  # noqa: ASYNC109 - the worker is killed at it; cancelling the await alone would not do that
        fresh: bool = False,
        label: str = "",
        memory_gb: float | None = None,
        claim: Claim = ORDINARY,
    ) -> T:
        """Raise what `task` raised, WorkerDiedError, JobTimeoutError or MemoryExceededError.

        `fresh` asks for a process of its own, `memory_gb` bounds what it and all that it starts may hold, `claim` says
        what else it needs and when it is its turn; ResourceError says that there will never be so much.
        """
        ...

    async def close(self) -> None:
        """Stop every worker, bounded in time."""
        ...


# ---------------------------------------------------------------- people and acts


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredWindow:
    """A window of the model that an alert is about, and what its metric came to."""

    #: the half-open range of rows, counted from the start of the production source
    first_row: int
    last_row: int
    start: datetime | None
    #: when it was checked
    checked: datetime
    #: None while its labels are not in
    metric: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One message to people; `id` is the event's, so that a repeat can be told."""

    id: str
    event: Event
    model: str
    incident: str
    #: opened | updated | resolved | test
    status: str
    severity: str
    title: str
    #: plain sentences, most important first
    lines: tuple[str, ...]
    #: what the channel's last delivery about the same incident was known by there (its `Delivered.detail`); "" = none
    handle: str = ""
    #: the model's last windows up to the alert's own, oldest first
    trend: tuple[MeasuredWindow, ...] = ()


class AlertChannel(Protocol):
    """Tells people. Made by the factory that an entry point of `duetmind.alert_channels` names."""

    name: str

    async def send(self, alert: Alert, attempt: Attempt) -> Outcome:
        """Deliver once; never sleep out a rate limit: answer Retry(after)."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class ChannelFactory(Protocol):
    """`create(name, options)`: options are the channel's settings, secrets as `pydantic.SecretStr`.

    Raises ConfigError with one sentence that names the missing or wrong setting.
    """

    def __call__(self, name: str, options: Mapping[str, Any]) -> AlertChannel:
        """Make the channel; must not reach outside yet."""
        ...


class Operations(Protocol):
    """What a response action may do; every call is idempotent by `request`, the event's id."""

    async def retrain(self, model: str, *, request: str) -> Outcome:
        """Queue the training job that the `retrain.requested` event `request` asks for."""
        ...

    async def rollback(self, model: str, *, request: str, to: int | None, reason: str) -> Outcome:
        """Make the previous (or the named) version the champion again."""
        ...

    async def promote_version(self, model: str, *, request: str, version: int, reason: str) -> Outcome:
        """Make a version the champion."""
        ...

    async def scale_resources(self, model: str, *, request: str, coming: bool) -> Outcome:
        """Have as many jobs at a time as there are to run; `coming`: the request is to become one."""
        ...


class ResponseAction(Protocol):
    """Acts on an event. Found by an entry point of `duetmind.response_actions`, which names its class."""

    #: the guide's name, e.g. `retrain_model`
    name: str

    def wants(self, event: Event) -> bool:
        """Whether this event asks for this action; pure."""
        ...

    async def respond(self, event: Event, operations: Operations) -> Outcome:
        """Do it, or say why not."""
        ...


# ---------------------------------------------------------------- data


class Source(Protocol):
    """Rows in an order that never changes, to which new ones are added at the end.

    An entry point of `duetmind.sources` names its class. It is made in a worker whenever rows are looked for, with the
    options of the config as keyword arguments, secrets as `pydantic.SecretStr`.
    """

    def rows(self) -> int:
        """How many complete rows there are now."""
        ...

    def read(self, first: int, last: int) -> Any:
        """Rows `[first, last)`, counted from 0, with all columns, as a frame that speaks Arrow (pandas, Polars, …)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """One result of a detector: of one column, or (without `column`) of the rows as a whole."""

    statistic: float
    #: how often chance alone gives as much while nothing changed; None: shown, but no alarm comes of it
    p_value: float | None = None
    column: str | None = None
    #: how much changed, in [0, 1]: below the model's `drift_threshold` nothing drifts; 1 = all that is significant
    effect: float = 1.0
    #: one sentence for people, told when it drifts
    reason: str = ""


class Detector(Protocol):
    """Looks at each window beside the built-in tests. An entry point of `duetmind.detectors` names its class.

    It is made in a worker for each check, with the options of the config as keyword arguments.
    """

    def detect(self, reference: pa.Table, window: pa.Table) -> Iterable[Detected]:
        """Compare a window with the reference.

        Parameters
        ----------
        reference
            At most 10,000 rows of what the version learned from, evenly spaced; the features, in plain types.
        window
            The rows of the window; the same columns.
        """
        ...


@runtime_checkable
class Paged(Protocol):
    """A detector that draws, too: `duetmind compare --html` puts its page beside ours."""

    def page(self) -> str:
        """A self-contained HTML page on what `detect` compared last."""
        ...


# ---------------------------------------------------------------- learners


@dataclass(frozen=True, kw_only=True, slots=True)
class Algorithm:
    """One learner that a pipeline may end in; an entry point of `duetmind.algorithms` names one of these.

    Classes are `module:Class`, imported when a pipeline asks for them; None where it has none for that kind of target.
    """

    classifier: str | None
    regressor: str | None
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    #: learns from missing values without imputation
    takes_missing: bool = False
    #: learns from sparse matrices, and faster than from dense ones when most of their cells are 0
    takes_sparse: bool = False
    #: the hyperparameter that names columns of category codes; None when it has none
    categories_parameter: str | None = None
    #: the classifier gives no probabilities itself: they are calibrated from its decision values
    calibrate: bool = False
    #: the classifier takes the codes 0, 1, … as a target, nothing else, and knows no class weights
    codes_only: bool = False
    #: the extra of this distribution that installs it
    extra: str | None = None
    #: names of types, beside its classes, that an artifact of it holds
    artifact_types: tuple[str, ...] = ()
