"""What changed between two loads of a configuration, and whether it can be applied without a restart. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from duetmind_adaptive.settings.model import Loaded

#: sections whose change takes a restart: sockets, files and the clock are taken once
RESTART_SECTIONS = ("http", "store", "state", "clock")


@dataclass(frozen=True, kw_only=True)
class Changes:
    """The differences of two configurations; names are sorted."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    #: models whose resolved settings differ, whatever section the difference came from
    changed: tuple[str, ...] = ()
    #: sections that differ and can be applied at once
    sections: tuple[str, ...] = ()
    #: sections that differ but keep their old values until a restart
    restart: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        """True when both configurations mean the same."""
        return not (self.added or self.removed or self.changed or self.sections or self.restart)


def compare(old: Loaded, new: Loaded) -> Changes:
    """What `new` does differently from `old`."""
    differing = [name for name in type(old.config).model_fields if _differs(old, new, name)]
    return Changes(
        added=tuple(sorted(new.models.keys() - old.models.keys())),
        removed=tuple(sorted(old.models.keys() - new.models.keys())),
        changed=tuple(
            sorted(name for name in old.models.keys() & new.models.keys() if old.models[name] != new.models[name])
        ),
        sections=tuple(name for name in differing if name not in RESTART_SECTIONS and name != "models"),
        restart=tuple(name for name in differing if name in RESTART_SECTIONS),
    )


def _differs(old: Loaded, new: Loaded, section: str) -> bool:
    """Whether a section differs; of the paths the resolved ones count, so a moved file is a change as well."""
    match section:
        case "store":
            return old.store_url != new.store_url
        case "state":
            return old.state != new.state
        case _:
            return getattr(old.config, section) != getattr(new.config, section)
