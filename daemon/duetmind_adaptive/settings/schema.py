"""The configuration's JSON Schema, made from the models: for editors, and for people who generate configs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from duetmind_adaptive.settings.durations import format_duration
from duetmind_adaptive.settings.model import Config


class _Generator(GenerateJsonSchema):
    """Writes durations as people do: `1h`, where pydantic has ISO 8601's `PT1H`."""

    def encode_default(self, dft: Any) -> Any:
        return format_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def config_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a configuration file.

    >>> config_schema()["properties"]["http"]["description"]
    'where the daemon listens'
    """
    schema = Config.model_json_schema(schema_generator=_Generator)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "DuetMind configuration"}
