"""Which policy to take of those that were tried: the fewest retrains among the nearly best."""

import pytest

from duetmind_adaptive.service.suggesting import best


def tried(*pairs):
    return [{"metric": metric, "retrains": retrains} for metric, retrains in pairs]


@pytest.mark.parametrize(
    ("summaries", "higher", "place"),
    [
        (tried((0.7, 0), (0.9, 9), (0.89, 3)), True, 2),
        (tried((0.7, 0), (0.9, 9), (0.80, 3)), True, 1),
        (tried((3.0, 0), (1.0, 9), (1.1, 3)), False, 2),
        (tried((0.9, 2), (0.9, 2)), True, 0),
        (tried((None, 0), (0.9, 2)), True, 1),
        (tried((None, 0), (None, 0)), True, 0),
    ],
)
def test_nearly_the_best_metric_at_the_fewest_retrains(summaries, higher, place):
    assert best(summaries, higher=higher) == place
