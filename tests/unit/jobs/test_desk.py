"""The desk hands out what the ledger grants, and loses nothing when somebody leaves the line."""

import asyncio

import pytest

from duetmind_adaptive.contracts import ORDINARY, Claim
from duetmind_adaptive.errors import ResourceError
from duetmind_adaptive.jobs.desk import Desk, Tenant
from duetmind_adaptive.jobs.resources import Capacity

CAPACITY = Capacity(cpu_cores=1, memory_gb=4, gpus=(3, 7))


@pytest.fixture
async def desk() -> Desk:
    return Desk(CAPACITY)


async def ask(desk: Desk, label: str, claim: Claim = ORDINARY, memory_gb: float | None = None) -> asyncio.Task[Tenant]:
    asked = asyncio.create_task(desk.enter(label, claim, memory_gb))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return asked


async def test_who_waits_says_for_what_and_comes_in_when_it_is_given_back(desk: Desk) -> None:
    first = await (await ask(desk, "training", memory_gb=3))
    second = await ask(desk, "check", Claim(cpu_cores=0.5))
    waiting = desk.tenants[1]
    assert (waiting.label, desk.why(waiting)) == ("check", "waits for 0.5 cores: 0 of 1 are free")
    assert desk.waiting == 1
    desk.leave(first)
    assert (await second).grant is not None
    assert (desk.waiting, desk.why(waiting)) == (0, "")


async def test_half_a_core_for_checks_is_left_beside_a_training(desk: Desk) -> None:
    training = await ask(desk, "training", Claim(cpu_cores=0.5))
    check = await ask(desk, "check", Claim(cpu_cores=0.5, priority=1))
    assert training.done()
    assert check.done()


async def test_checks_go_before_trainings_and_models_take_turns(desk: Desk) -> None:
    holder = await (await ask(desk, "holder"))
    served = list[str]()

    async def work(label: str, claim: Claim) -> None:
        tenant = await desk.enter(label, claim, None)
        served.append(label)
        desk.leave(tenant)

    orders = [
        ("a trains", Claim(account="a")),
        ("a trains again", Claim(account="a")),
        ("b trains", Claim(account="b")),
        ("a is checked", Claim(cpu_cores=0.5, priority=1, account="a")),
    ]
    tasks = [asyncio.create_task(work(*order)) for order in orders]
    await asyncio.sleep(0)
    desk.leave(holder)
    await asyncio.gather(*tasks)
    assert served == ["a is checked", "a trains", "b trains", "a trains again"]


async def test_gpus_are_granted_by_index_each_to_one_task(desk: Desk) -> None:
    tenants = [await (await ask(desk, f"{n}", Claim(cpu_cores=0.1, gpu_count=1))) for n in range(2)]
    assert [tenant.grant.gpus for tenant in tenants if tenant.grant] == [(3,), (7,)]
    third = await ask(desk, "third", Claim(cpu_cores=0.1, gpu_count=1))
    assert desk.why(desk.tenants[-1]) == "waits for 1 GPUs: 0 of 2 are free"
    desk.leave(tenants[1])
    assert desk.granted[-1].gpus == (7,)
    await third


async def test_what_can_never_be_had_is_refused_with_the_reason(desk: Desk) -> None:
    with pytest.raises(ResourceError, match=r"^5 GB of memory are asked for and 4 GB of memory are there"):
        await desk.enter("greedy", Claim(), 5)
    with pytest.raises(ResourceError, match=r"^3 GPUs are asked for and 2 are there; ask for fewer\.$"):
        await desk.enter("greedy", Claim(gpu_count=3), None)
    assert desk.tenants == ()


async def test_a_share_granted_in_the_moment_of_a_cancellation_is_passed_on(desk: Desk) -> None:
    holder = await (await ask(desk, "holder"))
    first, second = await ask(desk, "first"), await ask(desk, "second")
    desk.leave(holder)
    first.cancel()
    assert (await second).label == "second"
    assert [tenant.label for tenant in desk.tenants] == ["second"]


async def test_a_request_that_leaves_the_line_lets_others_pass(desk: Desk) -> None:
    holder = await (await ask(desk, "holder", Claim(cpu_cores=0.5)))
    big = await ask(desk, "big", Claim(priority=100))
    big.cancel()
    await asyncio.gather(big, return_exceptions=True)
    assert (await (await ask(desk, "small", Claim(cpu_cores=0.5)))).grant is not None
    desk.leave(holder)


async def test_turning_away_raises_in_everybody_who_waits(desk: Desk) -> None:
    holder = await (await ask(desk, "holder"))
    waiting = await ask(desk, "waiting")
    desk.turn_away(RuntimeError("over"))
    with pytest.raises(RuntimeError, match="over"):
        await waiting
    assert desk.tenants == (holder,)
