"""Reads what a worker answered without running anything of the job in this process.

Unpickling calls whatever the bytes name. Here they may name classes of ours, and a few of the standard library that
hold values; functions, other people's classes and modules that are not loaded are refused.
"""

from __future__ import annotations

import builtins
import io
import pickle
import sys
from enum import Enum
from typing import Any

from pydantic import BaseModel

#: most bytes of an answer: one that is larger is refused before it is read
MOST_BYTES = 256 * 1024**2
#: ours: whatever begins like this
_OWN = "duetmind_adaptive."
#: classes of the standard library that only hold values
_VALUES = frozenset(
    [
        *(
            ("builtins", name)
            for name in ("set", "frozenset", "bool", "int", "float", "complex", "bytearray", "range", "slice")
        ),
        *(("datetime", name) for name in ("date", "datetime", "time", "timedelta", "timezone")),
        *(("pathlib", name) for name in ("PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath")),
        *(("pathlib._local", name) for name in ("PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath")),
        ("collections", "OrderedDict"),
        ("collections", "deque"),
        ("decimal", "Decimal"),
        ("fractions", "Fraction"),
        ("uuid", "UUID"),
        ("zoneinfo", "ZoneInfo._unpickle"),
        ("types", "MappingProxyType"),
    ]
)


def loads(packed: bytes | bytearray) -> Any:
    """The value that was pickled.

    Raises
    ------
    pickle.UnpicklingError
        When it names something that is neither ours nor a plain value.
    """
    return _Plain(io.BytesIO(packed)).load()


class _Plain(pickle.Unpickler):
    """Finds no more than classes that hold values."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if module_name not in sys.modules and (module_name, global_name) not in _VALUES:
            raise pickle.UnpicklingError(f"{module_name} is not loaded here")
        found = super().find_class(module_name, global_name)
        if (module_name, global_name) in _VALUES or _holds_values(module_name, found):
            return found
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is not a plain value")


def _holds_values(module: str, found: object) -> bool:
    """Whether it is an exception of the language, or a class of ours that was made to be sent."""
    if not isinstance(found, type):
        return False
    if module == builtins.__name__:
        return issubclass(found, Exception)
    sent = issubclass(found, BaseModel | Enum | Exception) or "__dataclass_fields__" in vars(found)
    named = issubclass(found, tuple) and hasattr(found, "_fields")
    return module.startswith(_OWN) and (sent or named)
