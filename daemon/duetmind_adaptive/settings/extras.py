"""Whether what an extra of this distribution brings is installed."""

from __future__ import annotations

from importlib.util import find_spec

#: said where Apprise is asked for and not there
APPRISE_MISSING = "Apprise is not installed: pip install 'duetmind-adaptive[apprise]'"


def is_installed(module: str) -> bool:
    """Whether a module could be imported; it is not.

    >>> is_installed("json"), is_installed("no_such_module")
    (True, False)
    """
    try:
        return find_spec(module) is not None
    except ValueError:  # it was put aside on purpose
        return False
