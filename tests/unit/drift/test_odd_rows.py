"""Odd rows: absurd ones are named in words, and sound windows hardly ever name any."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.drift.odd_rows.model import FALSE, OddRowsModel
from duetmind_adaptive.drift.odd_rows.surprise import ColumnSurprise
from duetmind_adaptive.drift.odd_rows.verdict import known_columns, name_odd_rows
from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.drift.verdict import compare, draft
from duetmind_adaptive.records import Kind, Window
from duetmind_adaptive.stats.tail import Tail

ROWS = 500


def mixed(seed: int, rows: int) -> pa.Table:
    """Two numbers that go together, a heavy-tailed one, a category with a rare word, and holes."""
    chance = np.random.default_rng(seed)
    age = chance.normal(40, 12, rows)
    return pa.table(
        {
            "age": age,
            "pension": 3 * age + chance.normal(0, 3, rows),
            "amount": np.exp(chance.normal(4, 1.5, rows)),
            "job": chance.choice(["clerk", "nurse", "pilot"], rows, p=[0.6, 0.399, 0.001]),
            "rate": pa.array(chance.normal(size=rows), mask=chance.random(rows) < 0.1),
        }
    )


KINDS: dict[str, Kind] = {
    "age": "numeric", "pension": "numeric", "amount": "numeric", "job": "categorical", "rate": "numeric",
}  # fmt: skip


def model_of(table: pa.Table, kinds: dict[str, Kind]) -> OddRowsModel:
    model = OddRowsModel.fit(table, kinds)
    assert model is not None
    return model


MODEL = model_of(mixed(1, 8_000), KINDS)


def looked_at(model: OddRowsModel, table: pa.Table, first_row: int = 0) -> CheckReport:
    window = Window(first_row=first_row, last_row=first_row + table.num_rows)
    return name_odd_rows(model, CheckReport(window=window, version=1, drift=False, severity="none", kinds=()), table)


def changed(table: pa.Table, at: int, **values: object) -> pa.Table:
    rows = table.to_pylist()
    rows[at] |= values
    return pa.Table.from_pylist(rows, schema=table.schema)


def test_sound_windows_hardly_ever_name_a_row():
    """One in a hundred is what is promised; of 150, five or more would come by chance 2 times in 100."""
    named = [looked_at(MODEL, mixed(seed, ROWS)).odd_rows for seed in range(10, 160)]
    assert sum(each is not None and each.count > 0 for each in named) < 5


@pytest.mark.parametrize("columns", [1, 30, 200])
def test_the_promise_does_not_depend_on_how_many_columns_there_are(columns: int):
    chance = np.random.default_rng(columns)

    def rows(count: int) -> pa.Table:
        return pa.table({f"x{at}": values for at, values in enumerate(chance.standard_t(4, (columns, count)))})

    model = model_of(rows(2_000), {f"x{at}": "numeric" for at in range(columns)})
    rarity = np.concatenate([model.p_values(rows(ROWS)) for _ in range(12)])
    assert (rarity < FALSE).mean() < 2 * FALSE
    odd = rows(ROWS)
    odd = odd.set_column(0, "x0", pa.array(np.append(odd["x0"].to_numpy()[:-1], 1e6)))
    found = looked_at(model, odd)
    assert found.anomalies[0].subject == f"row {ROWS - 1}"


def test_absurd_rows_are_named_with_the_columns_that_make_them_odd():
    table = changed(mixed(3, ROWS), 7, age=400.0)
    table = changed(table, 100, job="astronaut", amount=-5_000.0)
    table = changed(table, 300, age=25.0, pension=150.0)
    report = looked_at(MODEL, table, first_row=1_000)
    told = {each.subject: each.reason for each in report.anomalies}
    assert set(told) == {"row 1007", "row 1100", "row 1300"}
    assert told["row 1007"].startswith("row 1007: age is 400 (before ")
    assert "amount is -5000 (before " in told["row 1100"]
    assert "which does not go with its other values" in told["row 1300"]
    assert report.odd_rows is not None
    assert (report.odd_rows.count, report.odd_rows.share) == (3, 3 / ROWS)
    assert report.odd_rows.sentence.startswith("3 of 500 rows look like none of the reference: row 1")


def test_a_missing_value_is_odd_where_holes_are_none_and_not_where_they_are_usual():
    holes = ColumnSurprise.fit(mixed(1, 8_000)["rate"], "numeric")
    whole = ColumnSurprise.fit(mixed(1, 8_000)["age"], "numeric")
    hole = pa.chunked_array([pa.array([None], pa.float64())])
    assert holes.of(hole)[0][0] < 3
    assert whole.of(hole)[0][0] > 8


def test_the_rarer_a_category_the_more_surprising_and_ids_that_never_repeat_surprise_nobody():
    jobs = ColumnSurprise.fit(mixed(1, 8_000)["job"], "categorical")
    surprise = jobs.of(pa.chunked_array([["clerk", "nurse", "pilot", "astronaut"]]))[0]
    assert (np.diff(surprise) > 0).all()
    ids = ColumnSurprise.fit(pa.chunked_array([[f"id{at}" for at in range(2_000)]]), "categorical")
    assert ids.of(pa.chunked_array([["id7", "id9999"]]))[0].tolist() == [0.0, 0.0]


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=20, max_size=200), st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=9)
)
def test_the_further_out_the_rarer_and_never_impossible(sample: list[float], values: list[float]):
    tail = Tail.fit(np.array(sample))
    found = tail.log_share_beyond(np.sort(np.array(values)))
    assert (np.diff(found) <= 1e-12).all()
    assert (found <= 0).all()
    assert np.isfinite(found).all()


def test_shares_beyond_a_sample_are_not_told_too_rare():
    """Of heavy and light tails alike: what is said to come once in 10,000 samples of 1,000 comes no more often."""
    chance = np.random.default_rng(4)
    draws = (chance.normal, chance.exponential, lambda size: chance.standard_t(3, size=size))
    for draw in draws:
        said = [float(Tail.fit(draw(size=1_000)).log_share_beyond(draw(size=2_000)).min()) for _ in range(60)]
        assert np.mean(np.exp(said) < 1e-5) < 0.1


def test_columns_that_drift_or_changed_their_type_make_no_row_odd():
    before = mixed(1, 4_000)
    after = mixed(2, ROWS)
    after = after.set_column(0, "age", pa.array(after["age"].to_numpy() + 100))
    after = after.set_column(1, "pension", pa.array(["x"] * ROWS))
    reference = Reference.from_table(before, before.column_names)
    window = Window(first_row=0, last_row=ROWS)
    report = draft(window, 1, compare(reference, after, threshold=0.1), None, ())
    kinds = {name: each.kind for name, each in reference.columns.items()}
    assert list(known_columns(report, after, kinds)) == ["amount", "job", "rate"]


def test_a_column_of_one_value_is_odd_where_it_has_another_and_nowhere_else():
    table = mixed(1, 2_000).append_column("unit", pa.array([1.0] * 2_000))
    model = model_of(table, {**KINDS, "unit": "numeric"})
    window = mixed(5, ROWS).append_column("unit", pa.array([1.0] * (ROWS - 1) + [7.0]))
    report = looked_at(model, window)
    assert [each.reason for each in report.anomalies] == [f"row {ROWS - 1}: unit is 7 (before 1 to 1)"]


def test_too_small_a_reference_or_no_column_gives_no_model():
    assert OddRowsModel.fit(mixed(1, 50), KINDS) is None
    assert OddRowsModel.fit(mixed(1, 5_000), {}) is None
