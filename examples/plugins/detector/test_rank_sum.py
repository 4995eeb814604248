"""The detector keeps what every detector keeps."""

from duetmind_adaptive.testing import DetectorSuite


class TestRankSum(DetectorSuite):
    """All that the suite asks for."""

    name = "rank_sum"
    options = {"columns": ["number"]}
