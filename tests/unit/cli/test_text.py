"""Tables are aligned text in a pipe, coloured on a terminal unless NO_COLOR says not to."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duetmind_adaptive.cli.text import align, plain, print_table


@given(st.text())
def test_no_text_can_act_on_a_terminal(text: str) -> None:
    assert plain(text).isprintable()


def test_a_table_without_rows_is_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("NAME", "ROWS"), [])
    assert capsys.readouterr().out == "NAME  ROWS\n"


def test_cells_stand_under_each_other() -> None:
    assert align([["A", "B"], ["long", "x"]]) == ["A     B", "long  x"]


def on_a_terminal(**environ: str) -> str:
    """What a table looks like on a real pseudo-terminal."""
    code = "from duetmind_adaptive.cli.text import print_table; print_table(['S[x]'], [['high'], ['[red]x[/red]']])"
    leader, follower = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    environment |= {"TERM": "xterm-256color", "COLUMNS": "80", **environ}
    try:
        subprocess.run([sys.executable, "-c", code], stdout=follower, env=environment, check=True, timeout=60)
        return os.read(leader, 10_000).decode()
    finally:
        os.close(follower)
        os.close(leader)


def test_a_terminal_gets_colour_and_names_are_not_markup() -> None:
    shown = on_a_terminal()
    assert "\x1b[31mhigh" in shown
    assert "S[x]" in shown
    assert "[red]x[/red]" in shown


def test_no_color_is_respected() -> None:
    assert "\x1b" not in on_a_terminal(NO_COLOR="1")
