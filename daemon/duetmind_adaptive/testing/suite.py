"""What every contract suite begins with: the plug-in is installed under its name, and is what its group asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from duetmind_adaptive import plugins
from duetmind_adaptive.contracts import Outcome


class PluginSuite:
    """Base of the suites."""

    #: the entry point group; each suite has its own
    group: ClassVar[str]
    #: of the entry point
    name: ClassVar[str]
    #: what a config would give it; an instance may have its own, made by a fixture
    options: Mapping[str, Any] = {}

    def test_it_is_installed_and_is_what_its_group_asks_for(self) -> None:
        """`duetmind plugins` says ok."""
        plugins.load(self.group, self.name)

    def make(self) -> Any:
        """The plug-in, made as the product makes it."""
        return plugins.make(self.group, self.name, **self.options)


def is_outcome(answer: object) -> bool:
    """Whether a handler of others answered as the bus can use it."""
    return isinstance(answer, Outcome)


def holds(fact: object, sentence: str) -> None:
    """Fail with a sentence unless something is so; tests of others have no rewritten asserts."""
    if not fact:
        raise AssertionError(sentence)
