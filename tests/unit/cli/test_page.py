"""`--html`: what cannot be written is said before the work, and nothing is left half-written."""

from pathlib import Path

CONFIG = """
models:
  loans: {task: binary, target: y, reference: {path: none.csv}, production: {path: none.csv, window: {rows: 10}}}
"""


def test_a_preview_writes_the_mails_with_their_pictures(duetmind, fails, tmp_path: Path) -> None:
    config = tmp_path / "duetmind.yaml"
    config.write_text(CONFIG + "alerts: {templates: words}\n")
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "opened.j2").write_text("ask <#credit-risk>")
    page = tmp_path / "mails.html"
    shown = duetmind("alerts", "preview", "opened", "--config", config, "--html", page)
    assert (shown.status, shown.out.splitlines()[1]) == (0, "ask <#credit-risk>")
    text = page.read_text()
    assert text.count("<h1") == 1
    assert "<li>ask &lt;#credit-risk&gt;</li>" in text
    assert text.count('src="data:image/png;base64,') == 4
    nowhere = tmp_path / "no" / "mails.html"
    line = fails("alerts", "preview", "--config", config, "--html", nowhere)
    assert line == f"{nowhere}: its folder does not exist; make it or choose another --html"


def test_a_backtest_says_before_its_replay_that_the_page_has_no_place(fails, tmp_path: Path) -> None:
    config = tmp_path / "duetmind.yaml"
    config.write_text(CONFIG)
    page = tmp_path / "no" / "page.html"
    line = fails("backtest", "--config", config, "--html", page)
    assert line == f"{page}: its folder does not exist; make it or choose another --html"
    assert (
        fails("backtest", "--config", config, "--html", tmp_path) == f"{tmp_path}: is a folder; name a file for --html"
    )
