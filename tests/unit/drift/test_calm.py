"""Evidence over windows stays calm while nothing changes, whatever is natural to the data, and tells changes soon."""

from __future__ import annotations

import json
import math
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duetmind_adaptive.drift.calm.evidence import EXCESSES, Evidence, moved
from duetmind_adaptive.drift.calm.learn import Cuts, learn
from duetmind_adaptive.drift.calm.null import Natural
from duetmind_adaptive.drift.calm.scores import ColumnScores
from duetmind_adaptive.drift.calm.watch import Watch
from duetmind_adaptive.drift.columns import summarise
from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.errors import ArtifactError
from duetmind_adaptive.stats.e_detector import EDetector

CHECKS = 1_440.0
ROWS, WINDOW = 20_000, 500
NAMES = [f"x{at}" for at in range(6)]


def autoregressive(generator: np.random.Generator, rows: int, correlation: float) -> np.ndarray:
    noise = generator.normal(size=(rows + 100, len(NAMES)))
    values = noise.copy()
    for at in range(1, rows + 100):
        values[at] = correlation * values[at - 1] + math.sqrt(1 - correlation**2) * noise[at]
    return values[100:]


def frame(values: np.ndarray) -> pa.Table:
    return pa.table(dict(zip(NAMES, values.T.copy(), strict=True)))


def watch_of(table: pa.Table, moments: np.ndarray | None = None) -> Watch:
    profiles = {name: summarise(name, table[name]) for name in table.column_names}
    plain = Watch.of(profiles)
    return Watch.of(profiles, learn(plain.rows(table), Cuts.of(table.num_rows, WINDOW, None, moments)))


def follow(watch: Watch, table: pa.Table, moments: np.ndarray | None = None) -> list[dict[str, int]]:
    """What is called moved after each window."""
    evidence, told = Evidence.none(watch.size), []
    for first in range(0, table.num_rows, WINDOW):
        moment = float(moments[first : first + WINDOW].mean()) if moments is not None else None
        evidence = watch.see(evidence, table.slice(first, WINDOW), row=first, moment=moment, checks=CHECKS)
        told.append(watch.judge(evidence, CHECKS).moved)
    return told


@pytest.mark.parametrize("correlation", [0.0, 0.7])
@pytest.mark.parametrize("heavy", [False, True])
def test_nothing_is_told_while_nothing_changes(correlation, heavy):
    values = autoregressive(np.random.default_rng(1), 3 * ROWS, correlation)
    values = np.sinh(3 * values) if heavy else values
    assert not any(follow(watch_of(frame(values[:ROWS])), frame(values[ROWS:])))


def test_a_season_that_the_reference_shows_is_no_drift_and_one_that_it_does_not_is():
    moments = np.arange(4 * 24 * WINDOW) * 3600 / WINDOW
    values = np.random.default_rng(2).normal(size=(moments.size, len(NAMES)))
    values += np.sin(2 * np.pi * moments / 86_400)[:, np.newaxis]
    half = moments.size * 3 // 4
    watch = watch_of(frame(values[:half]), moments[:half])
    assert "hour of day" in watch.natural.seasons
    assert not any(follow(watch, frame(values[half:]), moments[half:]))
    assert any(follow(watch, frame(values[half:]), moments[half:] + 43_200))


@pytest.mark.parametrize(
    ("change", "within"),
    [
        (lambda x: x + 0.3, 1),
        (lambda x: x * 1.4, 2),
        (lambda x: np.where(np.arange(x.size) % 10 == 0, np.nan, x), 1),
    ],
)
def test_a_change_of_one_column_is_told_soon_by_its_name_and_since_when(change, within):
    generator = np.random.default_rng(3)
    watch = watch_of(frame(generator.normal(size=(ROWS, len(NAMES)))))
    values = generator.normal(size=(8 * WINDOW, len(NAMES)))
    values[4 * WINDOW :, 2] = change(values[4 * WINDOW :, 2])
    told = follow(watch, frame(values))
    assert not any(told[:4])
    assert list(told[3 + within]) == ["x2"]
    assert told[3 + within]["x2"] <= (3 + within) * WINDOW


