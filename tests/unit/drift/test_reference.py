"""A profile keeps what the tests need, comes back from disk as it was, and never from a damaged file."""

import decimal
import math
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duetmind_adaptive.drift import profile_file
from duetmind_adaptive.drift.columns import ColumnProfile, Limits, longest_run, summarise
from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.errors import ArtifactError, ColumnMissingError

MIXED = pa.table(
    {
        "number": [3.0, None, 1.0, math.inf, math.nan, 2.0] * 20,
        "word": ["b", "a", None, "a", "a", "c"] * 20,
        "flag": [True, None, False, True, True, True] * 20,
        "moment": pa.array([1, 2, 3, None, 5, 6] * 20, pa.timestamp("us", "Europe/Zurich")),
        "nested": [[1], [2], None, [], [3], [4]] * 20,
        "target": [0, 1, 0, 1, 0, 1] * 20,
    }
)
FEATURES = ["number", "word", "flag", "moment", "nested"]


def assert_same(found: ColumnProfile, expected: ColumnProfile) -> None:
    for name in ColumnProfile.__slots__:
        mine, other = getattr(found, name), getattr(expected, name)
        assert np.array_equal(mine, other) if isinstance(mine, np.ndarray) else mine == other, name


def one(values, arrow_type=None, **options) -> ColumnProfile:
    return summarise("x", pa.chunked_array([pa.array(values, arrow_type)]), **options)


def test_every_kind_keeps_its_own_summary():
    profile = Reference.from_table(MIXED, FEATURES)
    kinds = {name: column.kind for name, column in profile.columns.items()}
    assert kinds == {
        "number": "numeric",
        "word": "categorical",
        "flag": "boolean",
        "moment": "datetime",
        "nested": "text",
    }
    number, word, flag = (profile.columns[name] for name in ("number", "word", "flag"))
    assert (number.rows, number.missing, number.infinite, number.distinct) == (120, 40, 20, 4)
    assert np.array_equal(np.unique(number.values), [1, 2, 3])
    assert (word.categories, word.counts.tolist()) == (("a", "b", "c"), [60, 20, 20])
    assert dict(zip(flag.categories, flag.counts.tolist(), strict=True)) == {"true": 80, "false": 20}
    assert profile.columns["nested"].untested
    assert "target" in profile.known


def test_a_feature_that_the_reference_lacks_is_named():
    with pytest.raises(ColumnMissingError, match="'salary'"):
        Reference.from_table(MIXED, ["number", "salary"])


@pytest.mark.parametrize(
    ("values", "arrow_type", "expected"),
    [
        ([decimal.Decimal("1.50"), decimal.Decimal("-2.25")], pa.decimal128(5, 2), [-2.25, 1.5]),
        ([date(1970, 1, 2), date(1970, 1, 1)], pa.date32(), [0, 86_400]),
        ([datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)], pa.timestamp("ns", "UTC"), [1]),
        ([datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)], pa.timestamp("ms", "Asia/Tokyo"), [1]),
        ([1500], pa.duration("ms"), [1.5]),
        ([2], pa.uint8(), [2]),
        ([0.5], pa.float16(), [0.5]),
    ],
)
def test_numbers_and_times_of_every_width_become_float64(values, arrow_type, expected):
    assert one(values, arrow_type).values.tolist() == expected


def test_dictionaries_and_plain_strings_are_the_same_column():
    words = ["a", "b", "a", None] * 30
    plain, encoded = one(words), summarise("x", pa.chunked_array([pa.array(words).dictionary_encode()]))
    assert (plain.categories, plain.counts.tolist()) == (encoded.categories, encoded.counts.tolist())


def test_strings_that_hardly_repeat_are_text_and_kept_as_lengths():
    profile = one([f"complaint number {number}" for number in range(200)])
    assert profile.kind == "text"
    assert profile.values.min() == len("complaint number 0")
    assert profile.categories == ()


def test_long_columns_are_thinned_to_quantiles_with_both_ends():
    values = np.random.default_rng(0).normal(size=10_001)
    profile = one(values, limits=Limits(values=100))
    assert profile.values.size == 100
    assert (profile.values[0], profile.values[-1]) == (values.min(), values.max())
    ranks = np.searchsorted(np.sort(values), profile.values) / values.size
    assert np.abs(ranks - np.linspace(0, 1, 100)).max() < 1 / 100


