"""Arrow's compute functions. They are made at run time, where no type checker sees them: hence one untyped name."""

from __future__ import annotations

from importlib import import_module
from typing import Any

pc: Any = import_module("pyarrow.compute")
