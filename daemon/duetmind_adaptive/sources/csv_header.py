"""Reads the first line of delimited text: is it text at all, what separates its fields, what are they called."""

from __future__ import annotations

import codecs
import csv
from dataclasses import dataclass
from pathlib import Path

from duetmind_adaptive.errors import SourceFormatError
from duetmind_adaptive.sources.csv_rows import row_ends

DELIMITERS = (",", ";", "\t", "|")
#: bytes; a longer first line is no header
HEADER_LIMIT = 1 << 20
#: marks at the start of text that is not UTF-8; that of UTF-32 begins with one of UTF-16
_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns and where the first row begins, in bytes."""

    names: tuple[str, ...]
    delimiter: str
    end: int


def parse_header(path: Path, start: bytes, *, whole: bool) -> Header | None:
    """The header of the text that begins with `start`; None while its first line is not complete.

    Parameters
    ----------
    path
        For the sentence of the SourceFormatError: binary, not UTF-8, no delimiter, or a name given twice.
    start
        The first bytes of the file.
    whole
        True when the file is over, so that a last line without newline counts.
    """
    check_text(path, start)
    bom = len(codecs.BOM_UTF8) if start.startswith(codecs.BOM_UTF8) else 0
    ends = row_ends(start[bom:], ",")
    if not ends.size and b"\r" in start.rstrip(b"\r"):
        raise SourceFormatError(f"{path}: its lines end in carriage returns alone; save it with ordinary line ends")
    if not ends.size and not (whole and start[bom:].strip()):
        if len(start) >= HEADER_LIMIT:
            raise SourceFormatError(f"{path}: has no line end in its first {HEADER_LIMIT} bytes; it is no CSV file")
        return None
    end = bom + int(ends[0]) if ends.size else len(start)
    line = start[bom:end].decode().strip("\r\n")
    delimiter = _delimiter(line)
    names = _fields(line, delimiter)
    check_names(path, names)
    _check_separated(path, names)
    return Header(names, delimiter, end)


def check_text(path: Path, block: bytes) -> None:
    """Raise SourceFormatError unless `block` is UTF-8 text; a character cut off at its end is allowed."""
    for mark, name in _MARKS.items():
        if block.startswith(mark):
            raise SourceFormatError(f"{path}: is {name} text; save it as UTF-8")
    if b"\0" in block:
        raise SourceFormatError(f"{path}: {_holds_zeros(block)}")
    try:
        codecs.utf_8_decode(block, "strict", False)
    except UnicodeDecodeError as bad:
        before = block[max(0, bad.start - 20) : bad.start]
        raise SourceFormatError(
            f"{path}: is not UTF-8 (byte 0x{block[bad.start]:02x} after {before!r}); save it as UTF-8"
        ) from bad


def _holds_zeros(block: bytes) -> str:
    r"""What text with zero bytes is: of two-byte characters, text with a few of them, or none at all.

    >>> _holds_zeros(b"a,b\0\n1,2\n" + 40 * b"3,4\n")
    "holds a zero byte after b'a,b', which text never does; take it out"
    """
    zeros = max(block[0::2].count(0), block[1::2].count(0))
    if 2 * zeros > len(block) // 2 and block.count(0) < len(block) * 0.6:
        return "is UTF-16 text; save it as UTF-8"
    at = block.index(0)
    letters = sum(byte >= 32 or byte in b"\t\r\n" for byte in block)
    if letters + block.count(0) == len(block) and 100 * block.count(0) < 2 * len(block):
        return f"holds a zero byte after {block[max(0, at - 20) : at]!r}, which text never does; take it out"
    return "is binary, not CSV text; mend the file or its name"


def check_names(path: Path, names: tuple[str, ...]) -> None:
    """Raise SourceFormatError when a column's name is given twice."""
    if len(set(names)) == len(names):
        return
    twice = next(name for name in names if names.count(name) > 1)
    cure = "write a header with names as its first line" if _is_number(twice) else "give each a name of its own"
    raise SourceFormatError(f"{path}: has more than one column named '{twice}'; {cure}")


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True


def _delimiter(line: str) -> str:
    """The delimiter that cuts `line` into most fields, quotes minded.

    >>> _delimiter('"a;b",c'), _delimiter("a;b"), _delimiter("a")
    (',', ';', ',')
    """
    return max(DELIMITERS, key=lambda mark: len(_fields(line, mark)))


def _fields(line: str, delimiter: str) -> tuple[str, ...]:
    r"""The fields of a line that may hold newlines inside quotes; the line itself where it cannot be cut so.

    >>> _fields('"a\nb",c', ","), _fields('"a","b\nc"', ";")
    (('a\nb', 'c'), ('"a","b\nc"',))
    """
    try:
        return tuple(next(csv.reader([line], delimiter=delimiter)))
    except csv.Error:
        return (line,)


def _check_separated(path: Path, names: tuple[str, ...]) -> None:
    foreign = [mark for mark in ":^~\x01\x1f" if mark in names[0]]
    if len(names) == 1 and foreign:
        raise SourceFormatError(
            f"{path}: its first line {names[0][:60]!r} has no delimiter among comma, semicolon, tab and |; "
            f"it seems to be {foreign[0]!r}: write the file with one of these"
        )
