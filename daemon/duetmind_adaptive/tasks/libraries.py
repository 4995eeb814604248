"""Which versions of what an artifact was made with."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = (
    "duetmind-adaptive", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "skops", "lightgbm", "xgboost-cpu",
)  # fmt: skip


def library_versions() -> dict[str, str]:
    """Python and the libraries that are installed, with their versions."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # of an extra that is not installed
            continue
    return found
