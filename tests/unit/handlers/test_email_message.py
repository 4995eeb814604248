"""A mail threads by incident, can be told apart by event, and cannot be bent by what names in the data hold."""

from __future__ import annotations

import email
from dataclasses import replace
from datetime import timedelta
from email import policy

import pytest
from pngs import decode
from structlog.testing import capture_logs

from duetmind_adaptive.contracts import MeasuredWindow
from duetmind_adaptive.events import DriftResolved
from duetmind_adaptive.report import alert_page
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


def with_trend(alert, opened):
    """The alert with three windows' metric."""
    trend = tuple(
        MeasuredWindow(
            first_row=n, last_row=n + 1, start=opened, checked=opened + timedelta(hours=n), metric=0.9 - n / 100
        )
        for n in range(3)
    )
    return replace(alert, trend=trend)


def test_the_pictures_are_inside_the_mail_and_the_page_finds_each(make_alert, opened):
    mail = sent(with_trend(make_alert(id="e-1"), opened), opened)
    assert mail.get_content_type() == "multipart/alternative"
    plain, related = mail.iter_parts()
    assert (plain.get_content_type(), related.get_content_type()) == ("text/plain", "multipart/related")
    page, *pictures = related.iter_parts()
    assert page.get_content_type() == "text/html"
    assert [each.get_content_type() for each in pictures] == ["image/png", "image/png"]
    assert [each.get_content_disposition() for each in pictures] == ["inline", "inline"]
    assert all(decode(each.get_content()).size[0] <= 640 for each in pictures)
    ids = [each["Content-ID"] for each in pictures]
    assert ids == ["<effect-0.e-1@example.com>", "<trend.e-1@example.com>"]
    assert all(page.get_content().count(f'src="cid:{each[1:-1]}"') == 1 for each in ids)


def test_the_text_is_the_same_with_and_without_pictures(make_alert, opened):
    bare, full = sent(make_alert(top=()), opened), sent(with_trend(make_alert(top=()), opened), opened)
    assert bare.get_body(("html",)).get_content_type() == "text/html"
    assert [each.get_content_type() for each in bare.iter_parts()] == ["text/plain", "text/html"]
    assert full.get_body(("plain",)).get_content() == bare.get_body(("plain",)).get_content()


def test_a_picture_that_cannot_be_drawn_costs_itself_only(make_alert, opened, monkeypatch):
    def fails(_course):
        raise RuntimeError("no ink")

    monkeypatch.setattr(alert_page, "course_chart", fails)
    alert = with_trend(make_alert(), opened)
    with capture_logs() as logged:
        mail = sent(alert, opened)
    assert [each.get_content_type() for each in mail.iter_parts()] == ["text/plain", "text/html"]
    assert mail.get_body(("html",)).get_content().count("<li>") == len(alert.lines)
    assert [(each["event"], each["reason"]) for each in logged] == [("email.picture_failed", "RuntimeError")]


def test_hostile_columns_with_pictures_add_no_tag(make_alert, hostile_data, opened):
    html = sent(with_trend(make_alert(**hostile_data), opened), opened).get_body(("html",)).get_content()
    assert html.count("<img") == 6
    assert "<script" not in html
    assert "\x1b" not in html
