"""The algorithm keeps what every algorithm keeps."""

from duetmind_adaptive.testing import AlgorithmSuite


class TestBayes(AlgorithmSuite):
    """All that the suite asks for."""

    name = "bayes"
    options = {"var_smoothing": 0.001}
