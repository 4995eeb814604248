"""A profile is made of any rows, adds up, comes back from bytes as it was, and answers as a comparison of rows does."""

import math
import pickle
from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duetmind_adaptive import Profile, compare
from duetmind_adaptive.errors import ArtifactError, ColumnMissingError, SourceFormatError, SourceMissingError
from duetmind_adaptive.stats.hellinger import hellinger
from duetmind_adaptive.stats.jensen_shannon import jensen_shannon
from duetmind_adaptive.tasks import profiles


def mixed(rows: int, seed: int = 0, *, shift: float = 0.0) -> pa.Table:
    generator = np.random.default_rng(seed)
    numbers = generator.normal(shift, 1, rows)
    words = np.array([f"w{number}" for number in generator.geometric(0.2, rows)], dtype=object)
    words[generator.random(rows) < 0.05] = None
    numbers[generator.random(rows) < 0.05] = np.nan
    seconds = 1.7e15 + 3.6e9 * generator.random(rows)
    return pa.table(
        {
            "number": numbers,
            "count": generator.integers(0, 7, rows),
            "word": pa.array(words, pa.string()),
            "flag": generator.random(rows) < 0.3 + shift / 10,
            "moment": pa.array(seconds.astype(np.int64), pa.timestamp("us", "UTC")),
            "text": ["x" * int(n) + str(at) for at, n in enumerate(generator.integers(1, 30 + int(9 * shift), rows))],
        }
    )


