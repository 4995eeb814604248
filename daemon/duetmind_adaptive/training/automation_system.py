"""The guide's integrated system (its section 5): the monitor and automated trainings in one folder.

A facade, as `enhanced_drift_monitoring` is: the room of it is `service/system`. Each name is imported when it is asked
for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duetmind_adaptive.service.system.results import AutomationResults
    from duetmind_adaptive.service.system.system import (
        AutomationScalabilitySystem,
        create_automation_system,
        setup_complete_system,
    )

__all__ = [
    "AutomationResults",
    "AutomationScalabilitySystem",
    "create_automation_system",
    "setup_complete_system",
]

_ROOM = "duetmind_adaptive.service.system"
_HOMES = {
    "results": ("AutomationResults",),
    "system": ("AutomationScalabilitySystem", "create_automation_system", "setup_complete_system"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{_ROOM}.{home}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
