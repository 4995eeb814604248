"""Each way in which data breaks opens one incident of its own and asks for no retrain; sound data break nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from duetmind_adaptive.drift.quality.window import Surroundings
from duetmind_adaptive.drift.reference import Reference
from duetmind_adaptive.drift.verdict import compare, draft, settle
from duetmind_adaptive.events import DriftDetected, RetrainRequested
from duetmind_adaptive.policy.decide import decide
from duetmind_adaptive.policy.rules import Rules
from duetmind_adaptive.policy.state import ModelState
from duetmind_adaptive.records import MetricReading, Performance, Window
from duetmind_adaptive.service.reports import completed
from duetmind_adaptive.stats.intervals import wilson

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ROWS = 200


def rows(days: int, seed: int, first: int = 0) -> pa.Table:
    generator, count = np.random.default_rng(seed), days * ROWS
    moments = [START + first * DAY + at * DAY / ROWS for at in range(count)]
    return pa.table(
        {
            "at": pa.array(moments, pa.timestamp("us", "UTC")),
            "amount": generator.lognormal(4, 0.5, count),
            "age": generator.integers(18, 80, count),
            "town": generator.choice(np.array(["Genève", "Zürich", "Bern"]), count),
        }
    )


REFERENCE = rows(20, seed=0)
FEATURES = ["amount", "age", "town"]
PROFILE = Reference.from_table(REFERENCE, FEATURES, moments=REFERENCE["at"])
BEFORE, SOUND = rows(1, seed=1, first=30), rows(1, seed=2, first=31)


def span(table: pa.Table, first_row: int) -> Window:
    moments = table["at"].to_pylist()
    return Window(first_row=first_row, last_row=first_row + len(moments), start=moments[0], end=moments[-1])


def check(table: pa.Table, before: pa.Table = BEFORE):
    earlier, window = span(before, 0), span(table, before.num_rows)
    around = Surroundings(window=window, every=DAY, earlier=earlier, earlier_rows=before)
    data = compare(PROFILE, table, threshold=0.1, ignore=["at"], around=around)
    reading = MetricReading(name="accuracy", value=0.6, low=0.5, high=0.7, error=0.02, rows=table.num_rows)
    fallen = Performance(window=window, reading=reading, reference=replace(reading, value=0.9), degraded=True)
    return settle(draft(window, 1, data, fallen, ()))


def changed(name: str, values: object) -> pa.Table:
    return SOUND.set_column(SOUND.column_names.index(name), name, pa.array(values))


AMOUNT = SOUND["amount"].to_numpy()
CAUSES = {
    "missing_column": lambda: SOUND.drop_columns("amount"),
    "renamed_column": lambda: SOUND.rename_columns(["at", "amount_eur", "age", "town"]),
    "retyped": lambda: changed("amount", ["much", "little"] * (ROWS // 2)),
    "number_as_text": lambda: changed("amount", [f"{value:,.2f}" for value in AMOUNT]),
    "unit_change": lambda: changed("amount", AMOUNT * 100),
    "null_flood": lambda: changed("amount", [None] * 150 + AMOUNT[150:].tolist()),
    "constant_column": lambda: changed("amount", np.full(ROWS, 7.0)),
    "duplicated_batch": lambda: BEFORE.set_column(0, "at", SOUND["at"]),
    "volume_low": lambda: SOUND.take(pa.array(range(0, ROWS, 3))),
    "stale_partition": lambda: SOUND.set_column(0, "at", BEFORE["at"]),
}


@pytest.mark.parametrize("code", CAUSES)
def test_broken_data_open_one_quality_incident_and_ask_for_no_retrain(code):
    report = check(CAUSES[code]())
    assert [finding.code for finding in report.findings if finding.breaks] == [code]
    event = completed("loans", "accuracy", report, id="check-0", now=START)
    decision = decide(ModelState(), event, Rules(retrain=True, opens_after=1, opens_within=1), START)
    told = [command.kind for command in decision.commands]
    assert told.count(DriftDetected) == 1
    assert RetrainRequested not in told
    assert decision.state.signal("quality").incident is not None
    assert decision.state.signal("performance").incident is None


def test_a_sound_window_is_told_nothing_and_a_fallen_metric_is_its_own():
    report = check(SOUND)
    assert report.findings == ()
    event = completed("loans", "accuracy", report, id="check-0", now=START)
    decision = decide(ModelState(), event, Rules(retrain=True, opens_after=1, opens_within=1), START)
    assert RetrainRequested in [command.kind for command in decision.commands]


def test_findings_carry_counts_and_examples():
    found = {code: next(f for f in check(CAUSES[code]()).findings if f.code == code) for code in CAUSES}
    assert found["renamed_column"].examples == ("amount_eur",)
    assert "× 100" in found["unit_change"].message
    assert (found["duplicated_batch"].count, found["duplicated_batch"].examples[0]) == (ROWS, "row 0")
    assert (found["volume_low"].count, found["null_flood"].count) == (67, 150)
    assert found["constant_column"].examples == ("7",)


def test_samples_of_the_bank_reference_break_nothing(bank):
    """200 windows of 1,000 rows, drawn with a seed: none breaks, so the rate is below 2 % with 95 % confidence."""
    profile = Reference.from_table(bank.reference, bank.features)
    generator, broken = np.random.default_rng(0), 0
    for _ in range(200):
        places = np.sort(generator.choice(bank.reference.num_rows, 1_000, replace=False))
        broken += bool(compare(profile, bank.reference.take(pa.array(places)), threshold=0.1).breaking)
    assert broken == 0
    assert wilson(broken, 200).high < 0.02


@pytest.mark.parametrize("stream", ["bank", "shuffled"])
def test_no_window_of_a_sound_stream_breaks(stream, request):
    """Whatever drifts in it; each window beside the one before it."""
    data = request.getfixturevalue(stream)
    profile = Reference.from_table(data.reference, data.features)
    for first in range(2_000, data.production.num_rows - 1_000, 1_000):
        window = Window(first_row=first, last_row=first + 1_000)
        around = Surroundings(window=window, earlier_rows=data.production.slice(first - 1_000, 1_000))
        found = compare(
            profile, data.production.slice(first, 1_000).select(data.features), threshold=0.1, around=around
        )
        assert found.breaking == ()
