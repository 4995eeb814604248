"""`--html`: what cannot be written is said before the work, and nothing is left half-written."""

from pathlib import Path

CONFIG = """
models:
  loans: {task: binary, target: y, reference: {path: none.csv}, production: {path: none.csv, window: {rows: 10}}}
"""


def test_a_backtest_says_before_its_replay_that_the_page_has_no_place(fails, tmp_path: Path) -> None:
    config = tmp_path / "duetmind.yaml"
    config.write_text(CONFIG)
    page = tmp_path / "no" / "page.html"
    line = fails("backtest", "--config", config, "--html", page)
    assert line == f"{page}: its folder does not exist; make it or choose another --html"
    assert (
        fails("backtest", "--config", config, "--html", tmp_path) == f"{tmp_path}: is a folder; name a file for --html"
    )
