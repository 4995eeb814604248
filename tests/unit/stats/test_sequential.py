"""Sequential evidence errs no more often than promised, however often one looks, and still finds what moved."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from duetmind_adaptive.stats.e_detector import EDetector, together
from duetmind_adaptive.stats.e_process import HedgedCapital, NormalMixture
from duetmind_adaptive.stats.intervals import wilson

ERROR = 1000**-0.5  # of the mean of a window of 1,000 rows, in standard deviations
ALPHA = 0.1


def crossings(states, streams) -> int:
    """How many of the streams ever reach 1 / ALPHA."""
    crossed = 0
    for stream in streams:
        state = states()
        for item in stream:
            state = state.update(item, ERROR) if isinstance(state, NormalMixture) else state.update(item)
            if state.log_e_value >= -math.log(ALPHA):
                crossed += 1
                break
    return crossed


def never_too_often(crossed: int, repeats: int) -> None:
    """Hold the 99.9 % Wilson interval of the error rate against the promise."""
    low, high = wilson(crossed, repeats, 0.999)
    assert low <= ALPHA, f"{crossed} of {repeats} crossed: [{low:.3f}, {high:.3f}]"


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0.02, 1)), min_size=1, max_size=5), st.floats(0, 0.2))
def test_the_normal_mixture_is_the_mixture_of_likelihood_ratios(windows, tolerance):
    state = NormalMixture(tolerance=tolerance, scale=0.3)
    for estimate, error in windows:
        state = state.update(estimate, error)

    def ratio(excess: float, sign: float) -> float:
        exponent = sum((excess * (sign * x - tolerance) - excess**2 / 2) / s**2 for x, s in windows)
        return math.exp(exponent - state.log_e_value) * 2 * stats.norm.pdf(excess, scale=0.3)

    sides = [integrate.quad(ratio, 0, 3, args=(sign,), points=np.linspace(0.05, 2.5, 40), limit=200)[0]
             for sign in (1, -1)]  # fmt: skip
    assert math.isclose(sum(sides) / 2, 1.0, rel_tol=1e-6)


def test_the_normal_mixture_at_the_edge_of_its_tolerance_errs_no_more_than_promised():
    streams = np.random.default_rng(11).normal(0.05, ERROR, size=(600, 60))
    never_too_often(crossings(lambda: NormalMixture(tolerance=0.05, scale=0.1), streams), 600)


@pytest.mark.parametrize("mean", [0.1, 0.2])
def test_hedged_capital_at_the_edges_of_its_range_errs_no_more_than_promised(mean):
    streams = np.random.default_rng(12).binomial(1, mean, size=(600, 40, 25)).astype(float)
    never_too_often(crossings(lambda: HedgedCapital(low=0.1, high=0.2), streams), 600)


@pytest.mark.slow
@pytest.mark.parametrize("mean", [0.1, 0.15, 0.2])
def test_a_month_of_hourly_looks_errs_no_more_than_promised(mean):
    random = np.random.default_rng(13)
    bounded = random.beta(2 * mean, 2 * (1 - mean), size=(1_000, 720, 10))
    never_too_often(crossings(lambda: HedgedCapital(low=0.1, high=0.2), bounded), 1_000)
    normal = random.normal((mean - 0.15), ERROR, size=(1_000, 720))
    never_too_often(crossings(lambda: NormalMixture(tolerance=0.05, scale=0.1), normal), 1_000)


def test_evidence_for_what_moved_passes_a_thousand_within_a_few_windows():
    random = np.random.default_rng(14)
    mixture, capital = NormalMixture(tolerance=0.05, scale=0.1), HedgedCapital(low=0.1, high=0.2)
    for _ in range(6):
        mixture = mixture.update(random.normal(-0.15, ERROR), ERROR)
        capital = capital.update(random.binomial(1, 0.27, size=500).astype(float))
    assert mixture.log_e_value > math.log(1000)
    assert capital.log_e_value > math.log(1000)


def test_no_bet_is_placed_before_anything_was_seen():
    state = HedgedCapital(low=0.1, high=0.2).update(np.ones(5))
    assert state.log_e_value == 0
    assert NormalMixture(tolerance=0.1, scale=0.1).log_e_value == 0


@given(st.lists(st.lists(st.floats(0, 1), min_size=1, max_size=20), max_size=8), st.floats(0, 1), st.floats(0, 1))
def test_capital_is_never_lost_entirely_by_values_in_range(windows, one, other):
    state = HedgedCapital(low=min(one, other), high=max(one, other))
    for window in windows:
        state = state.update(np.array(window))
        assert not math.isnan(state.log_e_value)
        if 0 < state.low <= state.high < 1:
            assert math.isfinite(state.log_e_value)


def alarms(level: float, columns: int, windows: int, seed: int, mean: float) -> int:
    """False alarms of a table in so many windows, restarted after each."""
    random, count = np.random.default_rng(seed), 0
    fresh = [EDetector(tolerance=0.05) for _ in range(columns)]
    states = fresh
    for estimates in random.normal(mean, ERROR, size=(windows, columns)):
        states = [state.update(x, ERROR) for state, x in zip(states, estimates, strict=True)]
        if together(state.log_level for state in states) >= math.log(level):
            count, states = count + 1, fresh
    return count


def test_a_detector_alarms_no_more_often_than_once_in_as_many_windows_as_its_level():
    windows, level = 6_000, 20
    count = alarms(level, 1, windows, seed=15, mean=0.05)
    assert count > 0
    assert stats.poisson.sf(count - 1, windows / level) > 1e-4


@pytest.mark.slow
def test_a_table_keeps_the_promise_of_one_false_alarm_in_thirty_days_for_two_years():
    windows, level = 24 * 730, 720
    for columns in (1, 10):
        count = alarms(level, columns, windows, seed=16, mean=0.05)
        assert stats.poisson.sf(count - 1, windows / level) > 1e-3


def first_alarm(shift: float, seed: int, error: float = ERROR) -> int:
    """Windows until a table of 20 columns, calm for a day, alarms about the one that moves."""
    random, states = np.random.default_rng(seed), [EDetector(tolerance=0.02) for _ in range(20)]
    for window in range(-24, 100):
        means = np.where(np.arange(20) == 3, shift if window >= 0 else 0.0, 0.0)
        states = [s.update(x, error) for s, x in zip(states, random.normal(means, error), strict=True)]
        if window >= 0 and together(state.log_level for state in states) >= math.log(720):
            return window + 1
    return 100


@pytest.mark.parametrize(("shift", "rows", "within"), [(0.2, 1_000, 1), (0.1, 1_000, 5), (0.2, 176, 6)])
def test_one_of_twenty_columns_is_found_at_once_when_it_moves_much_and_soon_when_little(shift, rows, within):
    """176 rows are what 1,000 are worth when each depends on the one before by 0.7."""
    assert np.median([first_alarm(shift, seed, rows**-0.5) for seed in range(15)]) <= within


def test_states_go_through_json_unchanged():
    detector = EDetector(tolerance=0.05).update(0.3, ERROR)
    capital = HedgedCapital(low=0.1, high=0.2).update(np.array([0.2, 0.9]))
    for state in (detector, capital, NormalMixture(tolerance=0.1, scale=0.2).update(0.3, 0.1)):
        stored = json.loads(json.dumps(dataclasses.asdict(state)))
        stored = {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
        assert type(state)(**stored) == state
