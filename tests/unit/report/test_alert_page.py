"""A mail's page says in words and shapes what moved and how the metric went, and nothing in it can bend it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from pngs import decode

from duetmind_adaptive.contracts import MeasuredWindow
from duetmind_adaptive.event_data import ColumnEffect, Insights, SinceData
from duetmind_adaptive.report.alert_page import alert_page, preview_page
from duetmind_adaptive.report.alert_pictures import CHART, LINE, ONSET, SPAN, Course, course_chart, effect_bar
from duetmind_adaptive.service.sample_alerts import sample_alerts

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ALERTS = {alert.status: alert for alert in sample_alerts(NOW)}


def drawn(alert):
    """The page, and its pictures by name."""
    pictures = {}

    def source(name, png):
        pictures[name] = png
        return f"cid:{name}"

    return alert_page(alert, source), pictures


def with_data(alert, **changes):
    return replace(alert, event=alert.event.model_copy(update={"data": alert.event.data.model_copy(update=changes)}))


def measured(*metrics):
    return tuple(
        MeasuredWindow(
            first_row=100 * n, last_row=100 * n + 100, start=None, checked=NOW + timedelta(hours=n), metric=metric
        )
        for n, metric in enumerate(metrics)
    )


def images(page):
    """Each image's attributes, in their order."""
    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            if tag == "img":
                found.append(dict(attrs))

    Reader().feed(page)
    return found


def test_an_opening_shows_what_moved_most_and_the_metric_up_to_it():
    page, pictures = drawn(ALERTS["opened"])
    assert list(pictures) == ["effect-0", "effect-1", "effect-2", "trend"]
    assert [image["src"] for image in images(page)] == [f"cid:{name}" for name in pictures]
    for word in ("income", "0.31", "accuracy over the last 24 windows", "reference, 0.88", "different since 2026-"):
        assert word in page


def test_every_picture_has_words_for_whoever_cannot_see_it():
    page, _ = drawn(ALERTS["opened"])
    said = [image["alt"] for image in images(page)]
    assert said[0] == "effect 0.31 of 1"
    assert said[-1] == "accuracy, oldest window first: from 0.886 to 0.804, lowest 0.804, highest 0.886"


def test_all_pictures_of_a_mail_are_small_and_no_wider_than_a_mail():
    columns = tuple(ColumnEffect(column="x" * 300, kind="numeric", effect=1 - n / 200) for n in range(200))
    wild = replace(with_data(ALERTS["opened"], top=columns), trend=measured(*[0.0, 1.0] * 12))
    page, pictures = drawn(wild)
    assert len(pictures) == 6
    assert sum(map(len, pictures.values())) <= 50_000
    assert all(decode(png).size[0] <= 640 for png in pictures.values())
    assert all(int(image["width"]) <= 640 for image in images(page))


def test_an_end_shows_the_metric_and_no_longer_what_moved():
    page, pictures = drawn(ALERTS["resolved"])
    assert list(pictures) == ["trend"]
    assert "What moved most" not in page


@pytest.mark.parametrize("turn", ["review", "rolled_back"])
def test_what_is_no_incident_has_no_picture(turn):
    page, pictures = drawn(ALERTS[turn])
    assert pictures == {}
    assert "<img" not in page


@pytest.mark.parametrize("metrics", [(), (0.9,), (0.9, None, None)])
def test_a_metric_that_was_not_measured_twice_is_no_chart(metrics):
    _, pictures = drawn(replace(ALERTS["opened"], trend=measured(*metrics)))
    assert "trend" not in pictures


def test_without_a_place_for_pictures_the_sentences_are_there_all_the_same():
    page = alert_page(ALERTS["opened"])
    assert "<img" not in page
    assert page.count("<li>") == len(ALERTS["opened"].lines)


def test_names_that_would_be_markup_are_text():
    name = '"><script>x</script>\u202e<img src=x onerror=y>'
    alert = with_data(ALERTS["opened"], top=(ColumnEffect(column=name, kind="text", effect=0.5),), metric_name=name)
    page, _ = drawn(alert)
    assert "<script" not in page
    assert "\u202e" not in page
    assert all(set(image) <= {"src", "width", "height", "style", "alt"} for image in images(page))
    assert len(images(page)) == 2


def test_the_same_alert_is_the_same_page_and_the_same_pictures():
    assert drawn(ALERTS["opened"]) == drawn(ALERTS["opened"])


def columns_of(picture, colour):
    return [x for x in range(picture.size[0]) if any(picture.at(x, y) == colour for y in range(picture.size[1]))]


def test_the_onset_the_incident_and_a_gap_are_where_they_belong():
    picture = decode(course_chart(Course([0.9, 0.9, None, 0.7, 0.7], reference=0.9, onset=3, opened=4)))
    step = (CHART[0] - 24) / 4
    onset = columns_of(picture, ONSET)
    assert onset[0] == pytest.approx(12 + 2.5 * step, abs=2)
    assert len(onset) == 2
    assert columns_of(picture, SPAN)[0] == pytest.approx(12 + 3.5 * step, abs=2)
    line = columns_of(picture, LINE)
    assert not [x for x in line if 12 + step + 5 < x < 12 + 3 * step - 5]
    assert picture.at(12, 12) == LINE, "the highest value is at the top"
    assert picture.at(round(12 + 4 * step) - 1, CHART[1] - 12) == LINE


def test_the_chart_marks_the_window_of_the_onset_and_that_of_the_opening():
    trend = measured(0.9, 0.9, 0.8, 0.7)
    since = SinceData(subject="accuracy", row=250, low_row=200, high_row=300)
    alert = with_data(
        ALERTS["opened"], insights=Insights(since=since), opened=trend[3].checked + timedelta(milliseconds=5)
    )
    page, pictures = drawn(replace(alert, trend=trend))
    same = Course([0.9, 0.9, 0.8, 0.7], reference=0.88, onset=2, opened=3)
    assert pictures["trend"] == course_chart(same)
    assert "different since row 200" in page


def test_an_incident_that_was_opened_before_the_first_window_shades_all_of_them():
    alert = with_data(ALERTS["updated"], opened=NOW - timedelta(days=9), insights=Insights())
    _, pictures = drawn(replace(alert, trend=measured(0.9, 0.8)))
    assert pictures["trend"] == course_chart(Course([0.9, 0.8], reference=0.88, opened=0))


def test_a_metric_that_never_changed_is_a_line_in_the_middle():
    picture = decode(course_chart(Course([0.9, 0.9])))
    assert picture.at(CHART[0] // 2, CHART[1] // 2) == LINE


@pytest.mark.parametrize("effect", [0.0, 0.05, 0.2, 0.4, 1.0])
def test_a_bar_is_as_long_as_the_effect(effect):
    picture = decode(effect_bar(effect))
    first = picture.at(0, 0)
    longest = max(x for x in range(400) if picture.at(x, 5) == first)
    assert longest + 1 == pytest.approx(max(400 * effect, 2), abs=1)


def test_a_preview_needs_nothing_beside_it():
    page = preview_page(list(ALERTS.values()))
    assert page.count("<h1") == 5
    assert page.count("<body") == 1
    sources = [image["src"] for image in images(page)]
    assert len(sources) == 4 + 4 + 1
    assert all(re.fullmatch(r"data:image/png;base64,[A-Za-z0-9+/=]+", src) for src in sources)
