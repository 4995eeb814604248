import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duetmind_adaptive.jobs.slots import Slots


@given(size=st.integers(1, 4), steps=st.lists(st.sampled_from(["ask", "give", "leave"]), max_size=40))
def test_places_are_never_given_beyond_the_size_and_in_the_order_asked(size: int, steps: list[str]) -> None:
    async def play() -> None:
        slots = Slots(size)
        served: list[int] = []
        asking: list[tuple[int, asyncio.Task[None]]] = []

        async def ask(number: int) -> None:
            await slots.acquire()
            served.append(number)

        given_back = 0
        for number, step in enumerate(steps):
            if step == "ask":
                asking.append((number, asyncio.create_task(ask(number))))
            elif step == "give" and len(served) > given_back:
                given_back += 1
                slots.release()
            elif step == "leave" and asking:
                asking[-1][1].cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            held = len(served) - given_back
            assert held == slots.taken <= size
            assert held == size or slots.waiting == 0
        assert served == sorted(served)
        for _, task in asking:
            task.cancel()
        await asyncio.gather(*(task for _, task in asking), return_exceptions=True)

    asyncio.run(play())


async def test_a_place_granted_in_the_moment_of_a_cancellation_is_passed_on() -> None:
    slots = Slots(1)
    await slots.acquire()
    first, second = asyncio.create_task(slots.acquire()), asyncio.create_task(slots.acquire())
    await asyncio.sleep(0)
    slots.release()
    first.cancel()
    await second
    assert (slots.taken, slots.waiting) == (1, 0)


async def test_turning_away_raises_in_everybody_who_waits() -> None:
    slots = Slots(1)
    await slots.acquire()
    waiting = asyncio.create_task(slots.acquire())
    await asyncio.sleep(0)
    slots.turn_away(RuntimeError("over"))
    with pytest.raises(RuntimeError, match="over"):
        await waiting
    slots.release()
    assert slots.taken == 0
