"""The working folder's own papers: what the system was told, and its orders. Each is whole or not there."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from duetmind_adaptive.durable import write_durably
from duetmind_adaptive.errors import ConfigError, StoreError, WorkflowError
from duetmind_adaptive.settings.problems import did_you_mean
from duetmind_adaptive.settings.types import Section
from duetmind_adaptive.tasks.automated.wanted import TRAININGS, Wanted

STATE, ORDER, RESULTS = "system.json", "order.json", "results.json"


class SystemState(Section):
    """What outlives a process."""

    name: str
    #: file of the reference
    reference: str
    columns: tuple[str, ...]
    baselines: dict[str, float]
    #: sections of the config, as the system was given them
    sections: dict[str, Any] = Field(default_factory=dict[str, Any])
    #: the config that a training has led to; None before the first one
    document: dict[str, Any] | None = None
    #: sha256 of duetmind.yaml as it was written: another one is a person's work
    written: str = ""


class SystemFolder:
    """Reads and writes the papers.

    Parameters
    ----------
    path
        Absolute; made when something is first written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def state(self) -> SystemState | None:
        """What the system here was told; None where there is none yet.

        Raises
        ------
        StoreError
            The paper is damaged.
        """
        file = self.path / STATE
        try:
            return SystemState.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise StoreError(f"{file} cannot be read; restore it, or give the system another working_dir") from error

    def keep(self, state: SystemState) -> None:
        """Put the state in the old one's place."""
        write_durably(self.path / STATE, state.model_dump_json(indent=1).encode())

    def order(self, wanted: Wanted) -> str:
        """Write an order down and answer its id: that of the same order, where it has not ended."""
        orders = self.orders()
        for each in orders.values():
            open_still = not (each.home / RESULTS).exists()
            if open_still and _said(each) == _said(wanted):
                return each.id
        number = 1 + max((int(name.rpartition("-")[2]) for name in orders), default=0)
        given = wanted.model_copy(update={"id": f"training-{number:04}"})
        given.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_durably(given.home / ORDER, given.model_dump_json(indent=1).encode())
        return given.id

    def orders(self) -> dict[str, Wanted]:
        """Every order, by its id, oldest first."""
        files = sorted((self.path / TRAININGS).glob(f"*/{ORDER}"))
        return {file.parent.name: self._wanted(file.parent.name, file.read_text("utf-8")) for file in files}

    def text(self, workflow: str) -> str:
        """An order as it was written down: the same text in every process, so that steps know their results again.

        Raises
        ------
        WorkflowError
            There is no such order.
        """
        orders = self.orders()
        if workflow not in orders:
            there = f"there are {', '.join(orders)}" if orders else "there is none yet"
            raise WorkflowError(f"there is no workflow {workflow!r}; {there}{did_you_mean(workflow, list(orders))}")
        return (orders[workflow].home / ORDER).read_text("utf-8")

    def _wanted(self, workflow: str, text: str) -> Wanted:
        try:
            return Wanted.model_validate_json(text)
        except ValidationError as error:
            raise WorkflowError(f"the order of workflow {workflow} is damaged; order it again") from error

    def results(self, workflow: str) -> dict[str, Any] | None:
        """What a workflow that has ended came to."""
        try:
            return json.loads((self.path / TRAININGS / workflow / RESULTS).read_bytes())
        except (FileNotFoundError, ValueError):
            return None

    def end(self, workflow: str, document: dict[str, Any]) -> None:
        """Keep what a workflow came to; it is not run again."""
        write_durably(self.path / TRAININGS / workflow / RESULTS, json.dumps(document, indent=1).encode())


def _said(wanted: Wanted) -> str:
    """The order without its id."""
    return wanted.model_dump_json(exclude={"id"})


def checked_name(name: str) -> str:
    """A model's name that can be a folder's."""
    if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
        raise ConfigError(f"name is {name!r}; use letters, digits, dashes and underscores")
    return name


def digest(content: bytes) -> str:
    """The sha256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
