"""One promise for a whole check: how rarely each of its parts may raise an alarm while nothing changes.

A check asks many questions, and each can be answered wrongly. The promised rate is dealt out over the parts by fixed
shares, so that the rate of all of them together is kept whatever their dependence (a union bound). A part that judges
each window by itself does so at ``alpha = 1 / alarm_checks``; one that gathers evidence raises an alarm at a level of
`alarm_checks`, which an e-detector reaches no sooner on average.
"""

from __future__ import annotations

from typing import Literal

Part = Literal[
    "columns", "metric", "multivariate", "concept", "estimate", "calibration", "segments", "prediction", "series"
]

SHARES: dict[Part, float] = {
    "columns": 0.5,
    "metric": 0.175,
    "multivariate": 0.1,
    "concept": 0.1,
    "estimate": 0.025,
    "calibration": 0.025,
    "segments": 0.025,
    "prediction": 0.025,
    "series": 0.025,
}

#: of the whole promise, for the detectors of a model that has any; the parts then share what is left
DETECTORS_SHARE = 0.1

#: a check alarms wrongly at most once in so many, also where checks are so rare that the promise would allow more
FEWEST_CHECKS = 720.0


def alarm_checks(false_alarm_every: float, check_every: float, part: Part, *, detectors: int = 0) -> float:
    """How many checks lie between two false alarms of one part, on average at least.

    Parameters
    ----------
    false_alarm_every
        The promise: seconds between two false alarms, on average at least.
    check_every
        Seconds from one window to the next.
    part
        Which part of the check.
    detectors
        How many of installed packages look at the window, too.

    Examples
    --------
    >>> alarm_checks(30 * 86_400, 3_600, "columns"), alarm_checks(30 * 86_400, 60, "multivariate")
    (1440.0, 432000.0)
    >>> alarm_checks(30 * 86_400, 3_600, "columns", detectors=1)
    1600.0
    """
    left = 1 - DETECTORS_SHARE if detectors else 1
    return promised_checks(false_alarm_every, check_every) / (SHARES[part] * left)


def detector_checks(false_alarm_every: float, check_every: float, detectors: int) -> float:
    """The same of each of so many detectors of installed packages, which get equal shares.

    >>> detector_checks(30 * 86_400, 3_600, 2)
    14400.0
    """
    return promised_checks(false_alarm_every, check_every) * detectors / DETECTORS_SHARE


def promised_checks(false_alarm_every: float, check_every: float) -> float:
    """How many checks lie between two false alarms of all parts together, on average at least; as of `alarm_checks`."""
    return max(false_alarm_every / check_every, FEWEST_CHECKS)
