"""`duetmind plugins`: what is installed for the six extension points, and what is wrong with what does not work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import EntryPoint
from importlib.util import find_spec

from duetmind_adaptive import plugins as lookup
from duetmind_adaptive.cli.options import Json
from duetmind_adaptive.cli.text import print_json, print_table
from duetmind_adaptive.contracts import Algorithm
from duetmind_adaptive.errors import PluginError

#: those of ours that an extra, a package and a module of the same name bring
EXTRAS = frozenset({"apprise", "evidently"})


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry point. `state` is ok, broken, hidden (another of the same name is used) or missing (an extra is)."""

    group: str
    name: str
    object: str
    distribution: str
    version: str
    state: str = "ok"
    #: one sentence where the state is not ok
    reason: str = ""


def plugins(*, json: Json = False) -> int:
    """List what is installed for the extension points, and say why something does not work.

    What other packages add is imported for it; of what comes with duetmind only whether it is there is looked at.
    Exit status 1 means that something is broken.

    Examples
    --------
    duetmind plugins
    duetmind plugins --json
    """
    found = list(listing())
    if json:
        print_json({"plugins": [asdict(each) for each in found]})
    else:
        rows = [
            (each.group, each.name, f"{each.distribution} {each.version}", each.reason or each.state) for each in found
        ]
        print_table(("GROUP", "NAME", "PACKAGE", "STATE"), rows)
    return int(any(each.state == "broken" for each in found))


def listing() -> Iterable[Listed]:
    """Every entry point of every group, in the order in which names are given away."""
    for group in lookup.GROUPS:
        winners = lookup.installed(group)
        for entry in lookup.ranked(group):
            state, reason = _state(entry, winners[entry.name])
            yield Listed(group, entry.name, entry.value, *lookup.owner(entry), state, reason)


def _state(entry: EntryPoint, winner: EntryPoint) -> tuple[str, str]:
    if entry != winner or lookup.owner(entry) != lookup.owner(winner):
        return "hidden", f"'{entry.name}' of {lookup.owner(winner)[0]} is used instead; give it another name"
    ours = lookup.owner(entry)[0] == lookup.OURS
    if ours and entry.name in EXTRAS and find_spec(entry.name) is None:
        return "missing", f"needs the package {entry.name}; pip install 'duetmind-adaptive[{entry.name}]'"
    if ours and entry.group != lookup.ALGORITHMS:  # our tests load them all; here it would take seconds
        return ("ok", "") if find_spec(entry.module) else ("broken", f"the module {entry.module} is not there")
    try:
        made = lookup.load_entry(entry)
        if entry.group == lookup.ACTIONS:
            lookup.make(entry.group, entry.name)
    except PluginError as error:
        return "broken", str(error)
    return _learner_state(made) if isinstance(made, Algorithm) else ("ok", "")


def _learner_state(algorithm: Algorithm) -> tuple[str, str]:
    """Whether the libraries that an algorithm learns with are installed; none of them is imported."""
    for path in filter(None, (algorithm.classifier, algorithm.regressor)):
        package = path.partition(":")[0].partition(".")[0]
        if find_spec(package) is None:
            extra = f"; pip install 'duetmind-adaptive[{algorithm.extra}]'" if algorithm.extra else ""
            return "missing", f"needs the package {package}{extra}"
    return "ok", ""
