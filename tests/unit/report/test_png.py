"""A canvas is a valid PNG of what was drawn, wherever it was drawn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pngs import decode

from duetmind_adaptive.report.png import WHITE, Canvas

RED = (200, 0, 0)

anywhere = st.floats(-60, 60)


def test_an_empty_canvas_is_white_and_of_its_size():
    picture = decode(Canvas(7, 3).png())
    assert picture.size == (7, 3)
    assert picture.colours() == {WHITE}


def test_a_box_covers_its_pixels_and_no_other():
    canvas = Canvas(6, 5)
    canvas.fill((1, 2, 4, 4), RED)
    picture = decode(canvas.png())
    red = {(x, y) for x in range(6) for y in range(5) if picture.at(x, y) == RED}
    assert red == {(x, y) for x in (1, 2, 3) for y in (2, 3)}


@pytest.mark.parametrize("end", [(35, 20), (20, 35), (35, 35), (5, 28)])
def test_a_line_is_as_thick_as_asked_for_and_smooth_at_its_edges(end):
    canvas = Canvas(40, 40)
    canvas.line([(20, 20), end], RED, 4)
    picture = decode(canvas.png())
    length = ((end[0] - 20) ** 2 + (end[1] - 20) ** 2) ** 0.5
    ink = sum((255 - picture.at(x, y)[1]) / 255 for x in range(40) for y in range(40))
    assert ink == pytest.approx(4 * length + 3.1416 * 2**2, rel=0.06)
    assert len(picture.colours()) > 2, "there are tones between colour and ground"


def test_a_point_is_a_dot():
    canvas = Canvas(20, 20)
    canvas.line([(10, 10)], RED, 6)
    picture = decode(canvas.png())
    assert picture.at(10, 10) == RED
    assert picture.at(10, 12) == RED
    assert picture.at(10, 15) == WHITE
    assert picture.at(13, 13) == WHITE


@given(st.lists(st.tuples(anywhere, anywhere), min_size=1, max_size=4), st.floats(0.5, 30))
def test_whatever_is_drawn_outside_is_cut(points, thickness):
    canvas = Canvas(30, 20)
    canvas.line(points, RED, thickness)
    canvas.fill((*points[0], *points[-1]), RED)
    assert decode(canvas.png()).size == (30, 20)


@given(st.tuples(st.floats(2, 28), st.floats(2, 18)), st.tuples(st.floats(2, 28), st.floats(2, 18)))
def test_a_line_s_way_does_not_matter(begin, end):
    ways = []
    for points in ([begin, end], [end, begin]):
        canvas = Canvas(30, 20)
        canvas.line(points, RED, 3)
        ways.append(decode(canvas.png()))
    pairs = zip(b"".join(ways[0].rows), b"".join(ways[1].rows), strict=True)
    assert max(abs(one - other) for one, other in pairs) <= 1
