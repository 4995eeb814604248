"""Writes configs to real files and loads them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.settings.load import load_config
from duetmind_adaptive.settings.model import Loaded

Load = Callable[..., Loaded]

#: the smallest model, one key a line, so that tests can name lines
MODEL = """\
models:
  loans:
    task: binary
    target: target
    timestamp: timestamp
    reference: {path: ref.parquet}
    production: {path: "loans/*.parquet"}
"""


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load a text as `c.yaml` of an empty working directory."""
    monkeypatch.chdir(tmp_path)

    def load_text(text: str, environ: Mapping[str, str] | None = None) -> Loaded:
        Path("c.yaml").write_text(textwrap.dedent(text), encoding="utf-8")
        return load_config(Path("c.yaml"), environ or {})

    return load_text


@pytest.fixture
def problems(load: Load) -> Callable[..., tuple[str, ...]]:
    """Every line that is wrong with a text."""

    def problems_of(text: str, environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
        with pytest.raises(ConfigError) as caught:
            load(text, environ)
        lines = caught.value.problems
        assert str(caught.value) == lines[0] + (f" (+{len(lines) - 1} more)" if len(lines) > 1 else "")
        assert not any("\n" in line for line in lines)
        return lines

    return problems_of


@pytest.fixture
def model() -> Callable[..., str]:
    """The smallest model with some of its lines replaced, and lines added at its end or at the file's."""

    def model_text(*, at_end: str = "", **lines: str) -> str:
        text = MODEL
        for key, value in lines.items():
            kept = [line for line in text.splitlines() if not line.startswith(f"    {key}:")]
            text = "\n".join([*kept, f"    {key}: {value}" if value else ""]) + "\n"
        return text + textwrap.dedent(at_end).rstrip() + "\n"

    return model_text
