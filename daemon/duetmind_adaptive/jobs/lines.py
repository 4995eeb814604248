"""Cuts what a program prints into lines, as it comes: bytes in, text out, bounded whatever is printed."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: bytes of a line that has no end, after which it is cut
LONGEST_LINE = 8_192
#: a progress bar goes back to the beginning of its line
_ENDS = re.compile(rb"\r\n|\n|\r")


@dataclass(slots=True)
class Lines:
    r"""Keeps the part of a line that has no end yet.

    Examples
    --------
    >>> lines = Lines()
    >>> lines.feed(b"one\ntw"), lines.feed(b"o\r\n"), lines.rest()
    (['one'], ['two'], [])
    >>> lines.feed(b"half"), lines.rest()
    ([], ['half'])
    """

    _begun: bytes = b""

    def feed(self, printed: bytes) -> list[str]:
        """The lines that are whole now, without their ends."""
        *whole, self._begun = _ENDS.split(self._begun + printed)
        while len(self._begun) > LONGEST_LINE:
            whole.append(self._begun[:LONGEST_LINE])
            self._begun = self._begun[LONGEST_LINE:]
        return [line.decode(errors="replace") for line in whole if line]

    def rest(self) -> list[str]:
        """What was begun and never ended, at most one line."""
        begun, self._begun = self._begun, b""
        return [begun.decode(errors="replace")] if begun else []
