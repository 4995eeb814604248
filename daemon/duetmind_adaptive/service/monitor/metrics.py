"""The metrics that a caller states, as readings with an error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any, get_args

from duetmind_adaptive.drift.metrics import higher_is_better
from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.records import MetricReading
from duetmind_adaptive.settings.problems import found
from duetmind_adaptive.settings.types import Metric
from duetmind_adaptive.stats.intervals import normal_quantile
from duetmind_adaptive.stats.stated_error import stated_error

KNOWN: tuple[str, ...] = get_args(Metric)


def baselines_of(metrics: Mapping[str, Any] | None, rows: int) -> tuple[MetricReading, ...]:
    """The baseline metrics, in their order.

    Parameters
    ----------
    metrics
        Values by name.
    rows
        Of the reference, on which they are taken to be measured.

    Raises
    ------
    ConfigError
        A metric that is not known here, or a value that it cannot have.

    Examples
    --------
    >>> [(each.name, round(each.error, 3)) for each in baselines_of({"accuracy": 0.9}, 1000)]
    [('accuracy', 0.009)]
    >>> baselines_of({"accuracy": 90}, 1000)
    Traceback (most recent call last):
    duetmind_adaptive.errors.ConfigError: baseline_metrics: accuracy: found 90, allowed: a number from 0 to 1
    """
    given = _mapping(metrics, "baseline_metrics")
    for name in given:
        if name not in KNOWN:
            raise ConfigError(f"baseline_metrics: {found(name, KNOWN, near=KNOWN)}")
    return tuple(_reading(str(name), value, rows, "baseline_metrics") for name, value in given.items())


def stated_of(
    metrics: Mapping[str, Any] | None, baselines: tuple[MetricReading, ...], rows: int
) -> tuple[MetricReading, ...]:
    """The current metrics that there is a baseline of, in the order of the baselines; others are nobody's business.

    Raises
    ------
    ConfigError
        A value that the metric cannot have.
    """
    given = known_of(metrics)
    names = [each.name for each in baselines if each.name in given]
    return tuple(_reading(name, given[name], rows, "current_metrics") for name in names)


def known_of(metrics: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The current metrics that have a value: one that could not be computed (None, NaN) is as good as not stated.

    >>> dict(known_of({"accuracy": 0.9, "roc_auc": float("nan"), "f1": None}))
    {'accuracy': 0.9}
    """
    given = _mapping(metrics, "current_metrics")
    return {name: value for name, value in given.items() if value is not None and value == value}  # noqa: PLR0124 - NaN


def _mapping(metrics: Mapping[str, Any] | None, role: str) -> Mapping[str, Any]:
    if metrics is None:
        return {}
    if not isinstance(metrics, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - callers are not type-checked
        raise ConfigError(f"{role}: {found(metrics, 'a mapping of names to values')}")
    return metrics


def _reading(name: str, value: Any, rows: int, role: str) -> MetricReading:
    number = math.nan if isinstance(value, bool) or not isinstance(value, Real) else float(value)
    low, high, words = _range(name)
    if not low <= number <= high:
        raise ConfigError(f"{role}: {name}: {found(value, words)}")
    error = stated_error(name, number, rows)
    reach = normal_quantile(0.95) * error
    return MetricReading(
        name=name, value=number, low=max(number - reach, low), high=min(number + reach, high), error=error, rows=rows
    )


def _range(name: str) -> tuple[float, float, str]:
    if name == "r2":
        return -math.inf, 1.0, "a number up to 1"
    if higher_is_better(name):
        return 0.0, 1.0, "a number from 0 to 1"
    return 0.0, math.inf, "a number of 0 or more"
