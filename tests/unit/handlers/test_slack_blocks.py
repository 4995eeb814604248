"""A Slack message stays within Slack's bounds and holds nothing that Slack would act on."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from duetmind_handlers.alerts.slack_blocks import SECTION_LIMIT, blocks_of, escape


def texts(blocks):
    for block in blocks:
        yield from (part["text"] for part in block.get("elements", [block.get("text")]))


def test_title_sentences_and_ids_are_all_there(make_alert):
    alert = make_alert()
    first, *_, last = texts(blocks_of(alert))
    assert first == f"*{alert.title} — opened*"
    assert alert.id in last
    assert alert.incident in last
    shown = "\n".join(texts(blocks_of(alert)))
    assert all(line in shown for line in alert.lines)


def test_an_incident_of_200_hostile_columns_fits_and_says_how_many_are_not_named(make_alert, hostile_data):
    blocks = blocks_of(make_alert(**hostile_data))
    assert len(blocks) <= 50
    assert all(len(text) <= SECTION_LIMIT for text in texts(blocks))
    assert "+195 more" in json.dumps(blocks)


def test_hostile_names_are_inert(make_alert, hostile_names, hostile_data):
    for name in hostile_names:
        for alert in (make_alert(model=name), make_alert(top=hostile_data["top"])):
            for text in texts(blocks_of(alert)):
                assert "<" not in text
                assert ">" not in text
                assert "\x1b" not in text
                assert "\u202e" not in text


def test_every_text_is_verbatim_so_that_slack_makes_no_links_of_it(make_alert):
    for block in blocks_of(make_alert()):
        for part in block.get("elements", [block.get("text")]):
            assert part["type"] == "mrkdwn"
            assert part["verbatim"] is True


@given(st.lists(st.text(max_size=5_000), max_size=400), st.text(max_size=5_000))
def test_whatever_an_alert_says_it_stays_within_bounds(make_alert_of, lines, title):
    alert = make_alert_of(lines, title)
    blocks = blocks_of(alert)
    assert 2 <= len(blocks) <= 50
    assert all(0 < len(text) <= SECTION_LIMIT for text in texts(blocks))


@given(st.text(alphabet="ab&<>;", max_size=60), st.integers(min_value=1, max_value=60))
def test_escaping_never_cuts_an_entity(text, limit):
    shown = escape(text, limit)
    assert len(shown) <= limit
    assert "<" not in shown
    bare = shown.removesuffix("…").replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
    assert "&" not in bare


def test_what_does_not_fit_is_counted(make_alert):
    alert = replace(make_alert(), lines=tuple("x" * 400 for _ in range(200)))
    *_, left_out, _ids = texts(blocks_of(alert))
    assert left_out == "+130 more lines"
