"""A trainer of the model's own: `retrain` instead of a pipeline."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from duetmind_adaptive.settings.types import Section


class TrainerSettings(Section):
    """What learns: it gets a request as JSON, and answers with the path of what it made."""

    command: Annotated[tuple[str, ...], Field(min_length=1)] | None = Field(
        default=None, description="a program and its arguments, started in the config file's folder"
    )
    webhook: str | None = Field(
        default=None, description="an address that the request is posted to; answered by POST …/models/NAME/versions"
    )

    @model_validator(mode="after")
    def _one_of(self) -> TrainerSettings:
        if (self.command is None) == (self.webhook is None):
            raise ValueError("give exactly one of command and webhook")
        if self.webhook is not None and not self.webhook.startswith(("http://", "https://")):
            raise ValueError("webhook is an http or https address")
        return self
