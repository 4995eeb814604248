"""What the tests of one column say, and how several of them become one p-value and one effect.

A column's p-value is the smallest of its tests' times their number (Bonferroni), which holds however the tests depend
on each other. Its effect is that of the part of it (values, words, hours …) with the strongest evidence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from duetmind_adaptive.records import TestResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the tests of one column say; without a p-value, `untested` says why."""

    tests: dict[str, TestResult] = field(default_factory=dict[str, TestResult])
    effect: float = 0.0
    #: of the whole column, before the correction over columns
    p_value: float | None = None
    #: categories of the window that the reference never held, most frequent first
    unseen: tuple[str, ...] = ()
    untested: str | None = None


class Part(NamedTuple):
    """One aspect of a column: its tests, and the share of rows that would have to change for it to be as it was."""

    tests: dict[str, TestResult]
    effect: float

    @property
    def p_values(self) -> list[float]:
        """Of those tests that have one."""
        return [test.p_value for test in self.tests.values() if test.p_value is not None]


def joined(parts: Iterable[Part], unseen: tuple[str, ...] = ()) -> Evidence | None:
    """All parts of a column as one; None when none of their tests has a p-value.

    Examples
    --------
    >>> parts = [Part({"ks": TestResult(statistic=0.1, p_value=0.04)}, 0.1), Part({}, 0.3)]
    >>> parts.append(Part({"words": TestResult(statistic=9.0, p_value=0.01)}, 0.2))
    >>> evidence = joined(parts)
    >>> evidence.p_value, evidence.effect, list(evidence.tests)
    (0.02, 0.2, ['ks', 'words'])
    """
    parts = list(parts)
    p_values = [p_value for part in parts for p_value in part.p_values]
    if not p_values:
        return None
    _, effect = min((min(part.p_values), -part.effect) for part in parts if part.p_values)
    return Evidence(
        tests={name: test for part in parts for name, test in part.tests.items()},
        effect=-effect,
        p_value=min(1.0, len(p_values) * min(p_values)),
        unseen=unseen,
    )
