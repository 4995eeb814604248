"""Marks that a wrong decoding leaves in text.

Three marks: U+FFFD, which decoders put where bytes made no sense; UTF-8 that was read as Latin-1 or Windows-1252, so
that 'é' became 'Ã©'; and control characters.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from duetmind_adaptive.drift.arrays import values_of

#: the first and the last printable character of ASCII
_SPACE, _TILDE = b" "[0], b"~"[0]

_CONTROL = r"\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x{9F}"
#: what the second byte of a UTF-8 pair turns into when it is read as Latin-1 or Windows-1252
_TAIL = r"\x{80}-\x{BF}" + bytes(range(0x80, 0xC0)).decode("cp1252", "ignore")
_GARBLED = rf"[{_CONTROL}\x{{FFFD}}]|[ÂÃ][{_TAIL}]|â€"


def garbled_places(words: pa.Array) -> NDArray[np.intp]:
    """Places of the large strings that bear such a mark; printable ASCII, which most are, spares the search.

    >>> garbled_places(pa.array(["Zürich", "ZÃ¼rich"], pa.large_string()))
    array([1])
    """
    content = words.buffers()[2]
    bytes_ = np.frombuffer(content, np.uint8) if content is not None else np.empty(0, np.uint8)
    if bytes_.min(initial=_SPACE) >= _SPACE and bytes_.max(initial=_SPACE) <= _TILDE:
        return np.empty(0, dtype=np.intp)
    return np.flatnonzero(values_of(garbled(words)))


def garbled(words: pa.Array) -> pa.Array:
    r"""Tell which texts bear such a mark.

    Examples
    --------
    >>> words = ["Zürich", "ZÃ¼rich", "Z\ufffdrich", "tab\tis fine"]
    >>> garbled(pa.array(words, pa.large_string())).to_pylist()
    [False, True, True, False]
    """
    return pc.call_function("match_substring_regex", [words], pc.MatchSubstringOptions(_GARBLED))
