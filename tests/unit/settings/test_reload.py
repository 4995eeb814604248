"""A reload knows what changed, and what of it waits for a restart."""

from duetmind_adaptive.settings.reload import Changes, compare


def test_the_same_config_is_no_change(load, model) -> None:
    assert compare(load(model()), load("# a comment\n" + model())).nothing


def test_models_are_added_removed_and_changed(load, model) -> None:
    old = load(model())
    other = model(metric="f1").replace("loans:", "cards:", 1)
    assert compare(old, load(other)) == Changes(added=("cards",), removed=("loans",))
    assert compare(old, load(model(metric="f1"))) == Changes(changed=("loans",))


def test_a_default_that_changes_changes_its_models(load, model) -> None:
    changes = compare(load(model()), load(model(at_end="drift_monitoring: {drift_threshold: 0.2}")))
    assert changes == Changes(changed=("loans",), sections=("drift_monitoring",))


def test_routes_can_change_at_once(load, model) -> None:
    changes = compare(load(model()), load(model(at_end="alerts: {routes: [{channels: [log]}]}")))
    assert changes == Changes(sections=("alerts",))


def test_sockets_files_and_the_clock_wait_for_a_restart(load, model) -> None:
    old = load(model())
    assert compare(old, load(model(at_end="http: {port: 1}"))).restart == ("http",)
    assert compare(old, load(model(at_end="clock: {speed: 2}"))).restart == ("clock",)
    changes = compare(old, load(model(at_end="store: {url: 'sqlite:///other/d.db'}")))
    assert changes == Changes(changed=("loans",), restart=("store", "state"))
