"""The daemon as whoever runs it meets it: signals, readiness, answers, and what it needs and leaves alone."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from live_daemon import LiveDaemon, wait_for
from live_worlds import MODEL, World, model_settings
from stories import Story

from duetmind_adaptive.errors import DaemonUnreachableError
from duetmind_adaptive.service.app import ECHO

#: what only worker processes may load
HEAVY = ("numpy", "pandas", "scipy", "sklearn", "pyarrow", "optuna")


# ---------------------------------------------------------------- how it ends


def test_no_descendant_lives_two_seconds_after_kill_9(world: World, daemon: LiveDaemon) -> None:
    """Killed while it trains and has a worker for checks."""
    daemon.start()
    daemon.wait_for(lambda: daemon.get("/status")["jobs"]["running"] and len(daemon.family()) >= 3, "a training")
    assert daemon.kill(orphans_end_within=2.0) == -signal.SIGKILL


def test_the_first_sigterm_drains_and_exits_0_while_readyz_says_503(world: World, daemon: LiveDaemon) -> None:
    """A training is under way, so that draining takes a while."""
    daemon.start()
    daemon.wait_for(lambda: daemon.get("/status")["jobs"]["running"], "a training")
    daemon.signal(signal.SIGTERM)
    said = wait_for(lambda: not_ready(daemon), "a readyz of 503", seconds=1.0)
    assert "the daemon is draining" in said
    assert daemon.dies_by_itself() == 0
    told = [line["event"] for line in daemon.log_lines()]
    assert told.index("daemon.draining") < told.index("daemon.stopped") == len(told) - 1


def not_ready(daemon: LiveDaemon) -> str | None:
    try:
        return None if daemon.get("/readyz")["ready"] else "ready"
    except DaemonUnreachableError as error:
        return str(error)


def test_a_second_sigterm_forces(world: World, daemon: LiveDaemon, story: Story) -> None:
    daemon.start()
    daemon.wait_for(lambda: daemon.get("/status")["jobs"]["running"], "a training")
    family = daemon.family()
    daemon.signal(signal.SIGTERM)
    wait_for(lambda: not_ready(daemon), "a readyz of 503")
    time.sleep(2 * ECHO)
    daemon.signal(signal.SIGTERM)
    assert daemon.dies_by_itself() == 130
    _, left = psutil.wait_procs(family, timeout=10)
    assert left == []
    daemon.start()
    daemon.wait_for(lambda: daemon.model(MODEL)["champion"], "the job that was forced to end, run again")


def test_a_sigterm_that_comes_twice_at_once_is_one(world: World, daemon: LiveDaemon) -> None:
    """As timeout(1) sends it: to the process, and to its group."""
    daemon.start()
    daemon.signal(signal.SIGTERM)
    daemon.signal(signal.SIGTERM)
    assert daemon.dies_by_itself() == 0


# ---------------------------------------------------------------- what it answers


def test_the_health_addresses_answer_in_the_contracts_shapes(served: LiveDaemon) -> None:
    assert served.get("/healthz")["status"] == "ok"
    assert served.get("/readyz") == {"ready": True, "reasons": []}
    status = served.get("/status")
    assert {"version", "uptime_seconds", "models", "bus", "jobs", "resources"} <= status.keys()
    wanted = {"champion", "last_check", "next_check", "drift", "severity", "open_incident"}
    assert wanted <= status["models"][MODEL].keys()
    assert {"pending", "dead"} <= status["bus"].keys()
    assert {"running", "queued"} <= status["jobs"].keys()
    assert {"cpu", "memory_gb", "gpu"} <= status["resources"].keys()
    assert all({"total", "reserved"} <= resource.keys() for resource in status["resources"].values())


def test_metrics_are_prometheus_text(served: LiveDaemon) -> None:
    with urllib.request.urlopen(f"{served.url}/metrics") as answer:
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        text = answer.read().decode()
    assert "duetmind_config_reload_success 1.0" in text
    assert "duetmind_bus_pending 0.0" in text
    assert all(line.startswith(("#", "duetmind_", "process_", "python_")) for line in text.splitlines())


def test_what_changes_something_needs_the_token(served: LiveDaemon) -> None:
    request = urllib.request.Request(f"{served.url}/api/v1/models/{MODEL}/retrain", data=b"{}", method="POST")
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request)
    assert refusal.value.code == 401
    token = served.config.parent / "state" / "http-token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600


# ---------------------------------------------------------------- what it is made of


def test_the_service_process_maps_none_of_the_numerical_libraries(served: LiveDaemon, trained: World) -> None:
    """Not even after it has had a model trained and a window checked."""
    trained.let_in()
    served.wait_for(lambda: served.model(MODEL)["last_check"], "a check")
    maps = Path(f"/proc/{served.process.pid}/maps").read_text()
    assert [name for name in HEAVY if f"/{name}/" in maps or f"/{name}." in maps] == []


def test_log_lines_are_json_documents_without_a_terminal(served: LiveDaemon) -> None:
    lines = served.log_lines()
    assert lines
    assert all(list(line)[:3] == ["timestamp", "level", "event"] for line in lines)
    assert "daemon.ready" in [line["event"] for line in lines]


def test_it_works_from_a_working_directory_that_it_may_not_write(world: World, tmp_path: Path) -> None:
    """Only the state folder is written to; the rest of the world may be read-only."""
    readonly = tmp_path / "readonly"
    readonly.mkdir()
    readonly.chmod(0o555)
    before = sorted(path.name for path in world.folder.iterdir())
    with LiveDaemon(world.config, world.port, cwd=readonly) as daemon:
        daemon.start()
        daemon.wait_for(lambda: daemon.model(MODEL)["champion"], "the first version")
        assert daemon.stop() == 0
    assert list(readonly.iterdir()) == []
    assert sorted(path.name for path in world.folder.iterdir()) == sorted([*before, "state", "daemon.log"])


# ---------------------------------------------------------------- systemd


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """What listens on NOTIFY_SOCKET."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(30)
        yield listener


