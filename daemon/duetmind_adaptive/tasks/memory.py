"""What a check leaves to the next one of the same model: evidence that adds up, detectors' states, short histories.

One JSON document with a section for each examination, kept in the transaction that records the report: a check that is
repeated after a crash starts from the same memory. A section belongs to the version that served, because evidence
against one reference says nothing against another; those of `OUTLIVES` survive a new version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

#: bumped when a section changes its meaning: what an older program left is forgotten
FORMAT = 2
#: sections about the data or the process rather than about one version
OUTLIVES = frozenset({"history"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The sections, each by its examination's name; only JSON values, of bounded size.

    Examples
    --------
    >>> memory = Memory.from_json(None, version=3).having("calm", {"level": 0.5})
    >>> Memory.from_json(memory.to_json(), version=3).section("calm")
    {'level': 0.5}
    >>> Memory.from_json(memory.to_json(), version=4).section("calm") is None
    True
    """

    version: int
    sections: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def from_json(cls, text: str | None, version: int) -> Memory:
        """What the check before left, as far as it concerns the version that serves now."""
        held: dict[str, Any] = json.loads(text) if text else {}
        if held.get("format") != FORMAT:
            return cls(version=version)
        sections = held["sections"]
        if held["version"] != version:
            sections = {name: section for name, section in sections.items() if name in OUTLIVES}
        return cls(version=version, sections=sections)

    def to_json(self) -> str:
        """The document, for `from_json` of the next check."""
        facts = {"format": FORMAT, "version": self.version, "sections": dict(self.sections)}
        return json.dumps(facts, separators=(",", ":"), allow_nan=False)

    def section(self, name: str) -> Any | None:
        """What the examination of this name left; None at first."""
        return self.sections.get(name)

    def having(self, name: str, section: Any | None) -> Memory:
        """The memory with this section instead of the one before; None takes it out."""
        others = {key: value for key, value in self.sections.items() if key != name}
        return replace(self, sections=others if section is None else {**others, name: section})


def lasting(text: str | None) -> str | None:
    """The sections that outlive a version, for a look that adds nothing to the evidence of the others."""
    if text is None:
        return None
    held: dict[str, Any] = json.loads(text)
    sections = {name: section for name, section in held.get("sections", {}).items() if name in OUTLIVES}
    return json.dumps({**held, "sections": sections}, separators=(",", ":"))
