"""Messages in the operator's own words; a template that fails never costs the message."""

from datetime import UTC, datetime

import pytest

from duetmind_adaptive.service.sample_alerts import sample_alerts
from duetmind_adaptive.service.templates import TURNS, Templates

ALERTS = {alert.status: alert for alert in sample_alerts(datetime(2026, 1, 1, tzinfo=UTC))}


def worded(folder, source, status="opened"):
    (folder / f"{status}.j2").write_text(source)
    return Templates(folder).try_to_word(ALERTS[status])


def test_there_is_a_sample_of_every_turn():
    assert set(ALERTS) == set(TURNS)


def test_each_line_that_it_renders_is_a_line_of_the_message_and_the_title_stays(tmp_path):
    alert, problem = worded(
        tmp_path, "{{ model }}: {{ data.metric }}\n\n{% for line in lines[:1] %}{{ line }}{% endfor %}"
    )
    assert (alert.lines, problem) == (("loans: 0.81", ALERTS["opened"].lines[0]), "")
    assert alert.title == ALERTS["opened"].title


def test_a_turn_without_a_file_keeps_the_built_in_words(tmp_path):
    worded(tmp_path, "mine")
    assert Templates(tmp_path).word(ALERTS["resolved"]) == ALERTS["resolved"]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{% for %}", "TemplateSyntaxError"),
        ("{{ nothing_of_the_kind }}", "UndefinedError"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{{ ''.__class__.__mro__ }}", "SecurityError"),
        ("   ", "rendered nothing"),
    ],
)
def test_one_that_cannot_be_rendered_says_why_and_the_built_in_words_go_out(tmp_path, source, says):
    alert, problem = worded(tmp_path, source)
    assert alert == ALERTS["opened"]
    assert says in problem


def test_what_it_makes_of_hostile_names_is_inert(tmp_path):
    alert, _ = worded(tmp_path, "{{ '\\x1b[31m' }}red")
    assert alert.lines == ("\\x1b[31mred",)


def test_the_commands_that_it_takes_to_act_are_in_the_built_in_words():
    text = "\n".join(ALERTS["opened"].lines)
    for command in ("duetmind incidents explain", "duetmind incidents ack", "duetmind silence loans --for 2h"):
        assert command in text
