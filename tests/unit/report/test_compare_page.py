"""The page is one file that stands alone, shows every column, and cannot be written by names or values."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from duetmind_adaptive.tasks.compare import compare

HOSTILE = [
    "<script>alert(1)</script>",
    '"onmouseover="x',
    "'; DROP",
    "two\nlines",
    "</title></style>",
    "&amp;",
    "\x1b[2J",
]
VOID = {"meta", "input", "option", "dt", "dd", "li"}


class Reader(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        self.text += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open
    return reader


@pytest.fixture(scope="module")
def hostile() -> str:
    rows = np.arange(210)
    reference = pa.table({name: [HOSTILE[row % 7] for row in rows] for name in HOSTILE} | {"x": rows})
    current = pa.table({name: [HOSTILE[row % 3] for row in rows] for name in HOSTILE} | {"x": rows * 2})
    return compare(reference, current).to_html()


def test_hostile_names_and_values_are_inert(hostile: str) -> None:
    page = read(hostile)
    assert page.tags.count("script") == page.tags.count("style") == 1
    assert not set(page.tags) & {"img", "iframe", "a", "object"}
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "style"]
    assert "\x1b" not in hostile
    for name in HOSTILE[:3]:
        assert name in page.text
    assert r"two\nlines" in page.text


def test_the_page_needs_no_network(hostile: str) -> None:
    assert not [value for name, value in read(hostile).attributes if name in {"src", "href", "srcset", "action"}]
    assert not re.search(r"https?://|url\(|@import|//[a-z]", hostile)
    assert "default-src 'none'" in hostile


def test_every_column_is_a_card_with_words_and_pictures_in_order_of_effect() -> None:
    random = np.random.default_rng(1)
    frames = [pd.DataFrame({f"c{at}": random.standard_normal(500) + at * side for at in range(5)}) for side in (0, 1)]
    page = compare(*frames).to_html()
    assert re.findall(r"<h2>(c\d)", page) == ["c4", "c3", "c2", "c1", "c0"]
    assert page.count("<svg") == 10
    assert "reference standard deviations" in page


def test_the_page_speaks_to_screen_readers_and_obeys_the_keyboard() -> None:
    page = compare(pa.table({"x": range(100)}), pa.table({"x": range(50, 150)})).to_html()
    assert '<html lang="en">' in page
    assert page.count('role="img" aria-label="') == page.count("<svg") == 2
    assert page.count("<label>") == 3
    assert 'aria-live="polite"' in page
    assert ":focus-visible" in page
    assert "prefers-color-scheme: dark" in page
    assert page.count("<main>") == page.count("<h1") == 1


def test_fifty_columns_fit_into_a_megabyte_and_eight_hundred_into_five() -> None:
    random = np.random.default_rng(1)

    def part() -> pa.Table:
        numbers = {f"number_{at:03}": random.standard_normal(900) for at in range(20)}
        words = {
            f"word_{at:03}": [f"category number {word}" for word in random.integers(0, 40, 900)] for at in range(20)
        }
        return pa.table(numbers | words)

    page = len(compare(part(), part()).to_html().encode())
    assert page / 40 * 50 < 1_000_000
    assert page / 40 * 800 < 5_000_000
