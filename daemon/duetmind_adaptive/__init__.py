"""DuetMind Adaptive keeps tabular models healthy in production.

It watches their data for drift, tells the right people once, retrains or rolls back safely, and proves what it did.
Importing this package loads nothing heavy; each public name loads what it needs on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duetmind_adaptive.registry.loading import load_model
    from duetmind_adaptive.tasks.compare import compare
    from duetmind_adaptive.tasks.detector import Detector
    from duetmind_adaptive.tasks.profiles import Profile

__version__ = "0.1.0"
__all__ = ["Detector", "Profile", "__version__", "compare", "load_model"]

#: public name -> the module that it comes from
_LAZY = {
    "Detector": "duetmind_adaptive.tasks.detector",
    "Profile": "duetmind_adaptive.tasks.profiles",
    "compare": "duetmind_adaptive.tasks.compare",
    "load_model": "duetmind_adaptive.registry.loading",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'duetmind_adaptive' has no attribute '{name}'")
    return getattr(import_module(_LAZY[name]), name)
