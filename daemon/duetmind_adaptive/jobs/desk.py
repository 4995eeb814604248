"""Where tasks wait for their share of the machine: the ledger with everybody who stands in front of it."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass, field

from duetmind_adaptive.contracts import Claim
from duetmind_adaptive.jobs.ledger import Ledger
from duetmind_adaptive.jobs.resources import Capacity, Grant, ResourceRequirement


@dataclass(slots=True, kw_only=True, eq=False)
class Tenant:
    """A task that waits for its share, or holds it."""

    #: the ledger's id of it
    id: str
    label: str
    claim: Claim
    memory_gb: float | None
    call: asyncio.Future[Grant]
    grant: Grant | None = None
    #: its worker's process and session, once it has one
    pid: int | None = None
    #: monotonic seconds of the last change: since then it waits, or holds its grant
    since: float = field(default_factory=time.monotonic)
    #: whether its process is its own, so that all that it used is the task's
    fresh: bool = False


class Desk:
    """Lets tasks in as the ledger grants what they claim; belongs to the event loop that first uses it."""

    def __init__(self, capacity: Capacity) -> None:
        self._ledger = Ledger(capacity)
        #: who waits or holds, in the order they came
        self._tenants: dict[str, Tenant] = {}
        self._numbers = itertools.count(1)

    @property
    def capacity(self) -> Capacity:
        """What there is to share out."""
        return self._ledger.capacity

    @property
    def tenants(self) -> tuple[Tenant, ...]:
        """Everybody who waits or holds, oldest first."""
        return tuple(self._tenants.values())

    @property
    def granted(self) -> tuple[Grant, ...]:
        """Everything that is held."""
        return self._ledger.granted

    @property
    def waiting(self) -> int:
        """How many ask for a share and have none."""
        return self._ledger.waiting

    def why(self, tenant: Tenant) -> str:
        """What it waits for, in words; nothing once it holds its share."""
        return self._ledger.why(tenant.id)

    async def enter(self, label: str, claim: Claim, memory_gb: float | None) -> Tenant:
        """Return once the claim is granted; `leave` gives it back.

        Raises
        ------
        ResourceError
            When there will never be as much as is claimed.
        """
        call = asyncio.get_running_loop().create_future()
        tenant = Tenant(id=str(next(self._numbers)), label=label, claim=claim, memory_gb=memory_gb, call=call)
        needs = ResourceRequirement(claim.cpu_cores, memory_gb or 0.0, claim.gpu_count)
        self._ledger.submit(tenant.id, needs, priority=claim.priority, account=claim.account)
        self._tenants[tenant.id] = tenant
        self._give_out()
        try:
            await call
        except BaseException:
            if tenant.grant is not None:
                self.leave(tenant)  # it was granted in the moment of the cancellation
            else:
                self._forget(tenant)
            raise
        return tenant

    def leave(self, tenant: Tenant) -> None:
        """Give back what a tenant held; only once nothing of its process lives any more."""
        self._tenants.pop(tenant.id)
        self._ledger.release(tenant.id)
        self._give_out()

    def resize(self, capacity: Capacity) -> None:
        """There is more, or less, to share out from now on."""
        self._ledger.resize(capacity)
        self._give_out()

    def turn_away(self, error: Exception) -> None:
        """Raise `error` in everybody who waits."""
        for tenant in self.tenants:
            if tenant.grant is None and not tenant.call.done():
                self._ledger.withdraw(tenant.id)
                tenant.call.set_exception(error)

    def _forget(self, tenant: Tenant) -> None:
        self._tenants.pop(tenant.id)
        self._ledger.withdraw(tenant.id)
        self._give_out()  # what was held for it

    def _give_out(self) -> None:
        for grant in self._ledger.grant():
            tenant = self._tenants[grant.id]
            tenant.grant, tenant.since = grant, time.monotonic()
            if not tenant.call.done():
                tenant.call.set_result(grant)
