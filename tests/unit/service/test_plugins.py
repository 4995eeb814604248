"""A handler that is missing or broken costs itself only, and is a sentence that people can read."""

import subprocess
import sys
from importlib.metadata import EntryPoint

from plugged import install

from duetmind_adaptive import plugins as lookup
from duetmind_adaptive.contracts import Retry
from duetmind_adaptive.redaction import redact
from duetmind_adaptive.service import plugins
from duetmind_adaptive.settings.load import load_config


def loaded(tmp_path, channels):
    path = tmp_path / "duetmind.yaml"
    path.write_text(f"alerts:\n  channels:\n{channels}")
    return load_config(path, {})


def test_the_built_in_channels_and_actions_are_found_by_entry_point(tmp_path):
    found = plugins.load_handlers(loaded(tmp_path, "    log: {type: log}\n"), {})
    assert set(found.channels) == {"log"}
    assert {"retrain_model", "rollback"} <= set(found.actions)
    assert found.problems == ()


async def test_a_channel_without_its_secret_is_off_its_alerts_wait_and_the_others_go_on(tmp_path):
    channels = '    log: {type: log}\n    ops: {type: webhook, url: "https://x.example/", secret: {env: NOT_SET}}\n'
    found = plugins.load_handlers(loaded(tmp_path, channels), {})
    outcome = await found.channels["ops"].send(None, None)
    assert isinstance(outcome, Retry)
    assert "NOT_SET" in outcome.reason
    assert len(found.problems) == 1
    assert "ops" in found.problems[0]
    assert "NOT_SET" in found.problems[0]


def test_a_plug_in_that_cannot_be_imported_is_named_and_skipped(tmp_path, monkeypatch):
    broken = EntryPoint(name="broken", value="no_such_module:Thing", group=plugins.ACTIONS)
    real = lookup.entry_points

    def entry_points(*, group):
        return [*real(group=group), *([broken] if group == plugins.ACTIONS else [])]

    monkeypatch.setattr(lookup, "entry_points", entry_points)
    found = plugins.load_handlers(loaded(tmp_path, "    log: {type: log}\n"), {})
    assert "retrain_model" in found.actions
    assert "broken" not in found.actions
    assert any("broken" in problem and "no_such_module" in problem for problem in found.problems)


def test_a_secret_that_was_resolved_never_shows_in_a_log(tmp_path):
    secret = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"
    channels = '    ops: {type: webhook, url: "https://x.example/", secret: {env: OPS}}\n'
    found = plugins.load_handlers(loaded(tmp_path, channels), {"OPS": secret})
    assert "ops" in found.channels
    assert secret not in redact(f"failed with {secret}")


def test_apprise_that_is_not_installed_is_named_with_its_extra_and_the_others_go_on(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    monkeypatch.delitem(sys.modules, "duetmind_handlers.alerts.apprise_service", raising=False)
    config = loaded(tmp_path, "    log: {type: log}\n    pager: {type: apprise, url: {env: PAGER_URL}}\n")
    found = plugins.load_handlers(config, {"PAGER_URL": "json://localhost"})
    missing = "Apprise is not installed: pip install 'duetmind-adaptive[apprise]'"
    assert found.problems == (f"alert channel pager is off: alerts.channels.pager: {missing}",)
    assert type(found.channels["log"]).__name__ == "LogChannel"


#: the one that CONTRIBUTING.md shows
WHITEBOARD = """
from duetmind_adaptive.contracts import Delivered
from duetmind_adaptive.errors import ConfigError


class Whiteboard:
    def __init__(self, name):
        self.name = name

    async def send(self, alert, attempt):
        print(alert.title, *alert.lines, sep="\\n")
        return Delivered("written on the board")

    async def close(self): ...


def create(name, options):
    if "colour" not in options:
        raise ConfigError(f"alerts.channels.{name}: `colour` is missing")
    return Whiteboard(name)
"""


def test_an_installed_package_adds_a_channel_of_its_own(tmp_path):
    (tmp_path / "whiteboard.py").write_text(WHITEBOARD)
    info = tmp_path / "whiteboard-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: whiteboard\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[duetmind.alert_channels]\nwhiteboard = whiteboard:create\n")
    channels = "{office: {type: whiteboard, colour: red}, hall: {type: whiteboard}, log: {type: log}}"
    (tmp_path / "duetmind.yaml").write_text(f"alerts: {{channels: {channels}}}\n")
    command = [sys.executable, "-m", "duetmind_adaptive", "alerts", "test", "--config", "duetmind.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    said = {line.split()[0]: line for line in done.stdout.splitlines() if line}
    assert done.returncode == 1, "the hall's has no colour"
    assert "This is a test: nothing has drifted, and nothing is to be done." in done.stdout
    assert said["office"].endswith("written on the board")
    assert "alerts.channels.hall: `colour` is missing" in said["hall"]
    assert "delivered" in said["log"]


def test_an_action_that_goes_by_another_s_name_and_a_channel_that_is_none_cost_themselves_only(tmp_path, monkeypatch):
    source = """
    class Twin:
        name = "rollback"
        def wants(self, event): return False
        async def respond(self, event, operations): ...

    def create(name, options):
        if options.get("token"):
            raise KeyError(options["token"].get_secret_value())
        return object()
    """
    points = {plugins.ACTIONS: {"twin": "odd_things:Twin"}, plugins.CHANNELS: {"odd": "odd_things:create"}}
    install(tmp_path / "odd", "odd-things", points, odd_things=source)
    monkeypatch.syspath_prepend(tmp_path / "odd")
    channels = "    log: {type: log}\n    one: {type: odd}\n    two: {type: odd, token: {env: ODD}}\n"
    found = plugins.load_handlers(loaded(tmp_path, channels), {"ODD": "canary-of-a-token"})
    assert "rollback" in found.actions
    assert "twin" not in found.actions
    assert len(found.problems) == 3
    assert "one is off: what type 'odd' made is no alert channel: it has no send and no close" in found.problems[0]
    assert "two is off: type 'odd' cannot make it: KeyError" in found.problems[1]
    assert "calls itself 'rollback'" in found.problems[2]
    assert "canary" not in "".join(found.problems)
