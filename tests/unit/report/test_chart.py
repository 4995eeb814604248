"""The chart draws what it was given, leaves gaps where nothing is known, and no name can break out of it."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from duetmind_adaptive.report.chart import Mark, Series, Span, line_chart

HOSTILE = '<script>alert("x")</script>\n&'


def parsed(*args, **kwargs):
    return ElementTree.fromstring(line_chart(*args, **kwargs))


def test_a_missing_value_is_a_gap_in_the_line_and_no_dot():
    svg = parsed([Series("accuracy", [0.9, None, 0.7], "loop")], ["a", "b", "c"])
    assert svg.find("path").get("d").count("M") == 2
    assert len(svg.findall("circle")) == 2


def test_marks_and_spans_say_what_they_are_in_their_tooltips():
    svg = parsed(
        [Series("m", [0.5, 0.6], "loop")],
        ["a", "b"],
        marks=[Mark(1, "promoted 2", "promoted")],
        spans=[Span(0, 1, "open")],
    )
    assert [title.text for title in svg.iter("title") if title.text in {"promoted 2", "open"}] == ["open", "promoted 2"]


def test_hostile_names_are_text_and_nothing_else():
    svg = parsed([Series(HOSTILE, [0.5], "loop")], [HOSTILE], marks=[Mark(0, HOSTILE, "promoted")])
    assert svg.find(".//script") is None
    assert any(HOSTILE.strip() in (title.text or "") for title in svg.iter("title"))


@given(st.lists(st.one_of(st.none(), st.floats(-1e12, 1e12)), max_size=60))
def test_any_numbers_give_well_formed_svg_inside_its_frame(values):
    svg = parsed([Series("m", values, "loop")], [str(i) for i in range(len(values))])
    assert all(0 <= float(dot.get("cy")) <= 360 for dot in svg.findall("circle"))
