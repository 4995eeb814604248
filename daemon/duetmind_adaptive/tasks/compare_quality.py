"""What only the columns of a one-off comparison together can tell: which were renamed, which rows came twice, how many.

Volume has no usual value here, because the two samples may be cut as their owner likes: only what each side holds is
told, in the document's `rows`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from duetmind_adaptive.drift.columns import Limits
from duetmind_adaptive.drift.quality import duplicates, schema
from duetmind_adaptive.drift.reference import profile_column
from duetmind_adaptive.drift.row_hashes import copies, repeats, row_hashes
from duetmind_adaptive.records import Finding
from duetmind_adaptive.tasks.sides import Side

#: columns in which copies are looked for ahead of all the others: rows that are equal are equal there too
TELLING_COLUMNS = 3
#: columns that make two rows equal, so that wide files are not read whole
MOST_COLUMNS = 32
#: values kept of columns that may have been renamed: each is compared with each
_LIMITS = Limits(values=20_000)


def renamed(reference: Side, current: Side, gone: Sequence[str], fresh: Sequence[str]) -> dict[str, str]:
    """Columns that went, each with the one that came and holds its values.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from duetmind_adaptive.tasks.sides import FrameSide
    >>> before, after = (FrameSide(pa.table({name: range(99)}), "it") for name in ("age", "years"))
    >>> renamed(before, after, ["age"], ["years"])
    {'age': 'years'}
    """
    if not gone or not fresh:
        return {}
    missing = [profile_column(reference.read([name]), name, limits=_LIMITS) for name in gone]
    return schema.renamed(missing, {name: profile_column(current.read([name]), name, limits=_LIMITS) for name in fresh})


def copied_rows(reference: Side, current: Side, distinct: Mapping[str, int]) -> Iterator[Finding]:
    """Rows of the current data that are copies of others in it, beyond the reference's own share of copies.

    Parameters
    ----------
    reference, current
        Both sides.
    distinct
        Columns that both have in a comparable type, with how many different values the reference holds.
    """
    telling = sorted(distinct, key=lambda name: -distinct[name])[:MOST_COLUMNS]
    if not telling:
        return
    first = telling[:TELLING_COLUMNS]
    few = row_hashes(current.read(first), first, holes_differ=False)
    if copies(few).size >= duplicates.ROWS_RISE * few.size:
        usual = repeats(row_hashes(reference.read(telling), telling))
        yield from duplicates.find(usual, row_hashes(current.read(telling), telling))
