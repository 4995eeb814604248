"""`Detector`: windows of any frame, one after the other, with few false alarms and quick finds."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from duetmind_adaptive import Detector
from duetmind_adaptive.errors import SourceError


def rows(seed: int, count: int, shift: float = 0.0) -> pa.Table:
    chance = np.random.default_rng(seed)
    return pa.table({"x": chance.normal(shift, 1, count), "word": chance.choice(["a", "b", "c"], count)})


REFERENCE = rows(1, 20_000)


class Foreign:
    """A frame of a library that we do not know, such as Polars: all it has is the Arrow stream."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


def test_a_month_of_unchanged_windows_is_silent_and_a_small_lasting_shift_is_found_with_its_first_row() -> None:
    detector = Detector(REFERENCE, window=500)
    assert not any(detector.update(rows(seed, 500)).drift for seed in range(10, 110))
    reports = [detector.update(rows(seed, 500, shift=0.2)) for seed in range(110, 118)]
    assert reports[-1].drift
    assert [column.name for column in reports[-1].drifted] == ["x"]
    assert reports[-1].calm is not None
    assert reports[-1].calm.since_row == pytest.approx(50_000, abs=4_000)


@pytest.mark.parametrize("frame", [pa.Table.to_pandas, Foreign, lambda table: table])
def test_every_frame_gives_the_same_verdict(frame: Callable[[pa.Table], object]) -> None:
    detector = Detector(frame(REFERENCE), window=500)
    assert not detector.update(frame(rows(2, 500))).drift
    assert detector.update(frame(rows(3, 500, shift=1.0))).drift


def test_a_detector_that_resumes_goes_on_as_if_it_had_never_stopped() -> None:
    going, stopped = Detector(REFERENCE, window=500), Detector(REFERENCE, window=500)
    going.update(rows(2, 500, shift=0.12))
    stopped.resume(going.state())
    after, resumed = going.update(rows(3, 500)), stopped.update(rows(3, 500))
    assert resumed.window == after.window
    assert resumed.calm is not None
    assert after.calm is not None
    assert resumed.calm.level == pytest.approx(after.calm.level, abs=0.1)


def test_what_is_no_state_is_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match="give what `state\\(\\)` returned"):
        Detector(REFERENCE).resume("nonsense")


def test_the_hour_of_the_day_is_no_drift_where_rows_have_times() -> None:
    start = datetime(2026, 1, 5, tzinfo=UTC)

    def hours(first: int, count: int) -> pd.DataFrame:
        hour, minute = np.repeat(np.arange(first, first + count), 50), np.tile(np.arange(50), count)
        noise = np.random.default_rng(first + 1).normal(size=hour.size)
        times = [start + timedelta(hours=int(h), minutes=int(m)) for h, m in zip(hour, minute, strict=True)]
        return pd.DataFrame({"x": np.sin(hour / 24 * 2 * np.pi) + 0.3 * noise, "at": times})

    detector = Detector(hours(0, 24 * 40), window=50, timestamp="at")
    assert not any(detector.update(hours(first, 1)).drift for first in range(24 * 40, 24 * 43))


def test_a_window_that_cannot_be_used_says_what_to_give() -> None:
    detector = Detector(REFERENCE)
    with pytest.raises(SourceError, match="no rows"):
        detector.update(REFERENCE.slice(0, 0))
    with pytest.raises(SourceError, match="has no column 'at'"):
        Detector(REFERENCE, timestamp="at")
    with pytest.raises(ValueError, match="at least 1"):
        Detector(REFERENCE, window=0)


def test_other_words_of_the_same_length_are_drift_of_a_text() -> None:
    rng = np.random.default_rng(3)
    words = ["alpha", "bravo", "delta", "gamma", "sigma", "theta", "omega", "kappa"]

    def texts(vocabulary: list[str], rows: int) -> pa.Table:
        numbers = rng.integers(10**5, 10**6, rows)
        return pa.table({"said": [" ".join([*rng.choice(vocabulary, 6), str(number)]) for number in numbers]})

    detector = Detector(texts(words, 12_000), window=1_000)
    assert not any(detector.update(texts(words, 1_000)).drift for _ in range(5))
    assert detector.update(texts([word[::-1] for word in words], 1_000)).drift


def test_a_slow_drift_is_foretold_and_absurd_rows_are_named_after_a_restart_too() -> None:
    going, stopped = (Detector(REFERENCE, window=2_000, threshold=0.1) for _ in range(2))
    told = False
    for at in range(60):
        window = rows(10 + at, 2_000, shift=0.006 * at)
        report = going.update(window)
        if report.predicted and not report.drift:
            told = True
            break
    assert told
    assert report.predicted[0].subject == "column:x"
    assert report.predicted[0].low is not None
    assert report.predicted[0].low + at < 42 + 15
    stopped.resume(going.state())
    absurd = rows(5, 1_000).to_pylist()
    absurd[17]["x"], absurd[400]["word"] = 1e6, "never"
    reports = [each.update(pa.Table.from_pylist(absurd, schema=REFERENCE.schema)) for each in (going, stopped)]
    assert reports[0].anomalies == reports[1].anomalies
    first = reports[0].window.first_row
    assert {each.subject for each in reports[0].anomalies} >= {f"row {first + 17}"}


def test_an_old_state_without_a_history_is_read() -> None:
    detector = Detector(REFERENCE, window=500)
    state = json.loads(detector.state())
    del state["history"]
    detector.resume(json.dumps(state))
    assert detector.update(rows(3, 500)).predicted == ()
