"""What checks leave in the store is a history that needs no rows: periods add up, compare and come back."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from duetmind_adaptive.errors import ConfigError, StoreError
from duetmind_adaptive.events import derive_id
from duetmind_adaptive.jobs.inline import InlineExecutor
from duetmind_adaptive.registry.layout import BINS
from duetmind_adaptive.service.clock import SimulatedClock
from duetmind_adaptive.service.engine import Engine
from duetmind_adaptive.service.plugins import Handlers, load_handlers
from duetmind_adaptive.settings.load import load_config
from duetmind_adaptive.settings.model import Loaded
from duetmind_adaptive.store.database import open_store
from duetmind_adaptive.tasks.profile_history import profile_history
from duetmind_adaptive.tasks.profiles import Profile

START = datetime(2026, 1, 2, tzinfo=UTC)
DAYS, PER_DAY = 17, 48
CONFIG = """
models:
  loans:
    task: regression
    timestamp: at
    features: [a, b]
    reference: {path: reference.csv}
    production: {path: live.csv, window: {every: 12h}}
    schedule: {every: 12h}
    responses: []
"""


def write_rows(path: Path, rows: int, first: datetime, *, moves_on: int = 1 << 30) -> None:
    rng = random.Random(rows)
    lines = ["at,a,b"]
    for row in range(rows):
        moved = 2.0 if row >= moves_on else 0.0
        at = first + timedelta(minutes=30 * row)
        lines.append(f"{at.isoformat()},{rng.gauss(moved, 1):.4f},{rng.choice('xyz')}")
    path.write_text("\n".join(lines) + "\n")


async def check_everything(loaded: Loaded) -> None:
    store, ids = await open_store(loaded.store_url), count()
    clock = SimulatedClock(START + timedelta(days=DAYS + 1))
    engine = Engine(
        loaded,
        store=store,
        clock=clock,
        machine_clock=clock,
        executor=InlineExecutor(guarded=True),
        handlers=Handlers(actions=load_handlers(loaded, {}).actions),
        owner="test",
        new_id=lambda: derive_id("test", next(ids)),
    )
    await engine.prepare()
    await engine.settle()
    await engine.checks.run("loans")
    await store.close()


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model's 34 checks, recorded in a store on disk."""
    folder = tmp_path_factory.mktemp("history")
    write_rows(folder / "reference.csv", 900, START - timedelta(days=30))
    write_rows(folder / "live.csv", DAYS * PER_DAY, START, moves_on=15 * PER_DAY)
    (folder / "duetmind.yaml").write_text(CONFIG)
    loaded = load_config(folder / "duetmind.yaml", {})
    asyncio.run(check_everything(loaded))
    return folder / "duetmind.yaml"


def test_every_checked_row_is_in_the_history_old_ones_as_days(config: Path) -> None:
    periods = profile_history(config, "loans").periods
    assert sum(each.profile.rows for each in periods) == periods[-1].window.last_row
    assert [each.window.rows for each in periods[:2]] == [PER_DAY, PER_DAY]
    assert {each.window.rows for each in periods[3:]} == {PER_DAY // 2}


def test_two_periods_are_compared_without_their_rows(config: Path) -> None:
    history = profile_history(config, "loans")
    (config.parent / "live.csv").rename(config.parent / "gone.csv")
    before = history.between(START, START + timedelta(days=15))
    after = history.between(START + timedelta(days=15), START + timedelta(days=17))
    assert before.rows == 15 * PER_DAY
    found = before.compare(after).to_dict()["columns"]
    assert found["a"]["drift"]
    assert not found["b"]["drift"]
    assert not history.references[1].compare(before).drift
    (config.parent / "gone.csv").rename(config.parent / "live.csv")


def test_the_reference_s_profile_lies_beside_the_version_s_other_files(config: Path) -> None:
    paths = list(config.parent.glob(f"**/versions/*/{BINS}"))
    assert [Profile.load(path).rows for path in paths] == [900]


def test_what_is_not_kept_is_said_in_one_sentence(config: Path) -> None:
    with pytest.raises(StoreError, match="nothing is kept of model loans"):
        profile_history(config, "loans").between(START - timedelta(days=9), START - timedelta(days=8))
    with pytest.raises(ConfigError, match="has no model 'other'"):
        profile_history(config, "other")
