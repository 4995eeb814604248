"""What is measured inside one process: `python -m benchmarks.backtest_inside CONFIG` prints one JSON object."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from duetmind_adaptive.cli.backtest import replay
from duetmind_adaptive.settings.load import load_config
from duetmind_adaptive.tasks import check
from duetmind_adaptive.training.fitting import Learner

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

#: CPU seconds, and calls
SPENT, CALLS = defaultdict[str, float](float), Counter[str]()


def timed(name: str, function: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """The function, its CPU seconds added to those of the name."""

    def call(*given: Given.args, **named: Given.kwargs) -> Answer:
        began = time.process_time()
        try:
            return function(*given, **named)
        finally:
            SPENT[name] += time.process_time() - began
            CALLS[name] += 1

    return call


def main(config: Path) -> dict[str, float]:
    """Replay the one model of a config, and say where the seconds went."""
    loaded = load_config(config, {})
    Learner.fit = timed("fitting", Learner.fit)
    check.check_next = timed("checking", check.check_next)
    document = replay(loaded, next(iter(loaded.models)), every_window=True)
    return {
        "whole": time.process_time(),
        "fitting": SPENT["fitting"],
        "checking": SPENT["checking"],
        "fits": CALLS["fitting"],
        "windows": len(document["windows"]),
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