def test_a_constant_that_begins_to_vary_and_a_category_that_grows_are_told():
    generator = np.random.default_rng(4)
    words = generator.choice(["a", "b", "c"], ROWS, p=[0.5, 0.3, 0.2])
    watch = watch_of(pa.table({"flat": np.zeros(ROWS), "word": words}))
    same = {"flat": np.zeros(WINDOW), "word": words[:WINDOW]}
    assert not any(follow(watch, pa.table(same)))
    assert list(follow(watch, pa.table({**same, "flat": generator.normal(size=WINDOW)}))[0]) == ["flat"]
    assert list(follow(watch, pa.table({**same, "word": ["c"] * WINDOW}))[0]) == ["word"]


def test_what_comes_back_to_normal_is_no_longer_told_after_a_few_windows():
    generator = np.random.default_rng(5)
    watch = watch_of(frame(generator.normal(size=(ROWS, len(NAMES)))))
    values = generator.normal(size=(30 * WINDOW, len(NAMES)))
    values[: 10 * WINDOW] += 0.5
    told = follow(watch, frame(values))
    assert told[9]
    assert not any(told[22:])


def test_a_restart_between_any_two_windows_changes_nothing():
    generator = np.random.default_rng(6)
    watch = watch_of(frame(generator.normal(size=(ROWS, len(NAMES)))))
    going = resumed = Evidence.none(watch.size)
    for at in range(6):
        table = frame(generator.normal(0.05, 1, size=(WINDOW, len(NAMES))))
        going = watch.see(going, table, row=at, moment=None, checks=CHECKS)
        resumed = watch.see(resumed, table, row=at, moment=None, checks=CHECKS)
        resumed = Evidence.from_json(json.loads(json.dumps(resumed.to_json())), watch.size)
    before, after = watch.judge(going, CHECKS), watch.judge(resumed, CHECKS)
    assert before.moved == after.moved
    assert after.level == pytest.approx(before.level, abs=0.2)
    assert after.level <= before.level


def test_one_score_s_evidence_is_the_e_detector_s():
    evidence, detector = Evidence.none(1), EDetector(tolerance=0.02, excesses=tuple(EXCESSES))
    for shift in (0.01, -0.03, 0.2, 0.15):
        one = (np.array([shift]), np.array([0.03]), np.array([0.02]))
        evidence = evidence.update(*one, row=0, cap=np.array([math.inf]))
        detector = detector.update(shift, error=0.03)
    assert evidence.levels(np.ones(1))[0] == pytest.approx(detector.log_level)


@given(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=30))
def test_whenever_a_column_is_told_the_mean_of_all_has_reached_the_level(levels):
    if moved(np.log(np.array(levels) + 1e-300), CHECKS).any():
        assert np.mean(levels) >= CHECKS * (1 - 1e-9)


def test_what_is_natural_is_stored_whole_and_a_damaged_file_is_refused(tmp_path):
    moments = np.arange(4 * 24 * 20) * 180.0
    rows = np.random.default_rng(7).normal(size=(moments.size, 2)) + np.sin(moments / 86_400 * 2 * np.pi)[:, np.newaxis]
    natural = learn([rows], Cuts.of(moments.size, 20, None, moments))
    loaded = Natural.from_bytes(natural.to_bytes(), tmp_path)
    assert set(loaded.seasons) == {"hour of day"}
    assert np.array_equal(natural.expect(np.ones(2), 0.0), loaded.expect(np.ones(2), 0.0))
    with pytest.raises(ArtifactError, match="train the model again"):
        Natural.from_bytes(natural.to_bytes()[:-50], tmp_path)


@pytest.mark.parametrize("values", [[1 / 3, 2 / 3], [0.1, 1e-7], [0, 10**16], [Decimal("1.10"), Decimal("2.5")]])
def test_numbers_that_are_categories_keep_their_names_between_reference_and_window(values: list[object]) -> None:
    table = pa.table({"code": values * 500})
    profile = Reference.from_table(table, ["code"], kinds={"code": "categorical"}).columns["code"]
    means, _ = ColumnScores.of(profile).means(table["code"])
    assert np.abs(means).max() < 1e-9
