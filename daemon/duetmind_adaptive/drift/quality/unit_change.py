"""A number is in another unit: `unit_change`. Its values are the reference's, times a constant.

Two hints must agree, the ratio of the scales and that of the medians, and then the proof: with the constant taken out,
the distribution is the reference's again. Prices double and sensors age, so how much may be left of the KS distance
depends on what else could explain the constant:

| constant | leaves at most |
| --- | --- |
| known, 100 or more: no drift does that | half of the distance, whatever season or drift came with it |
| known, 2 to 100, of values that do not scatter around 0 | what chance leaves in 999 of 1,000 windows |
| known, with an offset (Celsius, Fahrenheit, Kelvin) | the same; the two samples hardly overlap |
| any other, at least 2, of such values | what chance leaves in 19 of 20 windows |

All but the first leave a third of the distance at most. Values around 0 may scatter more widely by themselves, and
constants below 2 (a mile is 1.6 km) are growth as often as a unit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.drift.quality.pair import Pair
from duetmind_adaptive.records import Finding
from duetmind_adaptive.stats.ks import ks_distance

Floats = NDArray[np.float64]

#: fewest values whose scale can be told
ROWS = 30
#: smallest KS distance from which a change of unit is concluded: weaker ones are drift's to tell
LEAST_EFFECT = 0.25
#: how far the ratios may be from a known constant by chance
LEEWAY = math.log(1.15)
#: the same of a constant of 100 or more, which no drift explains
WIDE_LEEWAY = math.log(2.5)
#: a constant this large …
GROSS = 100.0
#: … may leave this much of the distance, where season or drift came with it
GROSS_REST = 0.5
#: share of the distance that may be left of it for any other known constant
REST_SHARE = 1 / 3
#: smallest distance where the constant has an offset: units of temperature hardly overlap
OFFSET_EFFECT = 0.9
#: smallest constant believed though nobody converts with it
UNKNOWN_FACTOR = 2.0
#: smallest distance from which that is concluded
UNKNOWN_EFFECT = 0.5
#: fewest values for it
UNKNOWN_ROWS = 100
#: widths and sizes beyond these are in no unit that people know
RANGE = (1e-200, 1e200)
#: c of the KS test's critical distance c √(1/n + 1/m): 0.1 % and 5 %
_RARE, _USUAL = 1.949, 1.358


class Conversion(NamedTuple):
    """``new = factor × old + offset``."""

    factor: float
    offset: float = 0.0

    def __str__(self) -> str:
        """Say it as people write it."""
        times = f"× {self.factor:.6g}" if self.factor >= 1 else f"÷ {1 / self.factor:.6g}"
        return times + (f" {'+' if self.offset > 0 else '-'} {abs(self.offset):.6g}" if self.offset else "")

    @property
    def gross(self) -> bool:
        """Whether it is too large for drift."""
        return max(self.factor, 1 / self.factor) >= GROSS

    def undone(self, values: Floats) -> Floats:
        """Give the values in the old unit."""
        return (values - self.offset) / self.factor


#: powers of ten and 1,024; time; length; mass; speed; pressure, energy, volume, angle; blood values
_FACTORS = (
    *(10.0**power for power in (1, 2, 3, 4, 5, 6, 9)),
    *(1024.0, 1024.0**2),
    *(7.0, 12.0, 24.0, 60.0, 365.25, 3600.0, 86400.0),
    *(2.54, 25.4, 3.28084),
    *(2.204623, 28.349523, 453.59237),
    *(3.6, 2.236936),
    *(6.894757, 101.325, 4.184, 3.785412, 4.54609, 57.29578),
    *(18.0182, 38.67, 88.42),
)
#: Celsius to Fahrenheit, Celsius to Kelvin
_AFFINE = (Conversion(1.8, 32.0), Conversion(1.0, 273.15))
KNOWN = (
    *(Conversion(factor) for factor in _FACTORS),
    *(Conversion(1 / factor) for factor in _FACTORS),
    *_AFFINE,
    *(Conversion(1 / each.factor, -each.offset / each.factor) for each in _AFFINE),
)


def find(pair: Pair) -> Iterator[Finding]:
    """Tell that a column's values are those of the reference in another unit."""
    before, after = pair.reference.values, pair.current.values
    if pair.reference.kind != "numeric" or pair.effect < LEAST_EFFECT or min(before.size, after.size) < ROWS:
        return
    effect = ks_distance(before, after)
    if effect < LEAST_EFFECT or not (_in_range(before) and _in_range(after)):
        return
    conversion = _known(before, after, effect) or _unknown(before, after, effect)
    if conversion is None:
        return
    medians = tuple(f"{_quantile(values, 0.5):.6g}" for values in (before, after))
    message = f"is in another unit: its values are the reference's {conversion} (median {medians[0]} → {medians[1]})"
    yield pair.finding("unit_change", message, count=pair.current.present, examples=medians, breaks=True)


def _known(before: Floats, after: Floats, effect: float) -> Conversion | None:
    if not _scale(before) or not _scale(after):
        return None
    likely = [each for each in KNOWN if _agrees(each, before, after) and _tells(each, before, effect)]
    left = [(ks_distance(before, each.undone(after)), each) for each in likely]
    chance = min(_critical(before.size, after.size, _RARE), REST_SHARE * effect)
    fits = [(rest, each) for rest, each in left if rest <= (GROSS_REST * effect if each.gross else chance)]
    return min(fits)[1] if fits else None


def _tells(each: Conversion, before: Floats, effect: float) -> bool:
    """Whether drift could not have looked the same."""
    return effect >= OFFSET_EFFECT if each.offset else each.gross or not _scatters_around_zero(before)


def _scatters_around_zero(ascending: Floats) -> bool:
    return abs(_quantile(ascending, 0.5)) <= _scale(ascending) / 4


def _agrees(each: Conversion, before: Floats, after: Floats) -> bool:
    """Whether both scale and median moved about as this conversion moves them."""
    leeway = WIDE_LEEWAY if each.gross else LEEWAY
    scale = each.factor * _scale(before)
    expected = each.factor * _quantile(before, 0.5) + each.offset
    away = abs(_quantile(after, 0.5) - expected)
    return abs(math.log(_scale(after) / scale)) <= leeway and away <= math.expm1(leeway) * max(abs(expected), scale)


def _unknown(before: Floats, after: Floats, effect: float) -> Conversion | None:
    middle = _quantile(before, 0.5)
    if effect < UNKNOWN_EFFECT or min(before.size, after.size) < UNKNOWN_ROWS or _scatters_around_zero(before):
        return None
    factor = _quantile(after, 0.5) / middle
    if factor <= 0 or max(factor, 1 / factor) < UNKNOWN_FACTOR:
        return None
    left = ks_distance(before, after / factor)
    return Conversion(factor) if left <= _critical(before.size, after.size, _USUAL) else None


def _in_range(ascending: Floats) -> bool:
    """Whether every known factor keeps the values within what numbers can hold."""
    with np.errstate(over="ignore"):
        width = _scale(ascending)
    return (not width or width > RANGE[0]) and abs(_quantile(ascending, 0.5)) + width < RANGE[1]


def _critical(few: int, many: int, c: float) -> float:
    return c * math.sqrt(1 / few + 1 / many)


def _scale(ascending: Floats) -> float:
    """Width of the middle 80 %; where most values are one, the standard deviation."""
    return _quantile(ascending, 0.9) - _quantile(ascending, 0.1) or float(np.std(ascending))


def _quantile(ascending: Floats, share: float) -> float:
    return float(ascending[round(share * (ascending.size - 1))])
