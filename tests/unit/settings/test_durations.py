from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duetmind_adaptive.settings.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("24h", timedelta(days=1)),
        ("7d", timedelta(days=7)),
        ("0.5h", timedelta(minutes=30)),
        (" 15 m ", timedelta(minutes=15)),
        ("3600", timedelta(hours=1)),
        (3600, timedelta(hours=1)),
        (0.25, timedelta(milliseconds=250)),
        (timedelta(3), timedelta(3)),
    ],
)
def test_durations_read_as_people_write_them(written: object, meant: timedelta) -> None:
    assert parse_duration(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "",
        "1 week",
        "1h30m",
        "-5m",
        -1,
        True,
        None,
        [1],
        "1e3",
        "٣m",
        float("nan"),
        float("inf"),
        "9" * 400,
        timedelta(-1),
    ],
)
def test_anything_else_is_refused_with_what_is_allowed(written: object) -> None:
    with pytest.raises(ValueError, match="a duration such as 90s, 15m, 24h or 7d"):
        parse_duration(written)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=36500)))
def test_what_is_formatted_reads_back_unchanged(value: timedelta) -> None:
    assert parse_duration(format_duration(value)) == value
