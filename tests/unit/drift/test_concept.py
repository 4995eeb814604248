"""A relation of inputs and label that changed, and inputs that only moved."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy.stats import binomtest

from duetmind_adaptive.drift.concept.residuals import Rows
from duetmind_adaptive.drift.concept.stream import Stream
from duetmind_adaptive.drift.concept.verdict import Related, Relation, relate
from duetmind_adaptive.drift.estimation.design import Binning, fit_binning

Floats = NDArray[np.float64]
ROWS = 1000


def inputs(rng: np.random.Generator, rows: int, alike: float = 0.0, shift: float = 0.0) -> Floats:
    """Five columns, each an AR(1) with coefficient `alike`, some moved."""
    noise = rng.normal(size=(rows, 5))
    for at in range(1, rows):
        noise[at] = alike * noise[at - 1] + np.sqrt(1 - alike**2) * noise[at]
    return noise + shift


def probability(x: Floats, turned: float = 0.0) -> Floats:
    slope = np.where(x[:, 1] > 0.5, 1.5 * (1 - 2 * turned), 1.5)
    return 1 / (1 + np.exp(-(slope * x[:, 0] + 0.7 * x[:, 2])))


def labelled(rng: np.random.Generator, binning: Binning, x: Floats, turned: float = 0.0) -> Rows:
    """A champion that knows the relation as it was."""
    truth = rng.uniform(size=len(x)) < probability(x, turned)
    return Rows(binning.codes(table(x)), (truth - probability(x))[:, np.newaxis])


def table(x: Floats) -> pa.Table:
    return pa.table({f"x{place}": column for place, column in enumerate(x.T)})


def a_relation(rng: np.random.Generator, alike: float = 0.0, rows: int = 4 * ROWS) -> Relation:
    x = inputs(rng, rows, alike)
    binning = fit_binning(table(x))
    return Relation.of(binning, labelled(rng, binning, x), ROWS)


def judged(relation: Relation, window: Rows, stream: Stream | None = None, checks: float = 7200) -> Related:
    related = relate(relation, stream or Stream(), window, 0, checks=checks)
    assert related is not None
    return related


@pytest.mark.parametrize("alike", [0.0, 0.7])
def test_false_alarms_stay_within_their_budget(alike: float) -> None:
    rng, checks, alarms, windows = np.random.default_rng(11), 50, 0, 0
    for _ in range(4):
        relation, stream = a_relation(rng, alike), Stream()
        for _ in range(30):
            found = judged(relation, labelled(rng, relation.binning, inputs(rng, ROWS, alike)), stream, checks)
            stream, alarms, windows = found.stream, alarms + found.concept.drift, windows + 1
    assert binomtest(alarms, windows, 1 / checks, alternative="greater").pvalue > 0.01, f"{alarms} of {windows}"


@pytest.mark.parametrize("shift", [0.5, 1.0])
def test_inputs_that_move_are_no_change_of_concept(shift: float) -> None:
    rng = np.random.default_rng(12)
    relation, stream = a_relation(rng), Stream()
    for _ in range(20):
        found = judged(relation, labelled(rng, relation.binning, inputs(rng, ROWS, shift=shift)), stream)
        stream = found.stream
        assert not found.concept.drift


def test_a_relation_that_turns_in_a_region_is_found_in_its_first_window_and_the_region_is_named() -> None:
    rng = np.random.default_rng(13)
    relation = a_relation(rng)
    found = judged(relation, labelled(rng, relation.binning, inputs(rng, ROWS), turned=1.0)).concept
    assert found.drift
    assert (found.tests["two_models"].p_value or 0.0) < 0.05
    assert any("x1 > 0." in condition for condition in found.where)


def test_a_small_change_is_found_in_time_and_dated() -> None:
    rng = np.random.default_rng(14)
    relation, stream = a_relation(rng), Stream()
    for window in range(20):
        turned = 0.35 if window >= 8 else 0.0
        rows = labelled(rng, relation.binning, inputs(rng, ROWS), turned)
        related = relate(relation, stream, rows, window * ROWS, checks=7200)
        assert related is not None
        assert window >= 8 or not related.concept.drift
        if related.concept.drift:
            assert abs((related.concept.since_row or 0) // ROWS - 8) <= 6
            return
        stream = related.stream
    pytest.fail("never found")


def test_rows_unlike_all_that_is_known_are_not_judged() -> None:
    rng = np.random.default_rng(15)
    relation = a_relation(rng)
    assert relate(relation, Stream(), labelled(rng, relation.binning, inputs(rng, ROWS) + 20), 0, checks=7200) is None


def test_the_stream_survives_as_json_values() -> None:
    rng = np.random.default_rng(16)
    relation = a_relation(rng)
    stream = judged(relation, labelled(rng, relation.binning, inputs(rng, ROWS))).stream
    again = Stream.from_section(stream.to_section())
    assert again.rows == stream.rows
    assert again.batches == pytest.approx(stream.batches, abs=1e-4)
