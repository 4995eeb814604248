"""Evidence over windows that a metric fell: small falls that no window proves by itself, at a promised rate of alarms.

An e-detector (`stats.e_detector`) follows what each window's metric lies below its reference by, in deviations of a
row, on the side of falls alone. Falls up to the tolerance are none, and neither is what the reference cannot know of
itself. When the metric has recovered, capitals come down within a few windows, because they are capped at the alarm.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from duetmind_adaptive.drift.metrics import higher_is_better
from duetmind_adaptive.drift.performance import TOLERANCE, metric_scale
from duetmind_adaptive.records import MetricReading
from duetmind_adaptive.stats.e_detector import EDetector

#: standard errors of the reference that are no fall
REFERENCE_ERRORS = 2.0
#: weight of the windows before beside the newest in the mean fall, and capital beyond the alarm, as a logarithm
KEPT, CAP = 0.6, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricEvidence:
    """The state between windows.

    Examples
    --------
    >>> reference = MetricReading(name="accuracy", value=0.90, low=0, high=1, error=0.003, rows=10_000)
    >>> evidence = MetricEvidence()
    >>> for window in range(1, 13):
    ...     reading = MetricReading(name="accuracy", value=0.85, low=0, high=1, error=0.011, rows=1_000)
    ...     evidence = evidence.update(reading, reference, error=0.011, checks=7_200)
    ...     if evidence.fallen(reference, checks=7_200):
    ...         break
    >>> window
    5
    """

    log_sums: tuple[float, ...] = ()
    #: fading mean of the falls, on the metric's own scale
    fall: float = 0.0

    def update(
        self, reading: MetricReading, reference: MetricReading, *, error: float, checks: float, expected: float = 0.0
    ) -> MetricEvidence:
        """State after one more window.

        Parameters
        ----------
        reading, reference
            The window's metric, and the one it is held against.
        error
            Standard error of the window's, what varies by nature included.
        checks
            False alarms are at most one in so many windows.
        expected
            By how much the hour or the day lets the metric lie above the reference.
        """
        above = reading.value - reference.value - expected
        fall = -above if higher_is_better(reference.name) else above
        unit = max(reference.error * math.sqrt(reference.rows / reference.dependence), 1e-12)
        tolerance = TOLERANCE * metric_scale(reference) + REFERENCE_ERRORS * reference.error
        detector = EDetector(tolerance=tolerance / unit, log_sums=self.log_sums)
        sums = detector.update(fall / unit, max(error, 1e-9) / unit).log_sums
        most = math.log(checks * len(sums)) + CAP
        return replace(
            self, log_sums=tuple(min(each, most) for each in sums), fall=KEPT * self.fall + (1 - KEPT) * fall
        )

    @property
    def log_level(self) -> float:
        """Natural logarithm of the evidence for a fall; an alarm needs ``log(checks)``."""
        falls = self.log_sums[: len(self.log_sums) // 2]
        return float(np.logaddexp.reduce(falls)) - math.log(len(falls)) if falls else -math.inf

    def fallen(self, reference: MetricReading, *, checks: float, share: float = 1.0) -> bool:
        """Whether the metric fell, by more than the tolerance on average over the newest windows.

        `share` moves the thresholds, that of the evidence downward only: it is capped a little above an alarm.
        """
        enough = share * TOLERANCE * metric_scale(reference)
        return self.log_level >= min(share, 1.0) * math.log(checks) and self.fall > enough

    def to_section(self) -> dict[str, Any]:
        """JSON values."""
        return {"log_sums": [max(each, -1e6) for each in self.log_sums], "fall": self.fall}

    @classmethod
    def from_section(cls, section: Mapping[str, Any] | None) -> MetricEvidence:
        """What `to_section` gave; no evidence from None."""
        return cls() if section is None else cls(log_sums=tuple(section["log_sums"]), fall=section["fall"])
