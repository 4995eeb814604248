"""The table of figures says what was measured, what it is held to, and whether that holds."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.figures import (
    COLUMNS,
    Figure,
    Result,
    at_least,
    at_most,
    document,
    median_ratio,
    number,
    plain,
    rows,
    status,
)

READY = Figure(name="ready", value=1.2, unit="s", ratio=1.4, peer="bare imports", ratio_target=at_most(1.5))
RATE = Figure(name="rate", value=1500, unit="events/s", target=at_least(2000), ratio=0.3, ratio_target=at_least(0.25))
EXACT = Figure(name="slots", value=49, unit="", target=at_least(50), exact=True)
BARE = Figure(name="memory", value=1234.5, unit="MB")


def test_a_figure_is_met_when_both_value_and_ratio_keep_their_targets() -> None:
    assert READY.met is True
    assert RATE.met is False
    assert BARE.met is None


def test_a_line_names_value_target_ratio_and_peer() -> None:
    assert rows([Result(benchmark="startup", figures=(READY, RATE, BARE))]) == [
        ("startup", "ready", "1.2", "s", "≤ 1.5 ×", "1.4 × bare imports", "yes"),
        ("startup", "rate", "1,500", "events/s", "≥ 2,000, ≥ 0.25 ×", "0.3 ×", "no"),
        ("startup", "memory", "1,234", "MB", "–", "–", "–"),
    ]


def test_a_benchmark_that_could_not_run_says_why_and_keeps_its_place() -> None:
    lines = rows([Result(benchmark="bus", error="OSError: disk full"), Result(benchmark="idle", figures=(BARE,))])
    assert lines[0][:2] == ("bus", "could not run: OSError: disk full")
    assert lines[1][0] == "idle"
    assert all(len(line) == len(COLUMNS) for line in lines)


def test_plain_text_is_aligned_under_its_headings() -> None:
    text = plain(rows([Result(benchmark="startup", figures=(READY, BARE))])).splitlines()
    starts = {line.index(cell) for line, cell in zip(text, ("unit", "s  ", "MB"), strict=True)}
    assert len(starts) == 1


def test_a_missed_time_is_no_failure_but_a_missed_exact_figure_and_a_broken_benchmark_are() -> None:
    missed, exact = Result(benchmark="a", figures=(RATE,)), Result(benchmark="b", figures=(EXACT,))
    broken = Result(benchmark="c", error="no")
    assert [status([missed]), status([missed, exact]), status([broken, exact])] == [0, 1, 2]


def test_the_document_is_json_and_holds_every_figure() -> None:
    told = json.loads(json.dumps(document([Result(benchmark="startup", figures=(READY, EXACT), seconds=2.34)])))
    assert told["startup"]["seconds"] == 2.3
    assert [figure["met"] for figure in told["startup"]["figures"]] == [True, False]
    assert told["startup"]["figures"][0]["ratio_target"] == {"limit": 1.5, "least": False}


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0])
def test_what_cannot_be_a_measurement_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="is no measurement"):
        Figure(name="x", value=value, unit="s")
    with pytest.raises(ValueError, match="is no measurement"):
        Figure(name="x", value=1, unit="s", ratio=value)


@given(
    st.lists(st.tuples(st.floats(0.01, 100), st.floats(0.01, 100)), min_size=1),
    st.floats(0.1, 10),
)
def test_a_machine_that_is_slower_for_both_sides_changes_no_ratio(
    pairs: list[tuple[float, float]], slow: float
) -> None:
    ours, peers = [mine for mine, _ in pairs], [theirs for _, theirs in pairs]
    slower = median_ratio([slow * mine for mine in ours], [slow * theirs for theirs in peers])
    assert math.isclose(median_ratio(ours, peers), slower, rel_tol=1e-9)


@given(st.floats(0, 1e12))
def test_a_number_is_shown_within_one_percent(value: float) -> None:
    assert math.isclose(float(number(value).replace(",", "")), value, rel_tol=0.01)


def test_an_unknown_benchmark_is_refused_with_the_names_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["nonsense"])
    assert left.value.code == 2
    told = capsys.readouterr().err
    assert all(name in told for name in ("nonsense", *BENCHMARKS))
