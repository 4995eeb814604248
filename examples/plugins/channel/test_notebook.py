"""The channel keeps what every channel keeps."""

from pathlib import Path

import pytest

from duetmind_adaptive.testing import AlertChannelSuite, incident_alert


class TestNotebook(AlertChannelSuite):
    """All that the suite asks for, and that a repeat writes nothing."""

    name = "notebook"

    @pytest.fixture(autouse=True)
    def _empty(self, tmp_path: Path) -> None:
        """A file that is not there yet."""
        self.options = {"path": tmp_path / "alerts.md"}

    def test_a_repeat_is_written_once(self, tmp_path: Path) -> None:
        """A crash between writing and recording repeats the send."""
        self.sent(incident_alert())
        self.sent(incident_alert())
        assert (tmp_path / "alerts.md").read_text().count("\n") == 1
