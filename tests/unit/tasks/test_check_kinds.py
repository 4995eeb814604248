"""Texts and times through the daemon's own checks: calm while nothing changes, and told in words when they do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.records import ColumnReport, VersionRef
from duetmind_adaptive.settings.model import ColumnTest, Model
from duetmind_adaptive.tasks.check import check_next
from duetmind_adaptive.tasks.requests import CheckRequest, TrainRequest
from duetmind_adaptive.tasks.train import train_version

START, NOW = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
#: rows of a window, windows of the reference, and sound ones of production before anything changes
ROWS, REFERENCE, SOUND = 400, 16, 3
_ENGLISH = """
the a customer order late please refund box broken arrived today return money item never paid twice send again help
want need delivery parcel address wrong colour size shoe shirt bag card account login password email phone call
"""
_GERMAN = """
der die das kunde bestellung bitte erstattung karton kaputt angekommen heute geld artikel nie bezahlt zweimal senden
wieder hilfe brauche lieferung paket adresse falsch farbe hemd tasche karte konto anmeldung kennwort post telefon
"""
ENGLISH, GERMAN = _ENGLISH.split(), _GERMAN.split()
CHAINED = ["wallet", "token", "miner"]

Random = np.random.Generator
Maker = Callable[[Random, int], Any]


def texts(words: list[str], length: float = 10) -> Maker:
    share = 1 / np.arange(1, len(words) + 1)

    def make(random: Random, count: int) -> list[str]:
        sizes = 1 + random.poisson(length, count)
        drawn = random.choice(words, sizes.sum(), p=share / share.sum())
        return [" ".join(part) for part in np.split(drawn, np.cumsum(sizes)[:-1])]

    return make


def one_in_ten(usual: Maker, other: Maker) -> Maker:
    return lambda random, count: [
        *usual(random, count - count // 10), *other(random, count // 10)
    ]  # fmt: skip


def hours(middle: float) -> Maker:
    return lambda random, count: np.clip(random.normal(middle, 3, count), 0, 23.99)


def days(mean: float) -> Maker:
    return lambda random, count: random.exponential(mean, count)


USUAL: dict[str, Maker] = {"note": texts(ENGLISH), "slot": hours(13), "ordered": days(2)}


def rows(seed: int, first: int, count: int, **changed: Maker) -> pa.Table:
    """A row every three minutes: when it came, when that was ordered, a slot some days ahead, and a date of birth."""
    random, makers = np.random.default_rng(seed), USUAL | changed
    at = (START.timestamp() + 180 * (first + np.arange(count))) * 1e6
    midnight = at - at % (86_400 * 1e6) + random.integers(1, 8, count) * 86_400e6
    moments = {
        "at": at,
        "ordered": at - makers["ordered"](random, count) * 86_400e6,
        "slot": midnight + makers["slot"](random, count) * 3_600e6,
        "born": random.normal(3e14, 3e14, count),
    }
    held = {name: pa.array(each.astype(np.int64), pa.timestamp("us", "UTC")) for name, each in moments.items()}
    return pa.table({**held, "note": makers["note"](random, count), "x": random.normal(size=count)})


def a_model(folder: Path, columns: dict[str, Any]) -> Model:
    facts: dict[str, Any] = {
        "name": "orders", "task": "binary", "target": None, "timestamp": "at", "features": None, "exclude": (),
        "prediction": None, "score": None, "metric": "accuracy",
        "reference": {"path": str(folder / "reference.parquet")},
        "production": {"path": str(folder / "production.parquet"), "window": {"rows": ROWS}},
        "labels": {}, "schedule": {"every": "1h"}, "pipeline": None, "responses": (), "drift_threshold": 0.02,
        "columns": columns, "opens_after": 1, "clears_after": 2, "max_retrains_per_day": 3,
        "job_timeout": timedelta(hours=1), "folder": folder / "models",
    }  # fmt: skip
    return Model.model_validate(facts)


def walk(folder: Path, production: pa.Table, columns: dict[str, Any] | None = None) -> list[CheckReport]:
    pq.write_table(rows(0, 0, REFERENCE * ROWS), folder / "reference.parquet")
    pq.write_table(production, folder / "production.parquet")
    model = a_model(folder, columns or {})
    made = train_version(TrainRequest(model=model, job="first", attempt=1, champion=None, upto_row=0, now=NOW))
    version = VersionRef(model="orders", version=1, folder=made.folder, artifact=None, sha256=None)
    reports, cursor, memory = list[CheckReport](), None, None
    while True:
        outcome = check_next(CheckRequest(model=model, version=version, cursor=cursor, now=NOW, memory=memory))
        if outcome.report is None:
            return reports
        reports.append(outcome.report)
        cursor, memory = outcome.cursor, outcome.memory


def windows(count: int, first: int = 0, **changed: Maker) -> pa.Table:
    return pa.concat_tables(
        [rows(100 + at, (REFERENCE + at) * ROWS, ROWS, **changed) for at in range(first, first + count)]
    )


@lru_cache(maxsize=1)
def sound() -> pa.Table:
    return windows(SOUND)


def told(folder: Path, **changed: Maker) -> ColumnReport:
    """The one column that is told, in each of two windows after sound ones in which none is."""
    reports = walk(folder, pa.concat_tables([sound(), windows(2, SOUND, **changed)]))
    assert [report.kinds for report in reports[:SOUND]] == [()] * SOUND
    assert {tuple(column.name for column in report.drifted) for report in reports[SOUND:]} == {tuple(changed)}
    return reports[SOUND].drifted[0]


def test_nothing_is_told_while_nothing_changes_and_dates_advance_as_time_does(tmp_path: Path) -> None:
    reports = walk(tmp_path, windows(30))
    assert [report.kinds for report in reports] == [()] * 30
    assert {column.name: column.kind for column in reports[0].columns} == {
        "ordered": "datetime", "slot": "datetime", "born": "datetime", "note": "text", "x": "numeric",
    }  # fmt: skip
    assert not any(column.untested for report in reports for column in report.columns)
    assert not any(report.findings for report in reports)


def test_texts_that_get_longer_are_told_by_their_length(tmp_path: Path) -> None:
    words = told(tmp_path, note=texts(ENGLISH, 16)).words
    assert words.startswith("median length 57 → ")
    assert words.endswith(" characters")


def test_new_words_are_told_by_name_though_the_lengths_stay(tmp_path: Path) -> None:
    found = told(tmp_path, note=texts([*ENGLISH[:12], *CHAINED, *ENGLISH[12:]]))
    assert any(word in found.words for word in CHAINED)
    assert "unusual words in" in found.words
    assert "length" not in found.words


def test_another_language_in_a_tenth_of_the_texts_is_told(tmp_path: Path) -> None:
    found = told(tmp_path, note=one_in_ten(texts(ENGLISH), texts(GERMAN)))
    assert 0.05 < found.effect < 0.2
    assert "'der'" in found.words


def test_letters_that_change_alone_are_told(tmp_path: Path) -> None:
    shouted = [word.upper() for word in ENGLISH]
    assert told(tmp_path, note=texts(shouted)).effect > 0.9


def test_times_that_move_through_the_day_are_told_by_their_hours(tmp_path: Path) -> None:
    assert ":00 to " in told(tmp_path, slot=hours(16)).words


def test_dates_that_lie_further_from_their_rows_are_told_by_how_far(tmp_path: Path) -> None:
    found = told(tmp_path, ordered=days(4))
    assert "before its row, " in found.words
    assert found.words.endswith("before its row in the reference")


@pytest.mark.parametrize("test", ["ks", "cramer_von_mises", "anderson_darling", "chi2", "g"])
@pytest.mark.parametrize("column", ["note", "ordered", "born", "x"])
def test_a_test_that_is_chosen_for_a_column_is_the_one_in_the_report(
    tmp_path: Path, test: ColumnTest, column: str
) -> None:
    distances = ["psi", "wasserstein", "jensen_shannon", "hellinger", "energy"]
    [report] = walk(tmp_path, windows(1), {column: {"tests": [test, *distances]}})
    tests = next(each.tests for each in report.columns if each.name == column)
    assert set(tests) >= {test, *distances}
    assert not set(tests) & ({"ks", "cramer_von_mises", "anderson_darling", "chi2", "g"} - {test})
