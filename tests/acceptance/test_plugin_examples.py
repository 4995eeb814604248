"""The examples of plug-ins, installed: each passes its suite, all are listed, and a broken one fails alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from plugged import install

EXAMPLES = Path(__file__).parents[2] / "examples" / "plugins"
KINDS = {"detector", "algorithm", "transformer", "source", "channel", "action"}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder in which all six are installed, as their pyproject says; no network is asked."""
    site = tmp_path / "site"
    for kind in KINDS:
        project = tomllib.loads((EXAMPLES / kind / "pyproject.toml").read_text())
        (file,) = project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
        module = Path(file).stem
        source = (EXAMPLES / kind / file).read_text()
        install(site, project["project"]["name"], project["project"]["entry-points"], **{module: source})
        shutil.copy(EXAMPLES / kind / f"test_{module}.py", tmp_path)
    return site


def python(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(
        command, cwd=site.parent, env=environ, capture_output=True, text=True, check=False, timeout=250
    )


def proved(site: Path, *which: str) -> subprocess.CompletedProcess[str]:
    """The examples' own tests, without this project's settings of pytest."""
    return python(site, "pytest", "-q", "-c", os.devnull, "--rootdir", ".", "-p", "no:cacheprovider", *which)


def states(site: Path) -> tuple[int, dict[str, str], dict[str, str]]:
    done = python(site, "duetmind_adaptive", "plugins", "--json")
    listed = json.loads(done.stdout)["plugins"]
    ours = {each["name"]: each["state"] for each in listed if each["distribution"] == "duetmind-adaptive"}
    theirs = {each["name"]: each["state"] for each in listed if each["distribution"].startswith("duetmind-example-")}
    return done.returncode, theirs, ours


def test_there_is_one_of_each_kind_in_about_20_lines_of_code() -> None:
    assert {path.name for path in EXAMPLES.iterdir() if path.is_dir()} == KINDS
    for kind in KINDS:
        (module,) = (path for path in (EXAMPLES / kind).glob("*.py") if not path.name.startswith("test_"))
        code = [line for line in module.read_text().splitlines() if line.strip() and '"""' not in line]
        assert len(code) <= 22, module


def test_each_passes_its_suite_and_all_are_listed(site: Path) -> None:
    assert states(site)[:2] == (
        0,
        dict.fromkeys(("rank_sum", "bayes", "log_scale", "json_lines", "notebook", "flag_file"), "ok"),
    )
    done = proved(site, ".")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


def test_a_broken_one_fails_alone(site: Path) -> None:
    (site / "rank_sum.py").write_text("import no_such_module\n")
    status, theirs, ours = states(site)
    assert status == 1
    assert {name for name, state in theirs.items() if state != "ok"} == {"rank_sum"}
    assert set(ours.values()) <= {"ok", "missing"}
    done = python(
        site, "pytest", "-q", "-c", os.devnull, "--rootdir", ".", "-p", "no:cacheprovider", "test_notebook.py"
    )
    assert done.returncode == 0, done.stdout
