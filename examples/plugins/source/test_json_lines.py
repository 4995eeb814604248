"""The source keeps what every source keeps."""

import json
from pathlib import Path

import pytest

from duetmind_adaptive.testing import SourceSuite


class TestJsonLines(SourceSuite):
    """All that the suite asks for."""

    name = "json_lines"

    @pytest.fixture(autouse=True)
    def _written(self, tmp_path: Path) -> None:
        """Five rows and one that is still being written."""
        rows = [json.dumps({"n": n, "word": "abcde"[n]}) for n in range(5)]
        (tmp_path / "rows.jsonl").write_text("\n".join([*rows, '{"n": 5, "wo']))
        self.options = {"path": str(tmp_path / "rows.jsonl")}
