"""Finds where the rows of delimited text end, without parsing the values.

A row ends at a newline outside quotes; empty lines are no rows. Quotes follow RFC 4180 as Arrow reads it: a quote
opens only at the very start of a field, and is doubled inside. Almost always every quote obeys that, and counting
them is enough; text with stray quotes (`5" pipe`) takes a slower, exact walk from quote to quote.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_NEWLINE, _RETURN, _QUOTE = b"\n"[0], b"\r"[0], b'"'[0]

Positions = NDArray[np.int64]


def row_ends(block: bytes, delimiter: str) -> Positions:
    r"""Offsets just past each complete row of `block`, which must begin at a row's start.

    >>> row_ends(b'1,"a\nb"\n\n2,c\n3,', ",").tolist()
    [8, 13]
    """
    data = np.frombuffer(block, np.uint8)
    newlines = np.flatnonzero(data == _NEWLINE)
    if not newlines.size:
        return newlines
    quotes = np.flatnonzero(data == _QUOTE)
    if quotes.size:
        newlines = newlines[~_inside(data, newlines, quotes, ord(delimiter))]
    return _without_empty_lines(data, newlines) + 1


def _without_empty_lines(data: NDArray[np.uint8], newlines: Positions) -> Positions:
    starts = np.concatenate(([0], newlines[:-1] + 1))
    length = newlines - starts
    only_return = (length == 1) & (data[np.maximum(newlines - 1, 0)] == _RETURN)
    return newlines[(length > 0) & ~only_return]


def _inside(data: NDArray[np.uint8], newlines: Positions, quotes: Positions, delimiter: int) -> NDArray[np.bool_]:
    """Which newlines are inside quotes."""
    if _all_open_at_field_start(data, quotes, delimiter):
        return np.searchsorted(quotes, newlines) % 2 == 1
    opened, closed = _walk(data, quotes, delimiter)
    return np.searchsorted(opened, newlines) > np.searchsorted(closed, newlines)


def _all_open_at_field_start(data: NDArray[np.uint8], quotes: Positions, delimiter: int) -> bool:
    before = data[np.maximum(quotes[0::2] - 1, 0)]
    allowed = np.isin(before, [delimiter, _NEWLINE, _RETURN, _QUOTE])
    return bool(allowed[1:].all() and (allowed[0] or quotes[0] == 0))


def _walk(data: NDArray[np.uint8], quotes: Positions, delimiter: int) -> tuple[Positions, Positions]:
    """Where quoted fields open and close; a field that does not close closes at the end of `data`."""
    opened, closed = list[int](), list[int]()
    at, positions = 0, quotes.tolist()
    while at < len(positions):
        quote = positions[at]
        at += 1
        if quote and data[quote - 1] not in (delimiter, _NEWLINE, _RETURN):
            continue
        while at + 1 < len(positions) and positions[at + 1] == positions[at] + 1:
            at += 2
        opened.append(quote)
        closed.append(positions[at] if at < len(positions) else data.size)
        at += 1
    return np.array(opened, np.int64), np.array(closed, np.int64)
