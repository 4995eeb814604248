"""The ledger: never more than there is, everybody in the end, the urgent first, and nobody idle for nothing."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from duetmind_adaptive.errors import ResourceError
from duetmind_adaptive.jobs.ledger import PATIENCE, STEP, Ledger
from duetmind_adaptive.jobs.resources import Capacity, ResourceRequirement

MACHINE = Capacity(cpu_cores=4, memory_gb=8, gpus=(0, 2, 5))
NEEDS = st.builds(
    ResourceRequirement,
    cpu_cores=st.sampled_from([0.0, 0.1, 0.25, 1.0, 2.0, 3.3, 4.0, 64.0]),
    memory_gb=st.sampled_from([0.0, 0.1, 1.0, 3.0, 7.9, 8.0]),
    gpu_count=st.integers(0, 3),
)


def names(ledger: Ledger) -> list[str]:
    return [grant.id for grant in ledger.grant()]


def one_core(ledger: Ledger, *ids: str, **more: Any) -> None:
    for each in ids:
        ledger.submit(each, ResourceRequirement(cpu_cores=1, memory_gb=0), **more)


class Machine(RuleBasedStateMachine):
    """Any order of submitting, granting, releasing, withdrawing and resizing."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger, self.count, self.waits, self.largest = Ledger(MACHINE), 0, set[str](), MACHINE

    @rule(needs=NEEDS, priority=st.integers(-2, 3), account=st.sampled_from("abc"))
    def submit(self, needs: ResourceRequirement, priority: int, account: str) -> None:
        self.count += 1
        name = str(self.count)
        try:
            self.ledger.submit(name, needs, priority=priority, account=account)
        except ResourceError:
            return
        self.waits.add(name)

    @rule()
    def grant(self) -> None:
        self.waits.difference_update(names(self.ledger))

    @precondition(lambda self: self.ledger.granted)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        self.ledger.release(data.draw(st.sampled_from([grant.id for grant in self.ledger.granted])))

    @precondition(lambda self: self.waits)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        gone = data.draw(st.sampled_from(sorted(self.waits)))
        assert self.ledger.withdraw(gone)
        self.waits.discard(gone)

    @invariant()
    def no_more_is_held_than_there_is(self) -> None:
        held = self.ledger.granted
        assert sum(grant.cpu_cores for grant in held) <= MACHINE.cpu_cores + 1e-9
        assert sum(grant.memory_gb for grant in held) <= MACHINE.memory_gb + 1e-9
        gpus = [gpu for grant in held for gpu in grant.gpus]
        assert len(gpus) == len(set(gpus))
        assert set(gpus) <= set(MACHINE.gpus)

    @invariant()
    def what_was_asked_for_and_not_given_waits(self) -> None:
        assert self.ledger.waiting == len(self.waits)

    def teardown(self) -> None:
        while self.ledger.waiting:
            for grant in self.ledger.granted:
                self.ledger.release(grant.id)
            assert self.ledger.grant(), "an empty machine gives something to whoever waits"


Machine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLedger = Machine.TestCase


def test_more_cores_than_there_are_are_granted_all_there_are_and_it_says_so() -> None:
    ledger = Ledger(Capacity(cpu_cores=2, memory_gb=8))
    ledger.submit("a", ResourceRequirement(cpu_cores=4, memory_gb=8))
    (grant,) = ledger.grant()
    assert grant.cpu_cores == 2
    assert grant.note == "4 cores were asked for; it runs on all 2 that there are"


@pytest.mark.parametrize(
    ("needs", "sentence"),
    [
        (ResourceRequirement(memory_gb=9), "9 GB of memory are asked for and 8 GB of memory are there; ask for less."),
        (ResourceRequirement(gpu_count=4), "4 GPUs are asked for and 3 are there; ask for fewer."),
    ],
)
def test_what_can_never_be_granted_is_refused_when_it_is_asked_for(needs: ResourceRequirement, sentence: str) -> None:
    with pytest.raises(ResourceError, match=sentence):
        Ledger(MACHINE).submit("a", needs)


def test_gpus_are_granted_by_index_and_never_twice() -> None:
    ledger = Ledger(MACHINE)
    for name in "ab":
        ledger.submit(name, ResourceRequirement(cpu_cores=0, memory_gb=0, gpu_count=2))
    (first,) = ledger.grant()
    assert first.gpus == (0, 2)
    ledger.release("a")
    (second,) = ledger.grant()
    assert second.gpus == (0, 2)


