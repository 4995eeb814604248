"""Whether Ray, an extra, is installed."""

from __future__ import annotations

from importlib.util import find_spec

#: said where Ray is asked for and not there
RAY_MISSING = "Ray is not installed: pip install 'duetmind-adaptive[ray]'"


def ray_installed() -> bool:
    """Whether Ray could be imported; it is not."""
    try:
        return find_spec("ray") is not None
    except ValueError:  # it was put aside on purpose
        return False
