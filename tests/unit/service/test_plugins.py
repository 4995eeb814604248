"""A handler that is missing or broken costs itself only, and is a sentence that people can read."""

from importlib.metadata import EntryPoint

from duetmind_adaptive.contracts import Retry
from duetmind_adaptive.service import plugins
from duetmind_adaptive.service.logs import redact
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
    real = plugins.entry_points

    def entry_points(*, group):
        return [*real(group=group), *([broken] if group == plugins.ACTIONS else [])]

    monkeypatch.setattr(plugins, "entry_points", entry_points)
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
