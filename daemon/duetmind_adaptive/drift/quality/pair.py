"""What every rule about a column is given, and how a rule states what it found."""

from __future__ import annotations

from dataclasses import dataclass

from duetmind_adaptive.drift.columns import ColumnProfile
from duetmind_adaptive.records import Finding
from duetmind_adaptive.stats.intervals import wilson

#: confidence of the bound on a share, so that a handful of rows raises no alarm
CONFIDENCE = 0.999
#: values, categories, rows or column names quoted in a finding
EXAMPLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One column on both sides, in a comparable type."""

    reference: ColumnProfile
    current: ColumnProfile
    #: how far it moved, in [0, 1]
    effect: float = 0.0
    #: categories of the window that the reference never held, most frequent first
    unseen: tuple[str, ...] = ()

    def finding(
        self,
        code: str,
        message: str,
        *,
        count: int | None = None,
        examples: tuple[str, ...] = (),
        breaks: bool = False,
    ) -> Finding:
        """State a finding about this column; `message` goes on after the column's name."""
        name = self.reference.name
        return Finding(
            code=code, message=f"{name} {message}", column=name, count=count, examples=examples, breaks=breaks
        )


def exceeds(count: int, rows: int, share: float) -> bool:
    """Whether `count` of `rows` is a larger share than `share` beyond chance.

    Examples
    --------
    >>> exceeds(3, 10, 0.1), exceeds(300, 1000, 0.1)
    (False, True)
    """
    return rows > 0 and wilson(count, rows, CONFIDENCE).low > share


def listed(names: tuple[str, ...]) -> str:
    """The first of many, quoted.

    Examples
    --------
    >>> listed(tuple("abcdef"))
    "'a', 'b', 'c', 'd', 'e', …"
    """
    return ", ".join(map(repr, names[:EXAMPLES])) + (", …" if len(names) > EXAMPLES else "")
