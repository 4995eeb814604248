"""The ledger: who may hold which part of the machine, and who is next. Pure: it reads no clock and starts nothing.

What is granted never adds up to more than there is. Each account (a model, a workflow) gets its turn in proportion to
what it was granted so far, by virtual time: a request's place is the virtual start of its account, moved forward by its
priority. Virtual time advances with the work that is granted, so whatever waits is overtaken by a bounded amount of
work only, however urgent the rest; that is its ageing. A request that does not fit lets smaller ones pass (back-fill)
where they take nothing that it lacks, or until those that do have been granted `PATIENCE` machines; then what it lacks
is held for it.

Requests of one shape (cores, memory, GPUs) wait in one heap, so a decision costs O(shapes + log waiting).

References
----------
S. J. Golestani, "A self-clocked fair queueing scheme for broadband applications", INFOCOM 1994.
D. A. Lifka, "The ANL/IBM SP scheduling system", JSSPP 1995 (back-filling).
A. Ghodsi et al., "Dominant resource fairness", NSDI 2011.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from duetmind_adaptive.errors import ResourceError
from duetmind_adaptive.jobs.amounts import PARTS, Amount, parts_of, whole_of
from duetmind_adaptive.jobs.resources import Capacity, Grant, ResourceRequirement

#: how much granted work (1 = the whole machine once) one step of priority is ahead by
STEP = 4.0
#: granted work that may pass a request that waits for what it took
PATIENCE = 4.0
#: accounts that are remembered although their virtual start has come
_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class _Place:
    """A waiting request; those of smaller `key` go first, and of equal ones whoever came first."""

    key: float
    turn: int
    id: str
    amount: Amount
    start: float
    note: str

    def __lt__(self, other: _Place) -> bool:
        return (self.key, self.turn) < (other.key, other.turn)


class Ledger:
    """Grants parts of a machine.

    Examples
    --------
    >>> ledger = Ledger(Capacity(cpu_cores=2, memory_gb=4))
    >>> for name, cores in (("a", 1), ("big", 2), ("b", 1)):
    ...     ledger.submit(name, ResourceRequirement(cpu_cores=cores))
    >>> [grant.id for grant in ledger.grant()]  # b passes the big one
    ['a', 'b']
    >>> ledger.why("big")
    'waits for 2 cores: 0 of 2 are free'
    >>> ledger.release("a"), ledger.release("b"), [grant.id for grant in ledger.grant()]
    (None, None, ['big'])
    """

    def __init__(self, capacity: Capacity) -> None:
        self.capacity = capacity
        self._whole = whole_of(capacity)
        #: what nobody holds; with `_held` always the whole
        self._free = self._whole
        self._free_gpus = list(capacity.gpus)
        self._held: dict[str, tuple[Amount, Grant]] = {}
        self._waiting: dict[str, _Place] = {}
        #: heaps of the waiting, by shape; what was withdrawn lies there until it comes to the top
        self._heaps: dict[Amount, list[_Place]] = {}
        self._now = 0.0
        self._next_start: dict[str, float] = {}
        self._turn = 0
        #: the request that waits for what others took, and how much work they did with it
        self._passed: tuple[str, float] = ("", 0.0)

    # ------------------------------------------------------------ what there is

    @property
    def granted(self) -> tuple[Grant, ...]:
        """Everything that is held at present, oldest first."""
        return tuple(grant for _, grant in self._held.values())

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    def why(self, id: str) -> str:
        """What a waiting request waits for, in words; nothing when it does not wait."""
        place = self._waiting.get(id)
        if place is None:
            return ""
        needs = zip(place.amount, self._free, self._whole, ("cores", "GB of memory", "GPUs"), strict=True)
        for (need, free, whole, what), parts in zip(needs, (PARTS, PARTS, 1), strict=True):
            if need > free:
                return f"waits for {need / parts:g} {what}: {max(free, 0) / parts:g} of {whole / parts:g} are free"
        return "waits for its turn"

    # ------------------------------------------------------------ what may change it

    def submit(self, id: str, needs: ResourceRequirement, *, priority: int = 0, account: str = "") -> None:
        """Have a request wait for its turn.

        Parameters
        ----------
        id
            Unique among those that wait or hold.
        needs
            CPU is compressible: whoever asks for more cores than there are is granted them all.
        priority
            Each step is as good as having waited for `STEP` machines of work; may be negative.
        account
            Whom it counts for: accounts get equal shares while they have something to do.

        Raises
        ------
        ResourceError
            When there is less memory, or fewer GPUs, than is asked for: it would wait for ever.
        """
        if id in self._waiting or id in self._held:
            raise ResourceError(f"A request {id} is known already; give each its own id.")
        amount, note = self._amount(needs)
        start = max(self._now, self._next_start.get(account, 0.0))
        self._next_start[account] = start + amount.share_of(self._whole)
        self._turn += 1
        place = _Place(start - STEP * priority, self._turn, id, amount, start, note)
        self._waiting[id] = place
        heapq.heappush(self._heaps.setdefault(amount, []), place)
        if len(self._next_start) > _REMEMBERED:
            self._next_start = {name: at for name, at in self._next_start.items() if at > self._now}

    def withdraw(self, id: str) -> bool:
        """Let a waiting request go; False when it does not wait."""
        return self._waiting.pop(id, None) is not None

    def release(self, id: str) -> None:
        """Take back what a grant held; only once nothing of its process lives any more."""
        amount, grant = self._held.pop(id)
        self._free = self._free.plus(amount)
        shown = set(self.capacity.gpus)
        self._free_gpus = sorted({*self._free_gpus, *(gpu for gpu in grant.gpus if gpu in shown)})

    def resize(self, capacity: Capacity) -> None:
        """Grow or shrink; what is held stays held, and nothing new is granted until there is room for it again."""
        whole = whole_of(capacity)
        self._free = self._free.plus(whole.less(self._whole))
        self.capacity, self._whole = capacity, whole
        held = {gpu for _, grant in self._held.values() for gpu in grant.gpus}
        self._free_gpus = [gpu for gpu in capacity.gpus if gpu not in held]

    def grant(self) -> tuple[Grant, ...]:
        """Give out all that may be held now, in order of turn."""
        given = list[Grant]()
        while (place := self._next()) is not None:
            given.append(self._give(place))
        return tuple(given)

    # ------------------------------------------------------------ decisions

    def _amount(self, needs: ResourceRequirement) -> tuple[Amount, str]:
        asked = Amount(parts_of(needs.cpu_cores), parts_of(needs.memory_gb), int(needs.gpu_count))
        if asked.memory > self._whole.memory:
            there = f"{self.capacity.memory_gb:.3g} GB of memory are there"
            raise ResourceError(f"{needs.memory_gb:g} GB of memory are asked for and {there}; ask for less.")
        if asked.gpu > self._whole.gpu:
            there = f"{self._whole.gpu} are there" if self._whole.gpu else "there is none"
            raise ResourceError(f"{needs.gpu_count} GPUs are asked for and {there}; ask for fewer.")
        if asked.cpu <= self._whole.cpu:
            return asked, ""
        note = f"{needs.cpu_cores:g} cores were asked for; it runs on all {self.capacity.cpu_cores:g} that there are"
        return asked._replace(cpu=self._whole.cpu), note

    def _next(self) -> _Place | None:
        """Who may start now: the first in line, or one that may pass it."""
        tops = self._tops()
        first = min(tops, default=None)
        if first is None or first.amount.fits(self._free):
            return first
        passing = [place for place in tops if place.amount.fits(self._free) and self._may_pass(place, first)]
        return min(passing, default=None)

    def _tops(self) -> list[_Place]:
        """The first of each shape."""
        return [place for heap in list(self._heaps.values()) if (place := self._top(heap)) is not None]

    def _top(self, heap: list[_Place]) -> _Place | None:
        """The first of a shape; what was withdrawn is swept away, and the shape when nothing of it waits."""
        while heap and self._waiting.get(heap[0].id) is not heap[0]:
            gone = heapq.heappop(heap)
            if not heap:
                del self._heaps[gone.amount]
        return heap[0] if heap else None

    def _may_pass(self, place: _Place, first: _Place) -> bool:
        return not self._delays(place, first) or self._passed[0] != first.id or self._passed[1] < PATIENCE

    def _delays(self, place: _Place, first: _Place) -> bool:
        """Whether it takes something that the first in line would lack."""
        left = self._free.less(place.amount)
        return any(took and rest < need for took, rest, need in zip(place.amount, left, first.amount, strict=True))

    def _give(self, place: _Place) -> Grant:
        self._count_passing(place)
        del self._waiting[place.id]
        self._free = self._free.less(place.amount)
        gpus, self._free_gpus = self._free_gpus[: place.amount.gpu], self._free_gpus[place.amount.gpu :]
        self._now = max(self._now, place.start)
        grant = Grant(
            id=place.id,
            cpu_cores=place.amount.cpu / PARTS,
            memory_gb=place.amount.memory / PARTS,
            gpus=tuple(gpus),
            note=place.note,
        )
        self._held[place.id] = place.amount, grant
        return grant

    def _count_passing(self, place: _Place) -> None:
        first = min(self._tops())
        if first is place or not self._delays(place, first):
            return
        passed = self._passed[1] if self._passed[0] == first.id else 0.0
        self._passed = first.id, passed + place.amount.share_of(self._whole)
