"""Distances of counts over categories of which some are folded into one cell, the last.

Folding can only bring two distributions closer (data processing), so each distance is at least that of the folded
counts. Let P and Q be the shares in the folded cell. Unfolded they could at most be disjoint, so that

- the total variation is at most ``min(P, Q)`` larger: ``½ (P + Q) - ½ |P - Q|``;
- the squared Hellinger distance at most ``√(P Q)``, the affinity of the folded cell;
- the Jensen–Shannon divergence at most ``½ (P + Q)`` minus what the folded cell adds to it.

Where P or Q is 0 nothing is lost, and the bounds meet.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.stats import distances
from duetmind_adaptive.stats import hellinger as exact_hellinger
from duetmind_adaptive.stats import jensen_shannon as exact_jensen_shannon
from duetmind_adaptive.stats.binned.cells import Bounded

Floats = NDArray[np.float64]


def _folded(reference: Floats, current: Floats) -> tuple[float, float]:
    return float(reference[-1] / reference.sum()), float(current[-1] / current.sum())


def total_variation(reference: Floats, current: Floats) -> Bounded:
    """Total variation; the last of the counts on either side is the folded cell.

    Examples
    --------
    >>> total_variation(np.array([6.0, 2.0]), np.array([6.0, 2.0]))
    Bounded(value=0.0, low=0.0, high=0.25)
    """
    value = distances.total_variation(reference, current)
    return Bounded(value, value, min(1.0, value + min(_folded(reference, current))))


def hellinger(reference: Floats, current: Floats) -> Bounded:
    """Hellinger distance, likewise.

    Examples
    --------
    >>> hellinger(np.array([6.0, 2.0]), np.array([6.0, 2.0]))
    Bounded(value=0.0, low=0.0, high=0.5)
    """
    value = exact_hellinger.hellinger(reference, current)
    share, other = _folded(reference, current)
    return Bounded(value, value, min(1.0, math.sqrt(value**2 + math.sqrt(share * other))))


def jensen_shannon(reference: Floats, current: Floats) -> Bounded:
    """Jensen–Shannon distance of base 2, likewise.

    Examples
    --------
    >>> jensen_shannon(np.array([6.0, 2.0]), np.array([6.0, 2.0]))
    Bounded(value=0.0, low=0.0, high=0.5)
    """
    value = exact_jensen_shannon.jensen_shannon(reference, current)
    share, other = _folded(reference, current)
    mean = (share + other) / 2
    adds = sum(part * math.log2(part / mean) for part in (share, other) if part) / 2
    return Bounded(value, value, min(1.0, math.sqrt(value**2 + max(0.0, mean - adds)) if min(share, other) else value))
