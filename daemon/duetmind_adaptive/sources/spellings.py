"""Spellings of values that Arrow does not read by itself: decimal commas, and times of day."""

from __future__ import annotations

import pyarrow as pa

from duetmind_adaptive.sources.compute import pc

#: microseconds since midnight
TIME = pa.time64("us")
#: digits, perhaps with points between the thousands, perhaps a comma and decimals
_NUMBER = r"^\s*[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?(?:[eE][+-]?\d+)?\s*$"
#: hours and minutes, perhaps seconds and parts of them
_TIME = r"^\s*(\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*$"


def decimal_commas(text: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Text as numbers whose decimals follow a comma; None unless every value is one, and one has such decimals.

    >>> decimal_commas(pa.chunked_array([["1.234,5", None, "7"]])).to_pylist()
    [1234.5, None, 7.0]
    >>> decimal_commas(pa.chunked_array([["7"]])) is None
    True
    """
    all_numbers = pc.all(pc.match_substring_regex(text, _NUMBER)).as_py()
    if not all_numbers or not pc.any(pc.match_substring(text, ",")).as_py():
        return None
    bare = pc.replace_substring(pc.utf8_trim_whitespace(text), ".", "")
    return pc.replace_substring(bare, ",", ".").cast(pa.float64())


def times_of_day(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text such as 12:30 or 12:30:05.25 as times of day; ArrowInvalid where a value is none.

    >>> times_of_day(pa.chunked_array([["12:30", None]])).to_pylist()
    [datetime.time(12, 30), None]
    """
    moments = pc.replace_substring_regex(text, _TIME, r"1970-01-01T\1").cast(pa.timestamp("us"))
    seconds = moments.cast(pa.int64())
    return seconds.cast(TIME)
