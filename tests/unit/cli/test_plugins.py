"""`duetmind plugins` lists everything that is installed; what is broken is one sentence, and costs itself only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from plugged import install

from duetmind_adaptive import plugins

BROKEN = {
    plugins.ACTIONS: {"page": "broken_things:Page", "leaves": "broken_leaving:Leaves"},
    plugins.DETECTORS: {"number": "broken_things:NUMBER", "no_detect": "broken_things:Nothing"},
    plugins.TRANSFORMERS: {"gone": "broken_things:Gone", "winsorise": "broken_things:Nothing"},
    plugins.SOURCES: {"nowhere": "no_such_module:Source"},
}
THINGS = """
print("hello from a plug-in")
NUMBER = 3

class Nothing: ...

class Page:
    name = "page"
    def __init__(self):
        raise RuntimeError("no pager\\nhere")
    def wants(self, event): ...
    async def respond(self, event, operations): ...
"""


def listed(folder: Path) -> tuple[int, dict[tuple[str, str, str], dict[str, str]], str]:
    code = "import sys; from duetmind_adaptive.cli.app import run; status = run(['plugins', '--json']); " + (
        "print(*sys.modules, file=sys.stderr); sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(folder)},
        timeout=120,
        check=False,
    )
    found = json.loads(done.stdout)["plugins"]
    return done.returncode, {(each["group"], each["name"], each["distribution"]): each for each in found}, done.stderr


def test_the_built_in_ones_are_listed_without_loading_what_is_heavy(tmp_path: Path) -> None:
    status, found, stderr = listed(tmp_path)
    assert status == 0
    assert found[plugins.CHANNELS, "email", "duetmind-adaptive"]["state"] == "ok"
    assert found[plugins.TRANSFORMERS, "winsorise", "duetmind-adaptive"]["state"] == "ok"
    assert {each["state"] for each in found.values()} <= {"ok", "missing"}
    assert not {"numpy", "pandas", "sklearn", "pyarrow", "slack_sdk", "aiohttp"} & set(stderr.split())


def test_each_built_in_one_is_what_its_group_asks_for() -> None:
    for group in plugins.GROUPS:
        for name, entry in plugins.installed(group).items():
            if plugins.owner(entry)[0] == plugins.OURS:
                assert plugins.load(group, name) is not None


def test_what_is_broken_is_one_sentence_each_and_the_others_are_fine(tmp_path: Path) -> None:
    install(tmp_path, "broken-things", BROKEN, broken_things=THINGS, broken_leaving="raise SystemExit('bye')")
    quiet = "class Quiet:\n    def detect(self, reference, window): return []\n"
    install(tmp_path, "good-things", {plugins.DETECTORS: {"quiet": "good_things:Quiet"}}, good_things=quiet)
    status, found, _ = listed(tmp_path)
    said = {name: each["reason"] for (_, name, package), each in found.items() if package == "broken-things"}
    assert status == 1
    assert said == {
        "page": "response action 'page' cannot be made with its options: RuntimeError: no pager",
        "leaves": "response action 'leaves' of broken-things cannot be loaded: SystemExit: bye",
        "number": "detector 'number' of broken-things is of type int, which cannot be called; "
        "name a class that is made with its options",
        "no_detect": "detector 'no_detect' of broken-things is no detector: it has no detect; "
        "name a class that is made with its options",
        "gone": "transformer 'gone' of broken-things cannot be loaded: AttributeError: "
        "module 'broken_things' has no attribute 'Gone'",
        "winsorise": "'winsorise' of duetmind-adaptive is used instead; give it another name",
        "nowhere": "source 'nowhere' of broken-things cannot be loaded: ModuleNotFoundError: "
        "No module named 'no_such_module'",
    }
    assert found[plugins.DETECTORS, "quiet", "good-things"]["state"] == "ok"
    assert found[plugins.TRANSFORMERS, "winsorise", "broken-things"]["state"] == "hidden"
    assert found[plugins.TRANSFORMERS, "winsorise", "duetmind-adaptive"]["state"] == "ok"


def test_a_name_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(plugins.PluginError, match=r"^there is no response action 'x'; installed: .*rollback"):
        plugins.load(plugins.ACTIONS, "x")


def test_a_plug_in_that_makes_something_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "made-wrong", {plugins.SOURCES: {"wrong": "made_wrong:create"}}, made_wrong="create = dict\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        plugins.PluginError, match="source 'wrong' of made-wrong is no source: it has no rows and no read"
    ):
        plugins.make(plugins.SOURCES, "wrong")