class Stream:
    """What Polars and others offer, whatever else their frames are."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


REFERENCE = Profile.from_frame(mixed(5_000))


def assert_same(one: Profile, other: Profile) -> None:
    assert (one.rows, one.known, one.digest) == (other.rows, other.known, other.digest)
    for name, mine in one.columns.items():
        theirs = other.columns[name]
        for exact in ("rows", "missing", "unreadable", "infinite", "others", "unnamed", "types"):
            assert getattr(mine, exact) == getattr(theirs, exact), (name, exact)
        assert np.array_equal(mine.counts, theirs.counts), name
        assert np.array_equal(mine.registers, theirs.registers), name
        assert mine.moments == pytest.approx(theirs.moments, rel=1e-9, abs=1e-9), name
        assert mine.outer == pytest.approx(theirs.outer, rel=1e-9, abs=1e-9), name


def test_hour_profiles_add_up_to_the_day_profile():
    day = mixed(2_400, seed=1, shift=0.4)
    hours = [REFERENCE.count(day.slice(at, 100)) for at in range(0, 2_400, 100)]
    total = hours[0]
    for hour in hours[1:]:
        total += hour
    assert_same(total, REFERENCE.count(day))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300), st.integers(0, 99))
def test_adding_is_associative_and_commutative(first, second, third, seed):
    one, two, three = (
        REFERENCE.count(mixed(rows, seed=seed + at, shift=at)) for at, rows in enumerate((first, second, third))
    )
    assert_same((one + two) + three, one + (two + three))
    assert_same(one + two, two + one)


def test_a_comparison_of_profiles_says_what_a_comparison_of_rows_says():
    before, after = mixed(5_000), mixed(3_000, seed=9, shift=0.3)
    found, expected = REFERENCE.compare(REFERENCE.count(after)).to_dict(), compare(before, after).to_dict()
    assert found["columns"].keys() == expected["columns"].keys()
    for name, column in expected["columns"].items():
        mine = found["columns"][name]
        assert (mine["drift"], mine["kind"]) == (column["drift"], column["kind"]), name
        assert mine["quality"] == column["quality"], name
        for test, result in column["tests"].items():
            if test in mine["tests"]:
                bounds = mine["tests"][test]
                assert bounds["low"] - 1e-9 <= result["statistic"] <= bounds["high"] + 1e-9, (name, test)
    assert {"ks", "psi", "wasserstein", "jensen_shannon"} <= found["columns"]["number"]["tests"].keys()
    assert {"chi2", "psi", "jensen_shannon"} <= found["columns"]["word"]["tests"].keys()


def draw(seed: int, size: int, shape: str) -> np.ndarray:
    generator = np.random.default_rng(seed)
    values = generator.integers(-2, 6, size).astype(float) if shape == "ties" else generator.standard_t(2, size)
    if shape == "constant":
        values[:] = 3.0
    if shape == "holes":
        values[generator.random(size) < 0.3] = np.nan
        values[generator.random(size) < 0.2] = generator.choice([-np.inf, np.inf])
    return values


samples = st.builds(
    draw, st.integers(0, 2**32 - 1), st.integers(1, 10_000), st.sampled_from(["smooth", "ties", "constant", "holes"])
)


@settings(max_examples=60, deadline=None)
@given(samples, samples, st.integers(2, 1_000))
def test_the_statistics_of_the_rows_lie_between_the_bounds(reference, current, bins):
    before, after = pa.table({"x": [0.0, 1.0, *reference]}), pa.table({"x": [0.0, 1.0, *current]})
    profile = Profile.from_frame(before, bins=bins)
    found = profile.compare(profile.count(after)).to_dict()["columns"]["x"]
    expected = compare(before, after).to_dict()["columns"]["x"]
    assert found["untested"] == expected["untested"]
    for name in {"ks", "wasserstein"} & expected["tests"].keys():
        statistic, bounds = expected["tests"][name]["statistic"], found["tests"][name]
        slack = 1e-9 * max(1.0, abs(statistic))
        assert bounds["low"] - slack <= statistic <= bounds["high"] + slack, name


def test_every_frame_and_file_gives_the_same_profile(tmp_path):
    table = mixed(3_000, seed=3)
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=500)
    pa_csv.write_csv(table, tmp_path / "rows.csv")
    expected = REFERENCE.count(table)
    assert_same(REFERENCE.count(tmp_path / "rows.parquet"), expected)
    assert_same(REFERENCE.count(Stream(table)), expected)
    assert_same(REFERENCE.count(table.to_batches(max_chunksize=700)), expected)
    for found in (REFERENCE.count(table.to_pandas()), REFERENCE.count(str(tmp_path / "rows.csv"))):
        for name, column in found.columns.items():
            assert np.array_equal(column.counts, expected.columns[name].counts), name


def test_a_reference_is_profiled_from_files_and_batches_as_from_a_frame(tmp_path):
    table = mixed(4_000, seed=4)
    for part in range(4):
        pq.write_table(table.slice(part * 1_000, 1_000), tmp_path / f"{part}.parquet")
    whole = Profile.from_frame(table)
    assert_same(Profile.from_files(str(tmp_path)), whole)
    assert_same(Profile.from_files(str(tmp_path / "*.parquet")), whole)
    assert_same(Profile.from_batches(table.to_batches(max_chunksize=900)), whole)
    assert_same(Profile.from_batches(lambda: iter(table.to_batches(max_chunksize=900))), whole)


def test_bins_chosen_from_a_sample_still_hold_a_thousandth_of_the_rows_at_most(monkeypatch):
    monkeypatch.setattr(profiles, "SAMPLE_ROWS", 20_000)
    values = np.random.default_rng(0).lognormal(size=200_000)
    batches = [pa.table({"x": values[at : at + 10_000]}) for at in range(0, 200_000, 10_000)]
    column = Profile.from_batches(batches, bins=100).columns["x"]
    assert column.counts.sum() == 200_000
    assert column.counts.max() <= 200_000 / 100


@pytest.mark.parametrize("bins", [True, False])
def test_a_profile_comes_back_from_bytes_as_it_was(bins):
    profile = REFERENCE.count(mixed(777, seed=5, shift=2.0))
    assert_same(Profile.from_bytes(profile.to_bytes(bins=bins), REFERENCE), profile)
    assert_same(pickle.loads(pickle.dumps(profile)), profile)


def test_a_saved_profile_comes_back_and_no_damaged_file_is_taken_for_one(tmp_path):
    path = tmp_path / "reference.bins"
    REFERENCE.save(path)
    assert_same(Profile.load(path), REFERENCE)
    whole = path.read_bytes()
    generator = np.random.default_rng(0)
    for at in [*range(20), *generator.integers(20, len(whole), 100).tolist()]:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :])
        with pytest.raises(ArtifactError, match=r"reference\.bins: .*make it again"):
            Profile.load(path)
        path.write_bytes(whole[:at])
        with pytest.raises(ArtifactError):
            Profile.load(path)
    with pytest.raises(ArtifactError, match="no such file"):
        Profile.load(tmp_path / "other")
    assert [file.name for file in tmp_path.iterdir()] == ["reference.bins"]


def test_a_window_of_a_thousand_rows_and_fifty_columns_takes_eleven_kilobytes():
    generator = np.random.default_rng(0)
    table = pa.table({f"x{at}": generator.normal(size=20_000) for at in range(50)})
    reference = Profile.from_frame(table, bins=100)
    window = reference.count(table.slice(0, 1_000)).to_bytes(bins=False)
    assert len(window) < 11_500
    assert_same(Profile.from_bytes(window, reference), reference.count(table.slice(0, 1_000)))


def test_profiles_on_other_bins_are_refused_in_one_sentence():
    other = Profile.from_frame(mixed(500, seed=8))
    for act in (lambda: REFERENCE + other, lambda: REFERENCE.compare(other)):
        with pytest.raises(ArtifactError, match="count both on one reference's profile"):
            act()
    with pytest.raises(ArtifactError, match="needs its own reference's profile"):
        Profile.from_bytes(other.to_bytes(bins=False), REFERENCE)
    with pytest.raises(ArtifactError, match="needs its reference's profile"):
        Profile.from_bytes(other.to_bytes(bins=False))


def test_what_cannot_be_profiled_is_said_in_one_sentence():
    with pytest.raises(SourceFormatError, match="gone through only once"):
        Profile.from_batches(iter([mixed(3)]))
    with pytest.raises(ColumnMissingError, match="'absent'"):
        Profile.from_frame(mixed(3), columns=["absent"])
    with pytest.raises(SourceFormatError, match="is a int, not a frame"):
        REFERENCE.count(3)
    with pytest.raises(SourceMissingError, match="current profile has no rows"):
        REFERENCE.compare(REFERENCE.count(mixed(0)))


def test_missing_new_and_retyped_columns_are_named():
    changed = mixed(600, seed=2).drop_columns(["flag"]).append_column("fresh", pa.array(range(600)))
    changed = changed.set_column(0, "number", pa.array(["1,5"] * 600))
    found = REFERENCE.compare(REFERENCE.count(changed)).to_dict()
    assert found["schema"]["missing_columns"] == ["flag"]
    assert found["schema"]["new_columns"] == ["fresh"]
    assert found["schema"]["type_changes"] == {"number": ["double", "string"]} or found["schema"]["type_changes"]
    assert found["columns"]["number"]["untested"]
    assert found["columns"]["flag"]["untested"] == "the column is not in the window"


def test_unseen_categories_keep_their_names_and_counts():
    after = mixed(1_000, seed=6).to_pandas()
    after.loc[:99, "word"] = "brand new"
    column = REFERENCE.compare(REFERENCE.count(after)).to_dict()["columns"]["word"]
    assert "brand new" in column["quality"]["unseen_categories"]
    assert REFERENCE.count(after).columns["word"].others.counts["brand new"] == 100


@pytest.mark.parametrize("kinds", [1_100, 5_000])
def test_more_categories_than_are_named_still_have_bounds(kinds):
    generator = np.random.default_rng(0)
    words = [[f"c{number}" for number in generator.zipf(1.3, 20_000) % kinds] for _ in range(2)]
    profile = Profile.from_frame(pa.table({"c": words[0]}))
    bounds = profile.compare(profile.count(pa.table({"c": words[1]}))).bounds["c"]
    names = sorted({*words[0], *words[1]})
    counts = [np.array([held[name] for name in names], dtype=float) for held in map(Counter, words)]
    for name, exact in {"jensen_shannon": jensen_shannon, "hellinger": hellinger}.items():
        assert bounds[name].low - 1e-9 <= exact(*counts) <= bounds[name].high + 1e-9
        assert (bounds[name].low == bounds[name].high) == (kinds == 1_100)


def test_odd_columns_are_untested_with_their_reason_and_hinder_no_other():
    table = pa.table(
        {
            "good": np.arange(50.0),
            "empty": pa.nulls(50),
            "nested": [[1]] * 50,
            "missing": pa.array([None] * 50, pa.float64()),
            "endless": [math.inf] * 50,
        }
    )
    profile = Profile.from_bytes(Profile.from_frame(table).to_bytes())
    columns = profile.compare(profile.count(table)).to_dict()["columns"]
    assert columns["good"]["untested"] is None
    assert all(columns[name]["untested"] for name in ("empty", "nested", "missing", "endless"))


def test_objects_of_mixed_types_are_counted_as_unreadable():
    frame = pd.DataFrame({"number": [1.0, "a", datetime.now(UTC)]})
    assert REFERENCE.count(frame).columns["number"].unreadable == 3


def test_the_page_of_a_comparison_of_profiles_is_drawn():
    page = REFERENCE.compare(REFERENCE.count(mixed(900, seed=7, shift=1.0))).to_html()
    assert "<svg" in page
    assert "number" in page
