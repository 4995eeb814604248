"""What installed packages add, found by entry point: six groups, each thing looked up by name and loaded when needed.

The built-in ones register the same way. A plug-in that cannot be imported, or is not what its group asks for, costs
itself only: `load` raises a PluginError with one sentence, and whoever needs no more than the names imports nothing.
Where two packages use one name, ours wins, then the one whose package comes first in the alphabet.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from duetmind_adaptive.errors import DuetMindError, PluginError

CHANNELS = "duetmind.alert_channels"
ACTIONS = "duetmind.response_actions"
DETECTORS = "duetmind.detectors"
ALGORITHMS = "duetmind.algorithms"
TRANSFORMERS = "duetmind.transformers"
SOURCES = "duetmind.sources"

#: the distribution of the built-in ones
OURS = "duetmind-adaptive"


@dataclass(frozen=True, slots=True)
class Group:
    """What the things of one entry point group are called, and how they are told from other things."""

    what: str
    #: attributes that the object, or what a class of it makes, must have
    needs: tuple[str, ...]
    #: what an author should write, for the sentence
    hint: str
    #: the object is called to make what is used
    called: bool = True


GROUPS: dict[str, Group] = {
    CHANNELS: Group("alert channel", ("send", "close"), "name a function create(name, options) that returns one"),
    ACTIONS: Group("response action", ("name", "wants", "respond"), "name a class that is made without arguments"),
    DETECTORS: Group("detector", ("detect",), "name a class that is made with its options"),
    ALGORITHMS: Group(
        "algorithm", ("classifier", "regressor", "artifact_types"), "name a contracts.Algorithm", called=False
    ),
    TRANSFORMERS: Group(
        "transformer", ("fit", "transform", "get_params"), "name a scikit-learn class that is made with its options"
    ),
    SOURCES: Group("source", ("rows", "read"), "name a class that is made with its options"),
}


def installed(group: str) -> dict[str, EntryPoint]:
    """The entry points of a group by name, without loading any.

    >>> sorted(installed(ACTIONS))[:2]
    ['promote_version', 'retrain_model']
    """
    found: dict[str, EntryPoint] = {}
    for entry in ranked(group):
        found.setdefault(entry.name, entry)
    return found


def ranked(group: str) -> list[EntryPoint]:
    """All entry points of a group, those that win a name before those that lose it."""
    return sorted(entry_points(group=group), key=lambda entry: (owner(entry)[0] != OURS, owner(entry), entry.name))


def owner(entry: EntryPoint) -> tuple[str, str]:
    """Name and version of the distribution that registered it; empty where that is not known."""
    dist = entry.dist
    return (dist.name, dist.version) if dist is not None else ("", "")


def load(group: str, name: str) -> Any:
    """What the entry point `name` of a group names, imported and looked at.

    Raises
    ------
    PluginError
        There is none of that name, it cannot be imported, or it is something else; one sentence says which.
    """
    found = installed(group)
    if name not in found:
        there = ", ".join(sorted(found)) or "none"
        raise PluginError(f"there is no {GROUPS[group].what} '{name}'; installed: {there}")
    return load_entry(found[name])


def load_entry(entry: EntryPoint) -> Any:
    """As `load`, of an entry point that is known already."""
    what = f"{GROUPS[entry.group].what} '{entry.name}'" + (f" of {owner(entry)[0]}" if owner(entry)[0] else "")
    # what a module prints while it is imported must not get into a document on standard output
    with contextlib.redirect_stdout(sys.stderr):
        made = guarded(entry.load, f"{what} cannot be loaded")
    if lacking := shortcoming(entry.group, made):
        raise PluginError(f"{what} {lacking}")
    return made


def guarded(call: Callable[[], Any], sentence: str) -> Any:
    """The answer of a plug-in's code; what it raises becomes a PluginError that begins with `sentence`.

    Errors of ours are sentences already.
    """
    try:
        return call()
    except DuetMindError as error:  # a sentence of its own
        raise PluginError(str(error)) from error
    except (Exception, SystemExit) as error:  # a plug-in may raise anything, and leave; it must cost itself only
        raise PluginError(f"{sentence}: {type(error).__name__}: {_first_line(error)}") from error


def shortcoming(group: str, made: Any) -> str:
    """Why an object cannot be a plug-in of the group; empty where nothing speaks against it.

    Of a function that makes the plug-in nothing can be said before it is called.

    >>> shortcoming(DETECTORS, object()), shortcoming(DETECTORS, lambda: None)
    ('is of type object, which cannot be called; name a class that is made with its options', '')
    """
    rules = GROUPS[group]
    if rules.called and not callable(made):
        return f"is of type {type(made).__name__}, which cannot be called; {rules.hint}"
    if rules.called and not isinstance(made, type):
        return ""
    return missing(group, made)


def missing(group: str, made: Any) -> str:
    """The same of the plug-in itself: what its group asks for and it does not have.

    >>> missing(SOURCES, object())
    'is no source: it has no rows and no read; name a class that is made with its options'
    """
    rules = GROUPS[group]
    lacks = [f"no {name}" for name in rules.needs if not hasattr(made, name)]
    return f"is no {rules.what}: it has {' and '.join(lacks)}; {rules.hint}" if lacks else ""


def make(group: str, name: str, **options: Any) -> Any:
    """The plug-in `name`, made with its options and looked at; raises PluginError as `load` does."""
    what = f"{GROUPS[group].what} '{name}'"
    factory = load(group, name)
    made = guarded(lambda: factory(**options), f"{what} cannot be made with its options")
    if lacking := missing(group, made):
        raise PluginError(f"{what} {lacking}")
    return made


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else "no reason given"