def test_rare_categories_beyond_the_limit_are_counted_together():
    words = [f"c{number}" for number in range(100) for _ in range(number + 1)]
    profile = one(words, limits=Limits(categories=10))
    assert profile.categories[0] == "c99"
    assert len(profile.categories) == 10
    assert profile.counts.sum() + profile.other == len(words)
    assert profile.distinct == 100


@given(st.lists(st.integers(0, 3), max_size=60))
def test_the_longest_run_is_the_longest_stretch_of_equal_neighbours(values):
    best = run = 0
    for at, value in enumerate(values):
        run = run + 1 if at and value == values[at - 1] else 1
        best = max(best, run)
    assert longest_run(np.array(values, dtype=np.int64)) == best


tables = st.lists(
    st.tuples(
        st.one_of(st.none(), st.floats()),
        st.one_of(st.none(), st.text(max_size=5)),
        st.one_of(st.none(), st.booleans()),
    ),
    max_size=80,
)


@settings(max_examples=60, deadline=None)
@given(tables)
def test_what_is_saved_comes_back(tmp_path_factory, rows):
    columns = {
        "number": pa.array([row[0] for row in rows], pa.float64()),
        "wörd": pa.array([row[1] for row in rows], pa.string()),
        "flag": pa.array([row[2] for row in rows], pa.bool_()),
    }
    profile = Reference.from_table(pa.table(columns), list(columns))
    path = tmp_path_factory.mktemp("profiles") / "reference.profile"
    profile.save(path)
    loaded = Reference.load(path)
    assert (loaded.rows, loaded.known, list(loaded.columns)) == (len(rows), set(columns), list(columns))
    for name, column in profile.columns.items():
        assert_same(loaded.columns[name], column)


def test_saving_again_replaces_the_file_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "reference.profile"
    Reference.from_table(MIXED, ["number"]).save(path)
    before = Reference.load(path)
    Reference.from_table(MIXED, FEATURES).save(path)
    assert list(before.columns) == ["number"]
    assert before.columns["number"].values.size == 60
    assert list(Reference.load(path).columns) == FEATURES
    assert list(tmp_path.iterdir()) == [path]


def test_a_profile_without_columns_can_be_kept(tmp_path):
    path = tmp_path / "reference.profile"
    Reference.from_table(MIXED, []).save(path)
    assert Reference.load(path).columns == {}


def test_no_damaged_file_is_taken_for_a_profile(tmp_path):
    path = tmp_path / "reference.profile"
    Reference.from_table(MIXED, FEATURES).save(path)
    sound = path.read_bytes()
    generator = np.random.default_rng(0)
    for place in generator.integers(0, len(sound), 150).tolist():
        flipped = bytearray(sound)
        flipped[place] ^= 1 << (place % 8)
        for content in (bytes(flipped), sound[:place]):
            path.write_bytes(content)
            with pytest.raises(ArtifactError, match=r"reference\.profile cannot be read") as caught:
                Reference.load(path)
            assert "\n" not in str(caught.value)


def test_a_missing_file_is_one_plain_sentence(tmp_path):
    with pytest.raises(ArtifactError, match="it is not there"):
        Reference.load(tmp_path / "absent.profile")


def test_a_profile_of_another_version_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "reference.profile"
    monkeypatch.setattr(profile_file, "FORMAT", 99)
    Reference.from_table(MIXED, FEATURES).save(path)
    monkeypatch.undo()
    with pytest.raises(ArtifactError, match=f"format 99 instead of {profile_file.FORMAT}"):
        Reference.load(path)


def test_a_profile_of_the_first_format_is_read_and_what_it_lacks_is_unknown(tmp_path, monkeypatch):
    path = tmp_path / "reference.profile"
    for table in ("_PLAIN", "_ARRAYS"):
        kept = {name: kind for name, kind in getattr(profile_file, table).items() if not name.startswith("garbled")}
        monkeypatch.setattr(profile_file, table, kept)
    monkeypatch.setattr(profile_file, "FORMAT", 1)
    Reference.from_table(MIXED, FEATURES).save(path)
    monkeypatch.undo()
    loaded = Reference.load(path)
    assert loaded.columns["word"].categories == ("a", "b", "c")
    assert loaded.columns["word"].garbled is None
