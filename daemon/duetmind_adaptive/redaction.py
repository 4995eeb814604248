"""What must not reach a log, an event or an error: registered secrets, and characters that act on who reads them."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

MASK = "[secret]"
#: shorter values are too common in ordinary text to be taken out of it
SHORTEST_SECRET = 4

#: C0 and C1 controls, line separators, and marks that turn the direction of writing
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
#: a traceback keeps its lines and tabs
_CONTROLS_IN_TEXT = re.compile(_CONTROLS.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))

#: every spelling of every registered secret, longest first; filled while the settings load, before any work
_spellings: list[str] = []


def register_secret(value: str) -> None:
    """Keep `value` out of every line from now on, as it is, percent-encoded and as JSON or repr spell it."""
    if len(value) < SHORTEST_SECRET:
        return
    forms = {value, quote(value, safe=""), quote(value), json.dumps(value)[1:-1], repr(value)[1:-1]}
    _spellings[:] = sorted(forms.union(_spellings), key=len, reverse=True)


def redact(text: str) -> str:
    """`text` without registered secrets: for logs, and for reasons that are kept or shown.

    Examples
    --------
    >>> register_secret("hunter/2 of the doctest")
    >>> redact("POST https://hooks/?key=hunter%2F2%20of%20the%20doctest failed")
    'POST https://hooks/?key=[secret] failed'
    """
    for spelling in _spellings:
        text = text.replace(spelling, MASK)
    return text


def printable(text: str, *, lines: bool = False) -> str:
    r"""`text` with control characters as visible escapes; `lines` keeps newlines and tabs.

    Examples
    --------
    >>> print(printable("age\n\x1b[31mFAKE"))
    age\n\x1b[31mFAKE
    """
    pattern = _CONTROLS_IN_TEXT if lines else _CONTROLS
    return pattern.sub(lambda found: found.group().encode("unicode_escape").decode(), text)
