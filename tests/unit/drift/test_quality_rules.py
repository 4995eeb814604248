"""Each rule by itself: what it tells, and what it must not take for broken."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duetmind_adaptive.drift.quality import duplicates, keys, stale, volume
from duetmind_adaptive.drift.quality.volume import Volume, usual_volume
from duetmind_adaptive.drift.quality.window import Surroundings
from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.drift.row_hashes import EMPTY, Repeats, copies, repeats, row_hashes
from duetmind_adaptive.drift.verdict import compare
from duetmind_adaptive.records import Window
from duetmind_adaptive.stats.intervals import wilson

START = datetime(2026, 3, 1, tzinfo=UTC)


def told(before: object, after: object) -> dict[str, bool]:
    reference = Reference.from_table(pa.table({"x": before}), ["x"])
    found = compare(reference, pa.table({"x": after}), threshold=0.1)
    return {finding.code: finding.breaks for finding in found.findings}


def amounts(rows: int, seed: int, spread: float = 0.6) -> np.ndarray:
    return np.random.default_rng(seed).lognormal(4, spread, rows)


@pytest.mark.parametrize("factor", [100, 0.01, 1000, 1e6, 60, 2.54, 1 / 2.54, 0.4536, 3.28084, 3.7, 0.21])
def test_a_change_of_unit_is_found_in_nineteen_of_twenty_windows(factor):
    before, found = amounts(5_000, 0), 0
    for seed in range(40):
        found += "unit_change" in told(before, amounts(500, 1 + seed) * factor)
    assert found >= 38


@pytest.mark.parametrize("convert", [lambda c: c * 1.8 + 32, lambda c: c + 273.15, lambda c: (c - 32) / 1.8])
def test_temperatures_change_their_unit_with_an_offset(convert):
    generator = np.random.default_rng(0)
    before = generator.normal(20, 4, 3_000)
    assert told(before, convert(generator.normal(20, 4, 500)))["unit_change"] is True


def test_a_factor_of_a_hundred_is_found_beside_drift():
    assert told(amounts(5_000, 0), 100 * 1.3 * amounts(500, 1, spread=0.8))["unit_change"] is True


DRIFTS = {
    "shift": lambda values, by: values + 30 * by,
    "growth": lambda values, by: values * (1 + 0.6 * by),
    "spread": lambda values, by: np.median(values) * (values / np.median(values)) ** (1 + by),
}


@pytest.mark.parametrize("kind", DRIFTS)
def test_drift_is_not_taken_for_another_unit(kind):
    """Growth by a half and the like, in 200 windows: in less than one of 25, with 95 % confidence."""
    before, found = amounts(5_000, 0), 0
    for seed in range(200):
        found += "unit_change" in told(before, DRIFTS[kind](amounts(500, 1 + seed), 0.1 + 0.8 * (seed / 200)))
    assert wilson(found, 200).high < 0.04


def test_values_around_zero_may_grow():
    generator = np.random.default_rng(0)
    assert "unit_change" not in told(generator.normal(size=3_000), generator.normal(size=500) * 3)


@pytest.mark.parametrize("text", ["1234", "1,234.50", "1 234,5", "-0.5", "12 %", "1e-3"])
def test_numbers_are_recognised_in_the_ways_people_write_them(text):
    assert told(amounts(100, 0), [text] * 60 + ["n/a"] * 10 + ["7"] * 30)["number_as_text"] is True


@pytest.mark.parametrize("word", ["ZÃ¼rich", "Z\ufffdrich", "Zâ€™", "Z\x00rich", "20 Â°C"])
def test_garbled_text_is_told_in_categories_and_in_free_text(word):
    towns = ["Zürich", "Genève", "São Paulo", "ÅRHUS", "ESPAÑA"] * 100
    assert told(towns, [*towns[:90], *[word] * 10])["encoding_broken"] is False
    notes = [f"note {at}: {towns[at]}" for at in range(500)]
    assert told(notes, [*notes[:90], *(f"{word} {at}" for at in range(10))]) == {"encoding_broken": False}
    assert "encoding_broken" not in told([*towns, *[word] * 500], [*towns[:50], *[word] * 50])


def test_a_new_extreme_is_no_news_and_a_far_one_is():
    before = np.random.default_rng(0).normal(size=2_000)
    assert told(before, np.append(before[:500], before.max() + 0.01)) == {}
    assert told(before, np.append(before[:496], [40, 50, -60, 70])) == {"out_of_range": False}


def test_columns_that_look_alike_are_matched_by_their_names():
    generator = np.random.default_rng(0)
    before = pa.table({"n1": generator.normal(size=900), "n2": generator.normal(size=900)})
    after = before.slice(0, 500).rename_columns(["n2_new", "n1_new"])
    found = compare(Reference.from_table(before, ["n1", "n2"]), after, threshold=0.1).findings
    renamed = {finding.column: finding.examples for finding in found}
    assert renamed == {"n1": ("n1_new",), "n2": ("n2_new",)}
    assert {finding.code for finding in found} == {"renamed_column"}


def test_a_new_flag_is_not_taken_for_an_old_one_of_another_name():
    before = pa.table({"smoker": [0, 1] * 200, "x": range(400)})
    after = pa.table({"urban": [1, 0] * 100, "x": range(0, 400, 2)})
    codes = {
        finding.code
        for finding in compare(Reference.from_table(before, ["smoker", "x"]), after, threshold=0.1).findings
    }
    assert codes == {"missing_column", "new_column"}


values = st.one_of(st.none(), st.floats(width=32), st.integers(-3, 3).map(float))
lines = st.lists(st.tuples(values, st.one_of(st.none(), st.text(max_size=3)), st.booleans()), max_size=40)


@settings(max_examples=100, deadline=None)
@given(lines)
def test_rows_have_one_hash_exactly_when_they_are_equal(rows):
    table = pa.table(
        {
            "x": pa.array([row[0] for row in rows], pa.float64()),
            "c": pa.array([row[1] for row in rows], pa.string()),
            "b": pa.array([row[2] for row in rows], pa.bool_()),
        }
    )
    hashes = row_hashes(table, ["x", "c", "b"])
    plain = [tuple(None if value != value else value for value in row) for row in rows]  # noqa: PLR0124 - NaN
    for at, mine in enumerate(plain):
        assert (hashes[at] == EMPTY) == (mine.count(None) == 2)
        for other in range(at):
            equal = mine == plain[other] or (mine.count(None) == 2 == plain[other].count(None))
            assert (hashes[at] == hashes[other]) == equal


def test_hashes_do_not_depend_on_the_width_of_a_type_or_on_its_encoding():
    words = pa.array(["a", "bb", "", "a"])
    plain = pa.table({"x": pa.array([1, 2, 3, 1], pa.int8()), "c": words})
    other = pa.table({"x": pa.array([1, 2, 3, 1], pa.float64()), "c": words.dictionary_encode()})
    assert np.array_equal(row_hashes(plain, ["x", "c"]), row_hashes(other, ["x", "c"]))
    assert np.array_equal(row_hashes(plain.slice(1, 2), ["x", "c"]), row_hashes(plain, ["x", "c"])[1:3])
    assert copies(row_hashes(plain, ["x", "c"])).tolist() == [3]


def rows_of(seed: int, count: int, levels: int) -> pa.Table:
    generator = np.random.default_rng(seed)
    return pa.table({name: generator.integers(0, levels, count) for name in "abc"})


@pytest.mark.parametrize("levels", [3, 1_000])
def test_a_batch_that_comes_twice_is_found_whether_rows_repeat_by_nature_or_not(levels):
    """27 different rows repeat all the time; stretches of 16 of them do not."""
    reference = repeats(row_hashes(rows_of(0, 5_000, levels), "abc"))
    first, second = (row_hashes(rows_of(seed, 400, levels), "abc") for seed in (1, 2))
    half = np.concatenate([first[200:], second[:200]])
    assert [f.code for f in duplicates.find(reference, first, first)] == ["duplicated_batch"]
    assert [f.code for f in duplicates.find(reference, half, first)] == ["duplicated_batch"]
    assert [f.code for f in duplicates.find(reference, np.concatenate([first, first]))] == ["duplicated_batch"]
    assert list(duplicates.find(reference, second, first)) == []


def test_some_copies_are_told_and_break_nothing():
    hashes = np.arange(1, 401, dtype=np.uint64)
    hashes[:60] = 7
    found = list(duplicates.find(Repeats(0.0, 0.0), hashes))
    assert [(f.code, f.count, f.breaks, f.examples[0]) for f in found] == [("duplicate_rows", 59, False, "row 1")]


def test_data_that_repeat_like_a_calendar_are_no_copies():
    hours = row_hashes(pa.table({"hour": np.arange(24 * 60) % 24}), ["hour"])
    assert list(duplicates.find(repeats(hours), hours[:480], hours[480:960])) == []


@pytest.mark.parametrize(
    ("rows", "codes"),
    [(40, ["volume_low"]), (49, ["volume_low"]), (51, []), (200, []), (201, ["volume_high"]), (0, ["volume_low"])],
)
def test_volume_is_judged_at_half_and_double(rows, codes):
    found = list(volume.find(rows, Volume(60, 100, 150)))
    assert [finding.code for finding in found] == codes
    assert all(finding.breaks is (finding.code == "volume_low") for finding in found)


def test_quiet_week_ends_are_usual_volume():
    days = np.repeat(np.arange(70.0), np.where(np.arange(70) % 7 < 5, 100, 30)) * 86_400
    usual = usual_volume(days, days.size, 86_400)
    assert usual is not None
    assert list(volume.find(30, usual)) == []
    assert [finding.code for finding in volume.find(12, usual)] == ["volume_low"]


def test_a_few_rows_or_slots_cannot_tell_the_usual_volume():
    assert usual_volume(np.arange(50.0), 50, 10) is None
    assert usual_volume(np.empty(0), 0, 10) is None
    assert list(volume.find(2, Volume(9, 10, 11))) == []


def window(first: int, start: int, hours: int, rows: int = 100) -> Window:
    begin = START + timedelta(hours=start)
    return Window(first_row=first, last_row=first + rows, start=begin, end=begin + timedelta(hours=hours))


@pytest.mark.parametrize(
    ("now", "earlier", "longest", "found"),
    [
        (window(100, 24, 24), window(0, 0, 24), 1, False),
        (window(100, 0, 24), window(0, 0, 24), 1, True),
        (window(100, -48, 24), window(0, 0, 24), 1, True),
        (window(100, 0, 0), window(0, 0, 0), 80, False),
        (window(100, 0, 0), window(0, 0, 0), 5, True),
        (window(100, 0, 0), None, None, False),
        (Window(first_row=0, last_row=9), window(0, 0, 24), 1, False),
    ],
)
def test_a_clock_that_stands_still_is_stale(now, earlier, longest, found):
    codes = [(finding.code, finding.breaks) for finding in stale.find(now, earlier, longest)]
    assert codes == [("stale_partition", True)] * found


def test_keys_that_rows_share_are_counted_and_named():
    found = list(keys.find("id", pa.chunked_array([[1, 2, 2, 3, 3, 3, None, None]])))
    assert [(f.code, f.column, f.count, f.examples, f.breaks) for f in found] == [
        ("keys_not_unique", "id", 5, ("3", "2"), False)
    ]
    assert list(keys.find("id", pa.chunked_array([["a", None, None]]))) == []


def test_keys_are_judged_in_a_window_that_brings_them():
    reference = Reference.from_table(pa.table({"x": range(100)}), ["x"])
    around = Surroundings(window=Window(first_row=0, last_row=50), key=("id", pa.chunked_array([[1] * 50])))
    found = compare(reference, pa.table({"x": range(0, 100, 2)}), threshold=0.1, around=around).findings
    assert [finding.code for finding in found] == ["keys_not_unique"]


def test_times_and_repeats_of_a_reference_come_back_from_its_file(tmp_path):
    table = pa.table({"x": [1, 1, 2], "at": pa.array([0, 0, 9], pa.timestamp("s", "UTC"))})
    Reference.from_table(table, ["x"], moments=table["at"]).save(tmp_path / "p")
    loaded = Reference.load(tmp_path / "p")
    assert loaded.repeats == Repeats(rows=1 / 3, stretches=0.0)
    assert loaded.clock is not None
    assert (loaded.clock.longest_run, loaded.clock.values.tolist()) == (2, [0.0, 0.0, 9.0])
    assert list(loaded.columns) == ["x"]
