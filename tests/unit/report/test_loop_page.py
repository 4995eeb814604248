"""The page of a run stands alone and says what the document says."""

from duetmind_adaptive.report.loop_page import loop_page


def window(**changes):
    base = {
        "first_row": 0, "start": "2026-01-01T00:00:00+00:00", "end": None, "rows": 100, "metric": 0.8,
        "metric_static": 0.7, "drift": False, "kinds": [], "alerts": 0, "actions": [], "version": 1, "incident": False,
    }  # fmt: skip
    return base | changes


def document(*windows):
    summary = {"metric": 0.8, "metric_static": 0.7, "alerts": 2, "retrains": 1, "promotions": 1, "rollbacks": 0}
    return {"model": "loans", "metric": "accuracy", "windows": list(windows), "summary": summary | {"seconds": 1.0}}


def test_the_page_loads_nothing_from_elsewhere():
    page = loop_page(document(window()), title="t")
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page


def test_the_first_sentence_says_what_the_loop_was_worth():
    assert "Mean accuracy of loans: 0.800 with the loop, 0.700 without." in loop_page(document(window()), title="t")


def test_windows_with_an_open_incident_in_a_row_are_one_shaded_span():
    incidents = [True, True, False, True]
    page = loop_page(document(*(window(incident=is_open) for is_open in incidents)), title="t")
    assert page.count('class="span"') == 2


def test_promotions_and_rollbacks_are_marked():
    page = loop_page(document(window(actions=["retrain", "promoted"]), window(actions=["rolled_back"])), title="t")
    assert page.count('<g class="mark promoted">') == page.count('<g class="mark rolled_back">') == 1


def test_every_mark_of_the_chart_is_in_its_key():
    page = loop_page(document(window()), title="t")
    assert all(f"</i>{mark}</span>" in page for mark in ("promotion", "rollback", "open incident"))


def test_a_metric_that_is_not_known_is_a_dash_and_not_a_zero():
    page = loop_page(document(window(metric=None, metric_static=None)), title="t")
    assert page.count("–") >= 2


def test_hostile_names_stay_text():
    hostile = document(window()) | {"model": "<script>alert(1)</script>"}
    assert "<script>" not in loop_page(hostile, title="<b>t</b>")
