"""The files in `config/` say what the models say: settings, documented defaults and schema cannot drift apart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from duetmind_adaptive.settings.load import load_config
from duetmind_adaptive.settings.model import Config, ModelSettings
from duetmind_adaptive.settings.schema import config_schema
from duetmind_adaptive.settings.workflows import WorkflowSettings, WorkflowTaskSettings

FOLDER = Path(__file__).parents[3] / "config"
TEXT = (FOLDER / "duetmind.yaml").read_text()


def settings(section: BaseModel, data: dict[str, Any], path: str = "") -> Iterator[tuple[str, str, bool]]:
    """Every key of a section: its path, its description, and whether the file gives it."""
    for name, field in type(section).model_fields.items():
        key = field.alias or name
        yield f"{path}{key}", field.description or "", key in data
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from settings(value, data.get(key) or {}, f"{path}{key}.")


def test_the_schema_file_is_current() -> None:
    """Mend with `duetmind config schema > config/schema.json`."""
    assert json.loads((FOLDER / "schema.json").read_text()) == config_schema()


def test_the_schema_writes_durations_as_people_do() -> None:
    interval = config_schema()["$defs"]["DriftMonitoringSettings"]["properties"]["monitoring_interval"]
    assert interval["default"] == "1h"
    assert re.match(interval["pattern"], "15m")


def test_duetmind_yaml_holds_exactly_the_defaults() -> None:
    assert load_config(FOLDER / "duetmind.yaml", {}).config == Config()


@pytest.mark.parametrize(("path", "description", "given"), list(settings(Config(), yaml.safe_load(TEXT))))
def test_duetmind_yaml_gives_and_explains_every_setting(path: str, description: str, given: bool) -> None:
    assert given, path
    assert description, path
    assert description in TEXT, path


def test_the_commented_model_can_be_used_and_names_every_setting(tmp_path: Path) -> None:
    example = TEXT[TEXT.index("#  loans:") : TEXT.index("# who is told")]
    text = "models:\n" + re.sub(r"^#", "", example, flags=re.MULTILINE)
    (tmp_path / "c.yaml").write_text(text)
    loaded = load_config(tmp_path / "c.yaml", {})
    assert not loaded.warnings
    for name, field in ModelSettings.model_fields.items():
        assert re.search(rf"^ +(# )?{name}:", text, flags=re.MULTILINE), name
        assert (field.description or "").partition(";")[0] in text, name


def test_the_commented_workflow_can_be_used_and_names_every_setting(tmp_path: Path) -> None:
    text = re.sub(r"^#", "", TEXT[TEXT.index("workflows: {}") :].replace(" {}", "", 1), flags=re.MULTILINE)
    (tmp_path / "c.yaml").write_text(text)
    assert load_config(tmp_path / "c.yaml", {}).config.workflows["nightly"].tasks["fit"].needs == ("load",)
    for section in (WorkflowSettings, WorkflowTaskSettings):
        for name, field in section.model_fields.items():
            assert re.search(rf"^ +{name}:", text, flags=re.MULTILINE), name
            assert (field.description or "") in text, name


def test_the_commented_channels_and_routes_can_be_used(tmp_path: Path) -> None:
    alerts = TEXT[TEXT.index("alerts:") : TEXT.index("# bounds of the")]
    text = re.sub(r"(channels|routes): (\{\}|\[\])", r"\1:", alerts).replace("  #  ", "    ")
    text = text.replace(", model: [loans]", "").replace(", tags: [credit]", "")
    (tmp_path / "c.yaml").write_text(text)
    assert sorted(load_config(tmp_path / "c.yaml", {}).channels) == ["log", "night", "ops", "pager"]
