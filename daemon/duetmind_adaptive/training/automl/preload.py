"""Imports all that trials need: in the fork server, whose workers have it then without loading it."""

from __future__ import annotations

import contextlib
from importlib import import_module

from duetmind_adaptive.training.automl.families import MODULES

for _name in ("finishing", "preparing"):
    import_module(f"duetmind_adaptive.training.automl.{_name}")
for _name in sorted(set(MODULES.values())):
    with contextlib.suppress(ImportError):  # of an extra that is not installed
        import_module(f"duetmind_adaptive.training.automl.families.{_name}")
