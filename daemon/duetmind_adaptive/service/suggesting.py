"""Policies to try on a model's own history, and which of them to take. Pure but for the names of settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from duetmind_adaptive.settings.model import Loaded
from duetmind_adaptive.settings.resolve import time_between

#: what is tried: how often a wrong alarm is tolerable, the smallest effect that counts, retrains a day
FALSE_ALARMS = ("1 per 7d", "1 per 30d", "1 per 90d")
THRESHOLDS = (0.02, 0.1)
BUDGETS = (1, 3)
#: of the range between the worst and the best metric found, this much is given up for fewer retrains
CONCEDED = 0.1


def policies(loaded: Loaded, name: str) -> Iterator[tuple[dict[str, Any], Loaded]]:
    """Settings to write, and the config with them; the first is the config as it is."""
    model = loaded.models[name]
    yield {}, loaded
    for rate, threshold, budget in product(FALSE_ALARMS, THRESHOLDS, BUDGETS):
        tried = model.model_copy(
            update={
                "false_alarm_every": time_between(rate),
                "drift_threshold": threshold,
                "max_retrains_per_day": budget,
            }
        )
        if tried != model:
            settings = {"false_alarms": rate, "drift_threshold": threshold, "max_auto_retrains_per_day": budget}
            yield settings, loaded.model_copy(update={"models": {**loaded.models, name: tried}})


def best(summaries: Sequence[Mapping[str, Any]], *, higher: bool) -> int:
    """The place of the policy with the fewest retrains among those that are nearly as good as the best.

    Examples
    --------
    >>> tried = [{"metric": 0.80, "retrains": 9}, {"metric": 0.90, "retrains": 8}, {"metric": 0.895, "retrains": 2}]
    >>> best(tried, higher=True)
    2
    """
    sign = 1 if higher else -1
    values = [sign * each["metric"] if each["metric"] is not None else float("-inf") for each in summaries]
    known = [value for value in values if value > float("-inf")]
    if not known:
        return 0
    enough = max(known) - CONCEDED * (max(known) - min(known))
    good = [place for place, value in enumerate(values) if value >= enough]
    return min(good, key=lambda place: (summaries[place]["retrains"], -values[place], place))
