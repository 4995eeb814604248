"""The program's log lines in somebody else's process: standard logging decides, and nothing is printed."""

import json
import logging
import subprocess
import sys
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.redaction import register_secret

LOG = get_logger("duetmind_adaptive.somewhere")
#: one line of the guide's debug mode, and something of the library that logs
GUIDE = """
import logging
{set_up}
import numpy as np, pandas as pd
from duetmind_adaptive.training.enhanced_drift_monitoring import create_enhanced_drift_monitor
x = np.random.default_rng(0).normal(size=400)
with create_enhanced_drift_monitor(pd.DataFrame({{"x": x}})) as monitor:
    assert monitor.detect_comprehensive_drift(pd.DataFrame({{"x": x + 3}}))["drift"]
"""


def run(set_up: str) -> subprocess.CompletedProcess[str]:
    script = GUIDE.format(set_up=set_up)
    return subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=120)


def test_debug_logging_as_the_guide_shows_gives_structured_lines() -> None:
    done = run("logging.basicConfig(level=logging.DEBUG)")
    assert (done.returncode, done.stdout) == (0, "")
    lines = done.stderr.splitlines()
    assert any("INFO:duetmind_adaptive.service.decisions:policy.decided model='model'" in line for line in lines)
    assert any(line.startswith("WARNING:duetmind_handlers.alerts.log:alert.opened ") for line in lines)


def test_without_logging_set_up_only_the_alert_that_was_asked_for_is_seen() -> None:
    done = run("")
    assert (done.returncode, done.stdout) == (0, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("alert.opened ")


def test_a_record_has_its_facts_its_module_and_the_place_it_was_logged_at(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "duetmind_adaptive"):
        LOG.debug("rows.read", rows=3, columns=["a", "b"])
    (record,) = caplog.records
    facts: Any = record.__dict__["facts"]
    assert (record.name, record.levelname) == ("duetmind_adaptive.somewhere", "DEBUG")
    assert record.getMessage() == "rows.read rows=3 columns=['a', 'b']"
    assert json.loads(json.dumps(facts)) == {"rows": 3, "columns": ["a", "b"]}
    assert record.pathname == __file__


def test_bound_facts_and_tracebacks_come_along(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "duetmind_adaptive"):
        try:
            int("no")
        except ValueError:
            LOG.bind(job="j1").exception("job.failed")
    (record,) = caplog.records
    assert record.getMessage() == "job.failed job='j1'"
    assert record.exc_info
    assert record.exc_info[0] is ValueError


def test_names_and_secrets_cannot_act_in_a_line(caplog: pytest.LogCaptureFixture) -> None:
    register_secret("canary-of-the-library-log")
    with caplog.at_level(logging.INFO, "duetmind_adaptive"):
        LOG.info("check.failed", column="a\nERROR forged %s", url="https://x/?t=canary-of-the-library-log")
    message = caplog.records[0].getMessage()
    assert "\n" not in message
    assert "canary" not in message


def test_structlogs_own_settings_are_left_as_they_are() -> None:
    LOG.info("rows.read", rows=3)
    assert not structlog.is_configured()


def test_what_an_application_made_of_structlog_decides() -> None:
    with capture_logs() as said:
        LOG.info("rows.read", rows=3)
    assert said == [{"event": "rows.read", "rows": 3, "log_level": "info"}]
