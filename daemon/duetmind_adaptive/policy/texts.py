"""Texts that people read: one printable line of bounded length, however strange the names in the data are."""

from __future__ import annotations


def printable(text: str, limit: int) -> str:
    r"""One line of at most `limit` characters, with whatever does not print written as its escape.

    >>> printable("age\x1b[31m\nBcc: all", 80)
    'age\\x1b[31m\\nBcc: all'
    >>> printable("abcdef", 4)
    'abc…'
    """
    head = text[: limit + 1]
    shown = "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in head)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
