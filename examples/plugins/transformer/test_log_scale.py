"""The transformer keeps what every transformer keeps."""

from duetmind_adaptive.testing import TransformerSuite


class TestLogScale(TransformerSuite):
    """All that the suite asks for."""

    name = "log_scale"
    options = {"unit": 10.0}
    columns = ("number", "other")
