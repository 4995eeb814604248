"""Workers do not run the caller's script again.

`multiprocessing` has every new process import the parent's `__main__` module, so that its functions can be unpickled
there: a script or notebook without ``if __name__ == "__main__"`` then starts itself over and over. Our workers never
need it, because functions of `__main__` travel by value. The name of a process tells ours from those of other people's.
"""

from __future__ import annotations

from functools import wraps
from multiprocessing import spawn
from typing import Any

#: what our worker processes are called
NAME = "duetmind-worker"
#: what says which script to run
_MAIN = ("init_main_from_name", "init_main_from_path")

_prepare = spawn.get_preparation_data


@wraps(_prepare)
def _without_main(name: str) -> dict[str, Any]:
    data = _prepare(name)
    return {key: value for key, value in data.items() if key not in _MAIN} if name == NAME else data


def leave_main_alone() -> None:
    """From now on processes called `NAME` start without the parent's main module; all others as ever."""
    spawn.get_preparation_data = _without_main
