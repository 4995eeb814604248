"""Drift monitoring as a library (the guide's section 4): the daemon's engine in process.

A facade: the room of it is `service/monitor`, above training, because it holds the daemon's engine. Each name is
imported when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duetmind_adaptive.service.monitor.configuration import (
        AlertChannel,
        AlertConfig,
        DriftSeverity,
        DriftType,
        ResponseAction,
        ResponseConfig,
    )
    from duetmind_adaptive.service.monitor.monitor import (
        EnhancedDriftMonitor,
        MonitoringWarning,
        create_enhanced_drift_monitor,
    )
    from duetmind_adaptive.service.monitor.orders import RetrainOrder
    from duetmind_adaptive.service.monitor.results import ActionOutcome, DriftAlert, DriftHistory, DriftResults

__all__ = [
    "ActionOutcome",
    "AlertChannel",
    "AlertConfig",
    "DriftAlert",
    "DriftHistory",
    "DriftResults",
    "DriftSeverity",
    "DriftType",
    "EnhancedDriftMonitor",
    "MonitoringWarning",
    "ResponseAction",
    "ResponseConfig",
    "RetrainOrder",
    "create_enhanced_drift_monitor",
]

_ROOM = "duetmind_adaptive.service.monitor"
_HOMES = {
    "configuration": ("AlertChannel", "AlertConfig", "DriftSeverity", "DriftType", "ResponseAction", "ResponseConfig"),
    "monitor": ("EnhancedDriftMonitor", "MonitoringWarning", "create_enhanced_drift_monitor"),
    "orders": ("RetrainOrder",),
    "results": ("ActionOutcome", "DriftAlert", "DriftHistory", "DriftResults"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{_ROOM}.{home}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
