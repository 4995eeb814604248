"""The action keeps what every action keeps."""

from pathlib import Path

import pytest

from duetmind_adaptive.testing import ResponseActionSuite


class TestFlagFile(ResponseActionSuite):
    """All that the suite asks for."""

    name = "flag_file"

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Flags go into a folder of the test's."""
        monkeypatch.setenv("DUETMIND_FLAGS", str(tmp_path))