def heard(systemd: socket.socket, wanted: str) -> list[str]:
    """Everything said until `wanted` is."""
    said: list[str] = []
    while wanted not in said:
        said += systemd.recv(4096).decode().split("\n")
    return said


def test_systemd_hears_ready_then_signs_of_life_then_reload_then_stopping(world: World, systemd: socket.socket) -> None:
    environ = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "600000"}
    with LiveDaemon(world.config, world.port, environ) as daemon:
        daemon.start(ready=False)
        before = heard(systemd, "READY=1")
        assert "STOPPING=1" not in before
        heard(systemd, "WATCHDOG=1")
        heard(systemd, "WATCHDOG=1")
        daemon.signal(signal.SIGHUP)
        assert any(
            line.startswith("MONOTONIC_USEC=") for line in [*heard(systemd, "RELOADING=1"), *heard(systemd, "READY=1")]
        )
        daemon.signal(signal.SIGTERM)
        heard(systemd, "STOPPING=1")
        assert daemon.dies_by_itself() == 0


def test_a_stopped_process_gives_no_sign_of_life(world: World, systemd: socket.socket) -> None:
    """A watchdog that barks at a hang needs silence while nothing progresses."""
    environ = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "200000"}
    with LiveDaemon(world.config, world.port, environ) as daemon:
        daemon.start()
        heard(systemd, "WATCHDOG=1")
        daemon.signal(signal.SIGSTOP)
        systemd.setblocking(False)
        try:
            while systemd.recv(4096):
                pass
        except BlockingIOError:
            pass
        time.sleep(0.5)
        with pytest.raises(BlockingIOError):
            systemd.recv(4096)
        daemon.signal(signal.SIGCONT)
        systemd.settimeout(30)
        heard(systemd, "WATCHDOG=1")


# ---------------------------------------------------------------- going on


def test_a_restart_goes_on_where_it_stood(served: LiveDaemon, trained: World, story: Story) -> None:
    trained.let_in()
    served.wait_for(lambda: served.model(MODEL)["last_check"] and served.idle(), "a check")
    before = served.model(MODEL)
    assert served.stop() == 0
    served.start()
    after = served.model(MODEL)
    assert {key: after[key] for key in ("champion", "last_check", "drift", "severity", "open_incident")} == {
        key: before[key] for key in ("champion", "last_check", "drift", "severity", "open_incident")
    }
    trained.let_in()
    served.wait_for(lambda: story.one("SELECT count(*) FROM checks") == 2, "the next check")
    assert story.one("SELECT count(*) FROM versions") == 1


