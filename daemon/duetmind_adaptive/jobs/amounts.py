"""Amounts of resources, counted in whole thousandths so that sums are exact."""

from __future__ import annotations

from typing import NamedTuple

from duetmind_adaptive.jobs.resources import Capacity

#: of a core and of a gigabyte
PARTS = 1000


class Amount(NamedTuple):
    """Thousandths of cores and of gigabytes, and whole GPUs."""

    cpu: int
    memory: int
    gpu: int

    def fits(self, free: Amount) -> bool:
        """Whether there is as much free of each."""
        return self.cpu <= free.cpu and self.memory <= free.memory and self.gpu <= free.gpu

    def plus(self, other: Amount) -> Amount:
        """Both together."""
        return Amount(self.cpu + other.cpu, self.memory + other.memory, self.gpu + other.gpu)

    def less(self, other: Amount) -> Amount:
        """What is left without the other; negative where there is too little."""
        return Amount(self.cpu - other.cpu, self.memory - other.memory, self.gpu - other.gpu)

    def share_of(self, whole: Amount) -> float:
        """The largest share of any one resource (the dominant share)."""
        return max(part / all_of if all_of else 0.0 for part, all_of in zip(self, whole, strict=True))


def whole_of(capacity: Capacity) -> Amount:
    """All that there is to grant, rounded as requests are: who asks for exactly all of it gets it."""
    return Amount(parts_of(capacity.cpu_cores), parts_of(capacity.memory_gb), len(capacity.gpus))


def parts_of(value: float) -> int:
    """Rounded up: who asks for something holds something."""
    return -int(-value * PARTS // 1)
