"""Text for people and pipes: one-line values, aligned tables, one JSON document.

Names in data come from elsewhere and may hold anything: control characters are shown, never sent to a terminal.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def plain(value: object) -> str:
    r"""A value on one line that no terminal acts on.

    >>> plain("a\x1b[31m\nb"), plain(None), plain(0.123456), plain(True)
    ('a\\x1b[31m\\nb', '-', '0.1235', 'yes')
    """
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def print_json(document: object) -> None:
    """Print one JSON document."""
    print(json.dumps(document, indent=2, ensure_ascii=False))


def print_act(document: Mapping[str, Any], sentence: str, *, as_json: bool) -> int:
    """Tell what an act came to, and give the exit status of success."""
    print_json(document) if as_json else print(plain(sentence))
    return 0


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under their columns: with colour on a terminal, aligned text elsewhere."""
    cells = [[plain(value) for value in row] for row in rows]
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        _print_rich(columns, cells)
    else:
        print("\n".join(align([list(columns), *cells])))


def print_outlook(models: Mapping[str, Mapping[str, Any]]) -> None:
    """Print, under a table of models, what the newest check of each foretells and finds unusual: a line each."""
    for name, model in models.items():
        for sentence in [*(model.get("predicted") or []), *(model.get("unusual") or [])]:
            print(f"{plain(name)}: {plain(sentence)}")


def print_headline(text: str, style: str) -> None:
    """Print the line that says it all: bold, in the colour of a severity or a state on a terminal, plain elsewhere."""
    if not (sys.stdout.isatty() and not os.environ.get("NO_COLOR")):
        print(plain(text))
        return
    from rich.console import Console
    from rich.text import Text

    Console().print(Text(plain(text), style=f"bold {_STYLES.get(style, 'green')}".replace("bold bold", "bold")))


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines whose cells stand under each other, two spaces apart.

    >>> align([["NAME", "ROWS"], ["loans", "7"]])
    ['NAME   ROWS', 'loans  7']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _print_rich(columns: Sequence[str], cells: Iterable[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(Text(column))
    for row in cells:
        table.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
    Console().print(table)


_STYLES = {
    "low": "yellow",
    "medium": "yellow",
    "high": "red",
    "critical": "bold red",
    "drift": "red",
    "stable": "green",
    "untested": "yellow",
    "failed": "red",
    "dead": "red",
    "open": "yellow",
    "resolved": "green",
    "succeeded": "green",
}
