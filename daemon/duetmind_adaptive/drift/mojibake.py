"""Marks that a wrong decoding leaves in text.

Three marks: U+FFFD, which decoders put where bytes made no sense; UTF-8 that was read as Latin-1 or Windows-1252, so
that 'é' became 'Ã©'; and control characters.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

_CONTROL = r"\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x{9F}"
#: what the second byte of a UTF-8 pair turns into when it is read as Latin-1 or Windows-1252
_TAIL = r"\x{80}-\x{BF}" + bytes(range(0x80, 0xC0)).decode("cp1252", "ignore")
_GARBLED = rf"[{_CONTROL}\x{{FFFD}}]|[ÂÃ][{_TAIL}]|â€"


def garbled(words: pa.Array) -> pa.Array:
    r"""Tell which texts bear such a mark.

    Examples
    --------
    >>> words = ["Zürich", "ZÃ¼rich", "Z\ufffdrich", "tab\tis fine"]
    >>> garbled(pa.array(words, pa.large_string())).to_pylist()
    [False, True, True, False]
    """
    return pc.call_function("match_substring_regex", [words], pc.MatchSubstringOptions(_GARBLED))
