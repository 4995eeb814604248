"""What each of the daemon's own series is: the scale that it is looked at on, what counts in it, how it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Name = Literal["rows", "metric", "answers", "seconds", "missing", "effect"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of series."""

    #: to the scale on which its values vary alike, and back
    to: Callable[[Floats], Floats]
    back: Callable[[float], float]
    #: smallest spread on that scale that counts
    least: float
    #: only values above the level are told
    upwards: bool = False


def _same(values: Floats) -> Floats:
    return values


def _plain(value: float) -> float:
    return value


def _log(values: Floats) -> Floats:
    return np.log(np.maximum(values, 1e-3))


def _angle(values: Floats) -> Floats:
    return np.arcsin(np.sqrt(np.clip(values, 0.0, 1.0)))


def _share(angle: float) -> float:
    return float(np.sin(np.clip(angle, 0.0, np.pi / 2)) ** 2)


#: rows and seconds vary by factors; a share's angle varies by the same everywhere, and is stored in steps of 1/254
KINDS: dict[Name, Kind] = {
    "rows": Kind(_log, lambda value: float(np.exp(value)), least=0.01),
    "metric": Kind(_same, _plain, least=1e-3),
    "answers": Kind(_same, _plain, least=1e-6),
    "seconds": Kind(_log, lambda value: float(np.exp(value)), least=0.25, upwards=True),
    "missing": Kind(_angle, _share, least=0.004, upwards=True),
    "effect": Kind(_same, _plain, least=0.005, upwards=True),
}
