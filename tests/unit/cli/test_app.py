"""Exit status 2 is one plain line on standard error; a traceback is only for DUETMIND_DEBUG."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.core import TyperGroup

from duetmind_adaptive.cli import acts, app
from duetmind_adaptive.cli.lazy import LazyCommand

HEAVY = ("pandas", "numpy", "sklearn", "scipy", "pyarrow", "aiohttp", "sqlalchemy", "pydantic", "yaml")


def commands(group: TyperGroup, prefix: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], LazyCommand]]:
    """Every command with its words, those of groups included."""
    result: list[tuple[tuple[str, ...], LazyCommand]] = []
    for name, command in group.commands.items():
        if isinstance(command, LazyCommand):
            result.append(((*prefix, name), command))
        else:
            assert isinstance(command, TyperGroup)
            result += commands(command, (*prefix, name))
    return result


COMMANDS = [words for words, _ in commands(app.root())]


def process(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "duetmind_adaptive", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environ},
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(duetmind, words: tuple[str, ...]) -> None:
    outcome = duetmind(*words, "--help")
    assert outcome.status == 0
    assert "Examples:\n    duetmind " in outcome.out
    assert f"duetmind {' '.join(words)}" in outcome.out.partition("Examples:")[2]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_that_prints_a_result_has_json(duetmind, words: tuple[str, ...]) -> None:
    if words not in {("config", "schema"), ("run",)}:
        assert "--json" in duetmind(*words, "--help").out


def test_help_lists_every_command_and_imports_none_of_them() -> None:
    code = (
        "import sys, json; from duetmind_adaptive.cli.app import run; status = run(['--help']); "
        "print(json.dumps([status, *sys.modules]), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    status, *modules = json.loads(result.stderr)
    assert status == 0
    assert not {name.partition(".")[0] for name in modules} & set(HEAVY)
    assert not [name for name in modules if name in ("duetmind_adaptive.cli.lists", "duetmind_adaptive.settings")]
    for words, _ in commands(app.root()):
        assert f"  {words[0]} " in result.stdout


@pytest.mark.parametrize("words", [["status"], ["retrain"], ["config", "check"], ["init"]])
def test_help_of_a_command_imports_nothing_that_calculates_or_serves(words: list[str]) -> None:
    code = (
        f"import sys, json; from duetmind_adaptive.cli.app import run; run({[*words, '--help']}); "
        "print(json.dumps(list(sys.modules)), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert not {name.partition(".")[0] for name in json.loads(result.stderr)} & set(HEAVY[:7])


def test_without_a_command_the_help_is_shown(duetmind) -> None:
    assert duetmind() == duetmind("--help")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["statsu"], "No such command 'statsu'. Did you mean 'status'? (see duetmind --help)"),
        (["status", "--jsn"], "No such option: --jsn"),
        (["rollback"], "Missing argument 'MODEL' (see duetmind rollback --help)"),
        (["rollback", "m", "--to", "x"], "Invalid value for '--to': "),
        (["rollback", "m", "--to", "0"], "Invalid value for '--to': "),
        (["promote", "m"], "Missing argument 'VERSION' (see duetmind promote --help)"),
        (["events", "--limit", "0"], "Invalid value for '--limit': "),
        (["jobs", "extra"], "Got unexpected extra argument(s) (extra) (see duetmind jobs list --help)"),
        (["jobs", "cancel"], "Missing argument 'ID' (see duetmind jobs cancel --help)"),
        (["config"], "Missing command (see duetmind config --help)"),
        (["config", "chek"], "No such command 'chek'. Did you mean 'check'"),
    ],
)
def test_wrong_usage_is_one_line(fails, arguments: list[str], line: str) -> None:
    assert fails(*arguments).startswith(line)


def test_an_unexpected_error_is_one_line_with_a_hint(fails, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "find_daemon", lambda *_: 1 / 0)
    line = fails("retrain", "loans")
    assert line == "unexpected ZeroDivisionError: division by zero (DUETMIND_DEBUG=1 shows where)"


def test_debugging_shows_the_traceback(duetmind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "find_daemon", lambda *_: 1 / 0)
    monkeypatch.setenv("DUETMIND_DEBUG", "1")
    outcome = duetmind("retrain", "loans")
    assert outcome.status == 2
    assert "Traceback" in outcome.err


def test_ctrl_c_is_quiet(duetmind, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(acts, "find_daemon", interrupted)
    outcome = duetmind("retrain", "loans")
    assert (outcome.status, outcome.out, outcome.err) == (130, "", "")


def test_the_process_leaves_with_the_status_and_one_line(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("models:\n  loans: {task: binry}\n")
    result = process("status", "--config", str(bad))
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"duetmind: {bad}:2: models.loans.task: found 'binry', allowed: ")
    assert result.stderr.count("\n") == 1


def test_the_process_says_which_daemon_does_not_answer() -> None:
    result = process("models", DUETMIND_URL="http://127.0.0.1:9")
    assert result.returncode == 2
    assert result.stderr == (
        "duetmind: no daemon answers at http://127.0.0.1:9 (Connection refused); "
        "start one with 'duetmind run --config FILE'\n"
    )


def test_a_reader_that_goes_away_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "duetmind_adaptive", "config", "schema"]
    result = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writer)
    assert (result.returncode, result.stderr) == (141, b"")


def test_output_that_the_terminal_cannot_show_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text('models: {"löns": {}}\n', encoding="utf-8")
    result = process("config", "check", str(tmp_path / "c.yaml"), PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert result.returncode == 2
    assert r"l\xf6ns" in result.stderr