def test_the_urgent_goes_first() -> None:
    ledger = Ledger(Capacity(cpu_cores=1, memory_gb=8))
    one_core(ledger, "trial")
    one_core(ledger, "rollback", priority=5)
    assert names(ledger) == ["rollback"]


def test_accounts_share_the_machine_however_much_one_asks_for() -> None:
    ledger, order = Ledger(Capacity(cpu_cores=1, memory_gb=8)), list[str]()
    one_core(ledger, *(f"a{at}" for at in range(20)), account="a")
    one_core(ledger, *(f"b{at}" for at in range(5)), account="b")
    while granted := names(ledger):
        order += granted
        ledger.release(granted[0])
    assert sum(name.startswith("b") for name in order[:10]) == 5


def test_the_first_in_line_is_overtaken_by_a_bounded_amount_of_work_only() -> None:
    ledger = Ledger(Capacity(cpu_cores=4, memory_gb=8))
    one_core(ledger, "first")
    assert names(ledger) == ["first"]
    ledger.submit("whole", ResourceRequirement(cpu_cores=4, memory_gb=0))
    passed, held = 0, ["first"]
    while "whole" not in held:
        one_core(ledger, f"small{passed}")
        granted = names(ledger)
        held += granted
        passed += len([name for name in granted if name != "whole"])
        if not granted:
            for name in held:
                ledger.release(name)
            held = names(ledger)
    assert passed <= PATIENCE * 4 + 4


def test_urgent_work_without_end_cannot_starve_what_waits() -> None:
    ledger = Ledger(Capacity(cpu_cores=1, memory_gb=8))
    one_core(ledger, "calm")
    before = 0
    while True:
        one_core(ledger, f"urgent{before}", priority=2)
        (name,) = names(ledger)
        if name == "calm":
            break
        ledger.release(name)
        before += 1
    assert before <= 2 * STEP + 1


def test_what_takes_nothing_that_the_first_in_line_lacks_always_passes() -> None:
    ledger = Ledger(Capacity(cpu_cores=4, memory_gb=8, gpus=(0,)))
    for name in ("on the gpu", "for the gpu"):
        ledger.submit(name, ResourceRequirement(cpu_cores=0.5, memory_gb=0, gpu_count=1))
    assert names(ledger) == ["on the gpu"]
    for at in range(100):
        one_core(ledger, f"plain{at}")
        assert names(ledger) == [f"plain{at}"]
        ledger.release(f"plain{at}")


def test_a_machine_that_shrank_grants_nothing_until_there_is_room_again() -> None:
    ledger = Ledger(Capacity(cpu_cores=4, memory_gb=8))
    one_core(ledger, *"abcd")
    assert len(names(ledger)) == 4
    ledger.resize(Capacity(cpu_cores=2, memory_gb=8))
    one_core(ledger, "e")
    for name in "ab":
        ledger.release(name)
        assert names(ledger) == []
    ledger.release("c")
    assert names(ledger) == ["e"]


@given(cores=st.floats(allow_nan=True, allow_infinity=True), memory=st.floats(allow_nan=True))
def test_a_requirement_is_a_quantity_or_refused(cores: float, memory: float) -> None:
    if all(math.isfinite(value) and value >= 0 for value in (cores, memory)):
        assert ResourceRequirement(cpu_cores=cores, memory_gb=memory).cpu_cores == cores
    else:
        with pytest.raises(ResourceError, match="give a number of"):
            ResourceRequirement(cpu_cores=cores, memory_gb=memory)


def test_a_decision_among_a_hundred_thousand_looks_at_few() -> None:
    compared = 0
    ledger = Ledger(Capacity(cpu_cores=1, memory_gb=8))
    one_core(ledger, *(f"t{at}" for at in range(100_000)), account="a")

    from duetmind_adaptive.jobs import ledger as module

    less = module._Place.__lt__

    def counting(self: Any, other: Any) -> bool:
        nonlocal compared
        compared += 1
        return less(self, other)

    module._Place.__lt__ = counting
    try:
        for at in range(100):
            assert names(ledger) == [f"t{at}"]
            ledger.release(f"t{at}")
    finally:
        module._Place.__lt__ = less
    assert compared < 100 * 60
