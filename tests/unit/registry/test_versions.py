"""Versions and reigns: one champion, one version per job, one switch per request, and a way back."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import Connection, create_engine, select

from duetmind_adaptive.errors import RegistryError
from duetmind_adaptive.records import GateResult, MetricReading, TrainingReport
from duetmind_adaptive.registry import champion as link
from duetmind_adaptive.registry import versions
from duetmind_adaptive.registry.layout import folder_name, version_folder
from duetmind_adaptive.store.tables import metadata, reigns

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Tx:
    connection: Connection
    callbacks: list = field(default_factory=list)

    def after_commit(self, callback):
        self.callbacks.append(callback)


@pytest.fixture
def tx():
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as connection:
        yield Tx(connection)


def a_report(folder="j1-1", sha256="ab" * 32, value=0.8):
    reading = MetricReading(name="accuracy", value=value, low=0.7, high=0.9, error=0.05, rows=300)
    gate = GateResult(
        verdict="better", metric="accuracy", rows=300, champion=0.7, challenger=0.8,
        difference=0.1, low=0.02, high=0.18, confidence=0.95, reason="because",
    )  # fmt: skip
    return TrainingReport(
        folder=Path("/state/models/loans/versions") / folder, sha256=sha256, metrics={"accuracy": value},
        baseline=reading, gate=gate, trained_rows=(-10, 5), train_size=15, libraries={"numpy": "2"}, seconds=1.0,
    )  # fmt: skip


def make(tx, job, **report):
    return versions.register(tx, "loans", a_report(folder=f"{job}-1", **report), job=job, now=NOW)


def promote(tx, version, request, now=NOW):
    return versions.promote(tx, "loans", version, request=request, reason="test", now=now)


def rollback(tx, request, to=None, now=NOW, usable=None):
    return versions.rollback(tx, "loans", to=to, request=request, reason="worse", now=now, usable=usable)


def serving(tx):
    champion = versions.champion(tx.connection, "loans")
    return champion.version if champion else None


def test_versions_count_from_one_per_model(tx):
    assert [make(tx, "a"), make(tx, "b")] == [1, 2]
    assert versions.register(tx, "other", a_report(), job="c", now=NOW) == 1
    assert versions.next_version(tx.connection, "loans") == 3


def test_a_job_makes_one_version_however_often_it_reports(tx):
    assert make(tx, "a") == make(tx, "a") == 1
    assert versions.next_version(tx.connection, "loans") == 2


def test_what_was_registered_is_read_back(tx):
    make(tx, "a")
    version = versions.of_job(tx.connection, "a")
    assert version == versions.get(tx.connection, "loans", 1)
    assert (version.state, version.folder, version.created, version.metric) == ("challenger", "a-1", NOW, 0.8)
    assert version.baseline == a_report().baseline
    assert version.body["trained_rows"] == [-10, 5]
    assert version.body["gate"]["reason"] == "because"
    ref = versions.version_ref(version, Path("/elsewhere/loans"))
    assert ref.artifact == Path("/elsewhere/loans/versions/a-1/model.duet")
    assert ref.baseline == a_report().baseline


def test_a_version_without_artifact_has_none_to_load(tx):
    make(tx, "a", sha256="")
    ref = versions.version_ref(versions.get(tx.connection, "loans", 1), Path("/m"))
    assert (ref.artifact, ref.sha256) == (None, None)


def test_promotion_retires_the_old_champion_and_says_who_it_was(tx):
    make(tx, "a"), make(tx, "b")
    first = promote(tx, 1, "r1")
    assert (first.version, first.previous) == (1, None)
    second = promote(tx, 2, "r2")
    assert (second.version, second.previous, second.sha256, second.metric) == (2, 1, "ab" * 32, 0.8)
    assert [v.state for v in versions.page(tx.connection, "loans", limit=9)] == ["champion", "retired"]


def test_the_same_request_switches_once(tx):
    make(tx, "a"), make(tx, "b")
    promote(tx, 1, "r1")
    assert promote(tx, 1, "r1") is None
    assert promote(tx, 2, "r1") is None
    assert serving(tx) == 1


def test_promoting_the_champion_changes_nothing(tx):
    make(tx, "a")
    promote(tx, 1, "r1")
    assert promote(tx, 1, "r2") is None


def test_promoting_an_unknown_version_is_refused(tx):
    with pytest.raises(RegistryError, match="model loans has no version 7"):
        promote(tx, 7, "r1")


def test_rollback_goes_to_the_previous_champion_and_never_in_circles(tx):
    for job in "abc":
        promote(tx, make(tx, job), f"promote {job}")
    assert rollback(tx, "back 1").version == 2
    assert rollback(tx, "back 1") is None
    assert rollback(tx, "back 2").version == 1
    with pytest.raises(RegistryError, match="no earlier version to go back to from version 1"):
        rollback(tx, "back 3")
    assert [v.state for v in versions.page(tx.connection, "loans", limit=9)] == ["rejected", "rejected", "champion"]


def former(tx, limit=3):
    return [each.version for each in versions.former(tx.connection, "loans", limit=limit)]


def test_versions_that_served_before_are_known_the_latest_first_and_each_artifact_once(tx):
    for job, sha256 in zip("abcdefg", ["1", "2", "1", "3", "4", "5", "6"], strict=True):
        promote(tx, make(tx, job, sha256=sha256), f"promote {job}")
    make(tx, "never served", sha256="7")
    # 7 serves; 3 has the artifact of 1
    assert former(tx, limit=9) == [6, 5, 4, 3, 2]
    assert former(tx) == [6, 5, 4]


def test_neither_what_serves_nor_what_was_taken_back_is_a_former_version(tx):
    for job, sha256 in zip("abcd", ["1", "2", "3", "2"], strict=True):
        promote(tx, make(tx, job, sha256=sha256), f"promote {job}")
    assert former(tx) == [3, 1], "version 2 is what serves as 4"
    rollback(tx, "back")
    assert former(tx) == [1], "and was taken back as such"


def test_rollback_skips_what_cannot_serve(tx):
    for job in "abc":
        promote(tx, make(tx, job), f"promote {job}")
    assert rollback(tx, "back", usable=lambda version: version.version != 2).version == 1


def test_rollback_to_a_named_version(tx):
    for job in "abc":
        promote(tx, make(tx, job), f"promote {job}")
    assert rollback(tx, "back", to=1).version == 1
    with pytest.raises(RegistryError, match="serves already"):
        rollback(tx, "again", to=1)
    with pytest.raises(RegistryError, match="no version 9"):
        rollback(tx, "far", to=9)
    with pytest.raises(RegistryError, match="its artifact is gone"):
        rollback(tx, "gone", to=2, usable=lambda version: False)


def test_rollback_without_champion_is_refused(tx):
    with pytest.raises(RegistryError, match="nothing to roll back"):
        rollback(tx, "back")


def test_a_rejected_challenger_says_so_but_a_champion_stays(tx):
    make(tx, "a"), make(tx, "b")
    promote(tx, 1, "r1")
    versions.reject(tx, "loans", 1)
    versions.reject(tx, "loans", 2)
    assert [v.state for v in versions.page(tx.connection, "loans", limit=9)] == ["rejected", "champion"]


def test_who_served_when(tx):
    make(tx, "a"), make(tx, "b")
    promote(tx, 1, "r1", NOW)
    promote(tx, 2, "r2", NOW + HOUR)
    rollback(tx, "r3", now=NOW + 2 * HOUR)

    def at(hours):
        found = versions.champion_at(tx.connection, "loans", NOW + hours * HOUR)
        return found.version if found else None

    assert [at(h) for h in (-0.1, 0, 0.9, 1, 1.9, 2, 99)] == [None, 1, 1, 2, 2, 1, 1]
    history = versions.history(tx.connection, "loans", limit=9)
    assert [(r.version, r.until is None) for r in history] == [(1, True), (2, False), (1, False)]


def test_pages_go_on_where_they_stopped(tx):
    for job in "abcde":
        make(tx, job)
    first = versions.page(tx.connection, "loans", limit=2)
    second = versions.page(tx.connection, "loans", limit=2, before=first[-1].version)
    assert [v.version for v in first + second] == [5, 4, 3, 2]


@pytest.mark.parametrize("job", ["0190-ab", "a/../../b", "", "é", "x" * 300, ".hidden"])
def test_no_job_id_leads_out_of_the_folder(job, tmp_path):
    name = folder_name(job, 1)
    assert version_folder(tmp_path, name).resolve().parent == (tmp_path / "versions").resolve()
    assert len(name) < 128


class Registry(RuleBasedStateMachine):
    """Whatever is asked in whatever order, at most one version serves, and it is the one of the open reign."""

    def __init__(self):
        super().__init__()
        self.connection = create_engine("sqlite://").connect()
        metadata.create_all(self.connection)
        self.tx = Tx(self.connection)
        self.requests = 0

    def request(self):
        self.requests += 1
        return f"request {self.requests}"

    @rule(job=st.integers(0, 5))
    def train(self, job):
        make(self.tx, f"job {job}")

    @rule(version=st.integers(1, 6))
    def promote(self, version):
        try:
            switch = promote(self.tx, version, self.request())
        except RegistryError:
            assert versions.get(self.connection, "loans", version) is None
            return
        assert serving(self.tx) == version
        assert switch is None or switch.previous != version

    @rule()
    @precondition(lambda self: serving(self.tx) is not None)
    def go_back(self):
        before = serving(self.tx)
        try:
            switch = rollback(self.tx, self.request())
        except RegistryError:
            assert serving(self.tx) == before
            return
        assert switch.version == serving(self.tx) != before
        assert versions.get(self.connection, "loans", before).state == "rejected"

    @rule()
    @precondition(lambda self: self.requests > 0)
    def repeat(self):
        before = serving(self.tx)
        known = self.connection.execute(select(reigns.c.request)).scalars().first()
        if known:
            assert promote(self.tx, 1, known) is None
            assert serving(self.tx) == before

    @invariant()
    def the_open_reign_is_the_champion_s(self):
        still = self.connection.execute(select(reigns.c.version).where(reigns.c.until.is_(None))).scalars().all()
        assert still == ([serving(self.tx)] if serving(self.tx) else [])

    def teardown(self):
        self.connection.close()


TestRegistry = Registry.TestCase
TestRegistry.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


# ---------------------------------------------------------------- the link


def a_version(tx, folder, job):
    home = folder / "versions" / f"{job}-1"
    home.mkdir(parents=True)
    (home / "model.duet").write_text(job)
    make(tx, job)
    return versions.of_job(tx.connection, job)


def test_the_link_follows_the_store(tx, tmp_path):
    first, second = a_version(tx, tmp_path, "a"), a_version(tx, tmp_path, "b")
    assert link.reconcile(tmp_path, None) is False
    assert link.reconcile(tmp_path, first) is True
    assert link.reconcile(tmp_path, first) is False
    assert (tmp_path / "champion").read_text() == "a"
    assert link.reconcile(tmp_path, second) is True
    assert (tmp_path / "champion").read_text() == "b"
    assert not (tmp_path / "champion").readlink().is_absolute()
    assert link.reconcile(tmp_path, None) is True
    assert not (tmp_path / "champion").is_symlink()


def test_a_champion_whose_artifact_is_gone_leaves_the_link_as_it_was(tx, tmp_path):
    first, second = a_version(tx, tmp_path, "a"), a_version(tx, tmp_path, "b")
    link.reconcile(tmp_path, first)
    (tmp_path / "versions" / "b-1" / "model.duet").unlink()
    with pytest.raises(RegistryError, match="is gone; roll back, or restore it"):
        link.reconcile(tmp_path, second)
    assert (tmp_path / "champion").read_text() == "a"


def test_what_a_person_put_in_the_link_s_place_is_said(tx, tmp_path):
    first = a_version(tx, tmp_path, "a")
    (tmp_path / "champion").mkdir()
    with pytest.raises(RegistryError, match="champion cannot be switched"):
        link.reconcile(tmp_path, first)


def test_sweeping_leaves_what_versions_name(tx, tmp_path):
    a_version(tx, tmp_path, "a")
    (tmp_path / "versions" / "killed-1").mkdir()
    (tmp_path / "versions" / "killed-1" / "model.duet").write_text("half")
    (tmp_path / ".champion.next").symlink_to("versions/killed-1/model.duet")
    assert link.sweep(tmp_path, versions.folders(tx.connection, "loans")) == ("killed-1",)
    assert [path.name for path in (tmp_path / "versions").iterdir()] == ["a-1"]
    assert not (tmp_path / ".champion.next").is_symlink()
    assert link.sweep(tmp_path / "new", set()) == ()


@pytest.mark.parametrize(("point", "left"), [("champion.before_switch", "a"), ("champion.after_switch", "b")])
def test_a_kill_around_the_switch_leaves_the_old_or_the_new_and_is_repaired(tx, tmp_path, point, left):
    first, second = a_version(tx, tmp_path, "a"), a_version(tx, tmp_path, "b")
    link.reconcile(tmp_path, first)
    code = (
        "import sys, json; from pathlib import Path; from types import SimpleNamespace as N\n"
        "from duetmind_adaptive.registry.champion import reconcile\n"
        "reconcile(Path(sys.argv[1]), N(**json.loads(sys.argv[2])))"
    )
    facts = json.dumps({"sha256": second.sha256, "folder": second.folder})
    killed = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), facts], env=os.environ | {"DUETMIND_FAILPOINT": point}, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "champion").read_text() == left
    link.reconcile(tmp_path, second)
    assert (tmp_path / "champion").read_text() == "b"


def test_the_service_s_side_imports_nothing_heavy():
    code = "import sys, duetmind_adaptive.registry.champion, duetmind_adaptive.tasks.requests; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pandas", "scipy", "sklearn", "pyarrow", "skops"} & set(loaded)