def test_after_downtime_there_is_one_catch_up_check_and_every_slot_has_its_row(
    served: LiveDaemon, trained: World, story: Story
) -> None:
    assert served.stop() == 0
    trained.let_in()
    last = story.one("SELECT max(slot) FROM slots")
    time.sleep(4)  # four slots pass while nobody is there
    served.start()
    served.wait_for(lambda: story.one("SELECT count(*) FROM checks") == 1, "the check that catches up")
    served.wait_for(
        lambda: story.one("SELECT count(*) FROM slots WHERE slot > ? AND state IN ('ran', 'late')", last),
        "a slot that ran",
    )
    rows = story.rows("SELECT slot, state FROM slots WHERE slot >= ? ORDER BY slot", last)
    fates = [row["state"] for row in rows]
    first_run = next(index for index, state in enumerate(fates) if state in {"ran", "late"})
    assert first_run >= 3
    assert set(fates[:first_run]) == {"coalesced"}


def test_a_second_model_that_cannot_be_read_does_not_hold_up_the_first(world: World, daemon: LiveDaemon) -> None:
    world.models["broken"] = model_settings(reference={"path": "nowhere.parquet"})
    world.write()
    daemon.start()
    daemon.wait_for(lambda: daemon.model(MODEL)["champion"], "the first model's version")
    world.let_in()
    daemon.wait_for(lambda: daemon.model(MODEL)["last_check"], "the first model's check")
    failed = daemon.wait_for(lambda: daemon.events("retrain.failed"), "the news about the broken one")
    assert failed[0]["data"]["model"] == "broken"
    assert "nowhere.parquet" in failed[0]["data"]["message"]
    assert daemon.is_ready()


def test_an_artifact_that_was_tampered_with_is_told_once_and_answers_nothing(
    served: LiveDaemon, trained: World, story: Story
) -> None:
    """Its check fails until the file is as it was; the daemon lives on."""
    artifact = (trained.folder / "state" / "models" / MODEL / "champion").resolve()
    content = artifact.read_bytes()
    artifact.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    trained.let_in()
    told = "SELECT count(*) FROM events WHERE type = 'duetmind.check.failed' AND body NOT LIKE '%source_missing%'"
    served.wait_for(lambda: story.one(told), "news of the artifact")  # an earlier slot may have found no rows yet
    slots = "SELECT count(*) FROM slots WHERE state = 'missed'"
    before = story.one(slots)
    served.wait_for(lambda: story.one(slots) >= before + 2, "two more slots")
    assert story.one(told) == 1
    assert str(artifact.parent.name) in served.model(MODEL)["problem"]
    assert served.is_ready()
    artifact.write_bytes(content)
    served.wait_for(lambda: story.one("SELECT count(*) FROM checks") == 1, "the check")
    assert served.model(MODEL)["problem"] is None


def test_canary_secrets_reach_neither_log_nor_store_nor_answers(world: World, daemon: LiveDaemon) -> None:
    """Through success and failure, at DEBUG: the environment's and the token made at start (R38)."""
    canary = "whsec_" + "Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5"
    world.settings["alerts"]["channels"]["ops"] = {
        "type": "webhook",
        "url": "http://127.0.0.1:9/hook?key=canary-in-a-query",
        "secret": {"env": "OPS_SECRET"},
    }
    world.write()
    daemon.start("--log-level", "debug", environ={"OPS_SECRET": canary})
    daemon.wait_for(lambda: daemon.model(MODEL)["champion"], "the first version")
    world.let_in(flipped=True, shifted=1.0)
    daemon.wait_for(lambda: daemon.model(MODEL)["open_incident"], "an incident")
    token = (world.folder / "state" / "http-token").read_text().strip()
    answers = json.dumps([daemon.get("/status"), daemon.events(), daemon.get("/api/v1/jobs")])
    assert daemon.stop() == 0
    kept = b"".join(path.read_bytes() for path in (world.folder / "state").glob("duetmind.db*"))
    told = daemon.log.read_bytes() + kept + answers.encode()
    assert canary.encode() not in told
    assert token.encode() not in told
    assert os.environ.get("OPS_SECRET") is None
