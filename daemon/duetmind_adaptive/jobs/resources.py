"""What a task asks for, what there is, and what it was given."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

from duetmind_adaptive.errors import ResourceError
from duetmind_adaptive.jobs.cpus import usable_cpus
from duetmind_adaptive.jobs.memory import GB, usable_memory

#: one folder for each GPU, where NVIDIA's driver is loaded
_NVIDIA = Path("/proc/driver/nvidia/gpus")


@dataclass(frozen=True, slots=True)
class ResourceRequirement:
    """What a task needs while it runs.

    Parameters
    ----------
    cpu_cores
        Cores; its numeric libraries get as many threads, rounded up. More than there are is granted all there are.
    memory_gb
        Gigabytes (2**30 bytes), of its process and all that it starts; above 1.1 times that it is killed.
    gpu_count
        GPUs, each its own.

    Raises
    ------
    ResourceError
        When a number is none, negative, or nothing at all is asked for.

    Examples
    --------
    >>> ResourceRequirement(cpu_cores=4, memory_gb=8.0)
    ResourceRequirement(cpu_cores=4, memory_gb=8.0, gpu_count=0)
    >>> ResourceRequirement(memory_gb=-1)
    Traceback (most recent call last):
    duetmind_adaptive.errors.ResourceError: memory_gb is -1; give a number of gigabytes of 0 or more.
    """

    cpu_cores: float = 1.0
    memory_gb: float = 0.5
    gpu_count: int = 0

    def __post_init__(self) -> None:
        for name, unit in (("cpu_cores", "cores"), ("memory_gb", "gigabytes"), ("gpu_count", "GPUs")):
            value = getattr(self, name)
            if not math.isfinite(value) or value < 0:
                raise ResourceError(f"{name} is {value}; give a number of {unit} of 0 or more.")
        if self.gpu_count != int(self.gpu_count):
            raise ResourceError(f"gpu_count is {self.gpu_count}; a GPU is granted whole, so give a whole number.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What may be granted at a time; `gpus` are the indices that CUDA_VISIBLE_DEVICES knows them by."""

    cpu_cores: float
    memory_gb: float
    gpus: tuple[int, ...] = ()

    @classmethod
    def of_machine(cls, cpu_cores: int | None = None) -> Capacity:
        """What this process's control group and machine allow, and the GPUs that it is shown; or so many cores."""
        return cls(cpu_cores=cpu_cores or usable_cpus(), memory_gb=usable_memory() / GB, gpus=visible_gpus())


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one task holds until it is released."""

    id: str
    cpu_cores: float
    memory_gb: float
    gpus: tuple[int, ...] = ()
    #: what a person should know of it, or nothing
    note: str = ""


def visible_gpus(shown: str | None = None, driver: Path = _NVIDIA) -> tuple[int, ...]:
    """Indices of the GPUs that may be used: those of CUDA_VISIBLE_DEVICES, or all that the driver has.

    >>> visible_gpus("0,2"), visible_gpus("")
    ((0, 2), ())
    """
    shown = os.environ.get("CUDA_VISIBLE_DEVICES") if shown is None else shown
    if shown is not None:
        return tuple(int(part) for part in shown.split(",") if part.strip().isdecimal())
    try:
        return tuple(range(sum(1 for _ in driver.iterdir())))
    except OSError:
        return ()
