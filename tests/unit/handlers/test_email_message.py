"""A mail threads by incident, can be told apart by event, and cannot be bent by what names in the data hold."""

from __future__ import annotations

import email
from dataclasses import replace
from email import policy

import pytest

from duetmind_adaptive.events import DriftResolved
from duetmind_handlers.alerts.email_message import compose

SENDER = "DuetMind <duetmind@example.com>"


def sent(alert, at, *, sender=SENDER, recipients=("ops@example.com",)):
    """The mail as a recipient's program reads it."""
    raw = compose(alert, sender=sender, recipients=recipients, now=at).as_bytes()
    assert max(map(len, raw.splitlines())) <= 998
    assert raw.isascii()
    return email.message_from_bytes(raw, policy=policy.default)


def test_opening_and_end_share_subject_and_root_and_differ_in_message_id(make_alert, opened):
    first = sent(make_alert(id="e-1"), opened)
    last = sent(make_alert(DriftResolved, id="e-2", severity="critical"), opened)
    assert first["Subject"] == last["Subject"] == "Drift in loans since 2026-03-01 04:00 UTC"
    assert first["References"] == last["References"] == last["In-Reply-To"]
    assert first["References"] == "<incident.0198c0de-0000-8000-8000-0000000000ff@example.com>"
    assert (first["Message-ID"], last["Message-ID"]) == ("<alert.e-1@example.com>", "<alert.e-2@example.com>")


def test_every_try_of_an_alert_has_the_same_message_id(make_alert, opened):
    assert sent(make_alert(), opened)["Message-ID"] == sent(make_alert(), opened.replace(hour=9))["Message-ID"]


def test_it_says_that_no_person_wrote_it_and_when_it_was_sent(make_alert, opened):
    mail = sent(make_alert(), opened)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == opened


def test_text_and_html_both_say_every_sentence(make_alert, opened):
    alert = make_alert()
    mail = sent(alert, opened)
    plain = mail.get_body(("plain",)).get_content()
    assert all(line in plain for line in alert.lines)
    assert mail.get_body(("html",)).get_content().count("<li>") == len(alert.lines)


def test_hostile_names_add_no_header_and_no_tag(make_alert, hostile_names, hostile_data, opened):
    tame = sent(make_alert(), opened)
    for name in hostile_names:
        mail = sent(make_alert(model=name, top=hostile_data["top"]), opened)
        assert mail.keys() == tame.keys()
        html = mail.get_body(("html",)).get_content()
        assert "<script" not in html
        assert "<!channel" not in html
        assert "\x1b" not in mail.as_string()
        assert "\u202e" not in mail.get_body(("plain",)).get_content()


def test_an_alert_made_by_hand_is_made_inert_as_well(make_alert, opened):
    hostile = "x\r\nBcc: all@example.com"
    alert = replace(make_alert(), id=hostile, incident=hostile, title=hostile, lines=(hostile,))
    mail = sent(alert, opened)
    assert "Bcc" not in mail
    assert mail["Message-ID"].count("@") == 1


def test_a_long_domain_leaves_the_ids_whole(make_alert, opened):
    domain = ".".join(["a" * 60] * 4)
    mail = sent(make_alert(), opened, sender=f"duetmind@{domain}")
    assert mail["References"] == f"<incident.0198c0de-0000-8000-8000-0000000000ff@{domain}>"


@pytest.mark.parametrize("model", ["größe", "模型", "m" * 500])
def test_any_model_name_makes_a_readable_subject(make_alert, opened, model):
    assert sent(make_alert(model=model), opened)["Subject"].startswith(f"Drift in {model[:70]}")
