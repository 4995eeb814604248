"""A column holds another family of values: `retyped`, or `number_as_text` where it only wears another coat.

Boolean and number carry over into each other and break nothing; anything else does, and so do numbers that came as
text, but there the finding says what to mend.
"""

from __future__ import annotations

import re

from duetmind_adaptive.drift.quality.pair import EXAMPLES, Pair, listed
from duetmind_adaptive.records import Finding

#: share of the texts that must read as numbers; the rest are what made the writer choose text ('n/a', '-')
NUMBERS_SHARE = 0.8

#: with a sign, groups of three, a decimal comma, an exponent or a per cent sign
_NUMBER = re.compile(r"\s*[-+]?(\d+|\d{1,3}([,.' ]\d{3})+)?([.,]\d+)?([eE][-+]?\d+)?\s*%?\s*")


def is_number(text: str) -> bool:
    """Whether a text reads as one number.

    Examples
    --------
    >>> [is_number(text) for text in ("12", "-1.5e3", "1,234.5", "3,5 %", "", "1.2.3", "12a")]
    [True, True, True, True, False, False, False]
    """
    return any(letter.isdigit() for letter in text) and _NUMBER.fullmatch(text) is not None


def find(pair: Pair, *, breaks: bool) -> Finding:
    """Tell that a feature now holds another family of values."""
    before, after = pair.reference, pair.current
    if before.family == "number" and after.family == "string":
        counts = zip(after.categories, after.counts.tolist(), strict=True)
        rows = sum(count for text, count in counts if is_number(text))
        odd = tuple(text for text in after.categories if not is_number(text))
        if rows >= NUMBERS_SHARE * int(after.counts.sum()) > 0:
            rest = f", beside {listed(odd)}" if odd else ""
            message = f"holds numbers written as text ({listed(after.categories)}){rest}"
            examples = (odd or after.categories)[:EXAMPLES]
            return pair.finding("number_as_text", message, count=rows, examples=examples, breaks=True)
    message = f"is {after.type} in the current data and {before.type} in the reference"
    return pair.finding("retyped", message, examples=after.categories[:EXAMPLES], breaks=breaks)
