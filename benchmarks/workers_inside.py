"""The first instructions of tasks whose workers are timed; imports nothing that a worker does not have."""

from __future__ import annotations

import sys
import time


def first_instruction() -> float:
    """The moment at which it runs; scikit-learn is there already."""
    now = time.monotonic()
    if "sklearn.ensemble" not in sys.modules:
        raise RuntimeError("scikit-learn is not imported")
    return now


def imported_instruction() -> float:
    """The moment at which scikit-learn is there."""
    import sklearn.ensemble  # noqa: F401, PLC0415 - the point of it

    return time.monotonic()
