"""Contract suites for plug-ins: subclass one under a name that begins with Test, say which plug-in, and run pytest.

    from duetmind_adaptive.testing import DetectorSuite


    class TestRankSum(DetectorSuite):
        name = "rank_sum"
        options = {"columns": ["number"]}

The built-in plug-ins pass the same suites. A suite imports no pytest; whatever runs its methods `test_…` will do.
"""

from __future__ import annotations

from duetmind_adaptive.testing.actions import ResponseActionSuite
from duetmind_adaptive.testing.channels import AlertChannelSuite
from duetmind_adaptive.testing.detectors import DetectorSuite
from duetmind_adaptive.testing.events import incident_alert, sample_events
from duetmind_adaptive.testing.learners import AlgorithmSuite, TransformerSuite
from duetmind_adaptive.testing.sources import SourceSuite

__all__ = [
    "AlertChannelSuite",
    "AlgorithmSuite",
    "DetectorSuite",
    "ResponseActionSuite",
    "SourceSuite",
    "TransformerSuite",
    "incident_alert",
    "sample_events",
]
