"""What becomes of a message when it is due: sent, held back or dropped, each with a named reason."""

from datetime import UTC, datetime, time, timedelta

import pytest

from duetmind_adaptive.contracts import Postponed, Suppressed
from duetmind_adaptive.event_data import DriftData, ReviewData, WindowData
from duetmind_adaptive.events import DriftDetected, DriftResolved, DriftUpdated, ReviewRequested, make
from duetmind_adaptive.policy.notices import Facts, NoticeRules, Send, Told, judge_notice
from duetmind_adaptive.policy.quiet_hours import QuietHours
from duetmind_adaptive.policy.reasons import Quiet, Reason

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
RULES = NoticeRules(group_wait=timedelta(seconds=30), group_interval=timedelta(minutes=5))
LONG_AGO = NOW - timedelta(hours=1)


def drift(kind, severity="high", reason="first_drift", incident="i"):
    data = DriftData(
        model="loans", incident=incident, cause="data", window=WindowData(first_row=0, last_row=9, rows=9), drift=True,
        severity=severity, reason=reason, opened=NOW,
    )  # fmt: skip
    return make(kind, data, id="e", time=NOW)


def judged(event, *, waited=timedelta(minutes=1), rules=RULES, now=NOW, **facts):
    return judge_notice(event, Facts(**{"open": {"i": "high"}, **facts}), rules, since=now - waited, now=now)


def told(at=LONG_AGO, severity="high", incident="i"):
    return {incident: Told(at, severity)}


def test_an_opening_waits_for_its_group_and_then_goes_out():
    assert judged(drift(DriftDetected), waited=timedelta(0)) == Postponed(NOW + RULES.group_wait, Quiet.GROUP_WAIT)
    assert judged(drift(DriftDetected), waited=RULES.group_wait) == Send()


def test_it_tells_along_whatever_else_of_the_model_waits_to_be_told():
    assert judged(drift(DriftDetected), open={"i": "high", "j": "low", "k": "low"}, told=told(incident="k")) == Send(
        ("j",)
    )


def test_what_was_told_along_is_not_told_once_more():
    facts = {"told": told(at=NOW - timedelta(seconds=30))}
    assert judged(drift(DriftDetected), **facts) == Suppressed(Quiet.GROUPED)


def test_the_next_message_about_a_model_keeps_its_distance():
    last = NOW - timedelta(minutes=1)
    found = judged(drift(DriftDetected), told=told(at=last, incident="another"))
    assert found == Postponed(last + RULES.group_interval, Quiet.GROUP_INTERVAL)


def test_what_was_over_before_it_was_told_is_not_told_and_neither_is_its_end():
    assert judged(drift(DriftDetected), open={}) == Suppressed(Quiet.OVER)
    assert judged(drift(DriftResolved), open={}) == Suppressed(Quiet.NEVER_TOLD)
    assert judged(drift(DriftResolved), open={}, told=told()) == Send()


def test_growing_worse_is_news_and_staying_the_same_is_none():
    assert judged(drift(DriftUpdated, "critical"), told=told()) == Send()
    assert judged(drift(DriftUpdated, "high", Reason.WORSE), told=told()) == Suppressed(Quiet.NOT_WORSE)
    assert judged(drift(DriftUpdated, "high", Reason.STILL_OPEN), told=told()) == Send()


def test_once_somebody_took_it_on_only_what_is_worse_is_told_and_its_end():
    facts = {"told": told(), "acknowledged": {"i": "high"}}
    assert judged(drift(DriftUpdated, "high", Reason.STILL_OPEN), **facts) == Suppressed(Quiet.ACKNOWLEDGED)
    assert judged(drift(DriftUpdated, "critical", Reason.WORSE), **facts) == Send()
    assert judged(drift(DriftResolved), **facts, open={}) == Send()


def test_a_silence_holds_everything_back_until_it_ends():
    until = NOW + timedelta(hours=2)
    for event in (drift(DriftDetected), drift(DriftResolved)):
        assert judged(event, silenced_until=until) == Postponed(until, Quiet.SILENCED)
    assert judged(drift(DriftDetected), silenced_until=NOW) == Send()


def test_at_night_what_is_not_critical_waits_for_the_morning():
    rules = NoticeRules(quiet=QuietHours(begin=time(22), end=time(7)))
    night, morning = NOW.replace(hour=23), datetime(2026, 1, 6, 7, tzinfo=UTC)
    assert judged(drift(DriftDetected), rules=rules, now=night) == Postponed(morning, Quiet.QUIET_HOURS)
    assert judged(drift(DriftDetected, "critical"), rules=rules, now=night) == Send()


def test_a_receiver_that_is_gone_is_left_alone():
    assert judged(drift(DriftDetected), gone=True) == Suppressed(Quiet.CHANNEL_GONE)


@pytest.mark.parametrize(("asked", "found"), [({"r"}, Send()), (set(), Suppressed(Quiet.ANSWERED))])
def test_a_question_is_put_at_once_while_it_is_open(asked, found):
    question = make(ReviewRequested, ReviewData(model="loans", review="r"), id="e", time=NOW)
    assert judged(question, waited=timedelta(0), asked=frozenset(asked), told=told(at=NOW)) == found


def test_quiet_hours_follow_daylight_saving():
    berlin = QuietHours(begin=time(22), end=time(7), timezone="Europe/Berlin")
    assert berlin.until(datetime(2026, 3, 28, 22, tzinfo=UTC), "low") == datetime(2026, 3, 29, 5, tzinfo=UTC)
    assert berlin.until(datetime(2026, 3, 27, 22, tzinfo=UTC), "low") == datetime(2026, 3, 28, 6, tzinfo=UTC)
