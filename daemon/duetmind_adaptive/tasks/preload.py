"""Imports what the daemon's tasks need: in the fork server, whose workers have it then without loading it."""

from __future__ import annotations

import gc
from importlib import import_module

for _name in ("check", "train", "workflow"):
    import_module(f"duetmind_adaptive.tasks.{_name}")
import_module("sklearn.ensemble")
# what is there for good is not looked at by the collector, so that workers do not copy its pages
gc.collect()
gc.freeze()
