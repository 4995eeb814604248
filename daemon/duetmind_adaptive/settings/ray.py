"""Whether Ray, an extra, is installed."""

from __future__ import annotations

from duetmind_adaptive.settings.extras import is_installed

#: said where Ray is asked for and not there
RAY_MISSING = "Ray is not installed: pip install 'duetmind-adaptive[ray]'"


def ray_installed() -> bool:
    """Whether Ray could be imported; it is not."""
    return is_installed("ray")
