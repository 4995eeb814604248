"""Columns that came, went, or changed their name: `missing_column`, `new_column`, `renamed_column`.

A missing column is taken for renamed when a new one is of its family and holds its distribution: a KS distance or
total variation of at most `ALIKE`. Of several candidates the one whose name is most alike wins, then the nearest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from duetmind_adaptive.drift.column_tests import examine
from duetmind_adaptive.drift.columns import ColumnProfile
from duetmind_adaptive.records import Finding

#: largest effect between a column and what it is called now: windows of a few hundred rows differ as much by chance
ALIKE = 0.1
#: a column of fewer different values looks like many others: there the names must be alike as well
TELLING_VALUES = 10
#: how alike, by Ratcliff and Obershelp's measure in [0, 1]
NAMES_ALIKE = 0.5


def missing_column(name: str) -> Finding:
    """Tell that a feature is gone."""
    return Finding(code="missing_column", message=f"{name} is not in the current data", column=name, breaks=True)


def new_column(name: str) -> Finding:
    """Tell that a column has come that the reference did not have."""
    return Finding(code="new_column", message=f"{name} is in the current data and not in the reference", column=name)


def renamed_column(old: str, new: str) -> Finding:
    """Tell that a feature is there under another name."""
    message = f"{old} is not in the current data; {new}, which is new, holds its values: it was renamed"
    return Finding(code="renamed_column", message=message, column=old, examples=(new,), breaks=True)


def renamed(missing: Sequence[ColumnProfile], fresh: Mapping[str, ColumnProfile]) -> dict[str, str]:
    """Old names and new ones.

    Parameters
    ----------
    missing
        The reference's columns that the window lacks.
    fresh
        The window's columns that the reference did not have.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from duetmind_adaptive.drift.columns import summarise
    >>> before, after, other = (summarise(n, pa.chunked_array([range(f, 99)])) for n, f in zip("abc", (0, 1, 50)))
    >>> renamed([before], {"b": after, "c": other})
    {'a': 'b'}
    """
    pairs = sorted(_alike(missing, fresh))
    names: dict[str, str] = {}
    for _, _, old, new in pairs:
        if old not in names and new not in names.values():
            names[old] = new
    return names


def _alike(
    missing: Sequence[ColumnProfile], fresh: Mapping[str, ColumnProfile]
) -> Iterator[tuple[float, float, str, str]]:
    for before in missing:
        for name, after in fresh.items():
            if after.family != before.family or after.kind != before.kind:
                continue
            evidence = examine(before, after)
            likeness = SequenceMatcher(None, before.name.lower(), name.lower()).ratio()
            telling = before.distinct >= TELLING_VALUES or likeness >= NAMES_ALIKE
            if evidence.untested is None and evidence.effect <= ALIKE and telling:
                yield -likeness, evidence.effect, before.name, name
