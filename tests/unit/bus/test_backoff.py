"""Full jitter within its bounds, and what is final."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from duetmind_adaptive.bus.backoff import delay, final, retry_at
from duetmind_adaptive.contracts import Delivered, Rejected, Retry, RetryPolicy

NOW = datetime(2026, 1, 1, tzinfo=UTC)
policies = st.builds(
    RetryPolicy,
    tries=st.integers(1, 50),
    first=st.timedeltas(timedelta(0), timedelta(hours=1)),
    factor=st.floats(1, 1e6),
    cap=st.timedeltas(timedelta(0), timedelta(days=30)),
)


@given(policies, st.integers(1, 10_000), st.integers())
def test_a_delay_lies_between_nothing_and_the_cap(policy, failures, seed):
    assert timedelta(0) <= delay(policy, failures, Random(seed)) <= policy.cap


def test_delays_spread_over_the_whole_interval():
    policy = RetryPolicy(first=timedelta(seconds=1), factor=2, cap=timedelta(hours=1))
    drawn = [delay(policy, 5, Random(seed)).total_seconds() for seed in range(400)]
    assert min(drawn) < 1
    assert 15 < max(drawn) <= 16
    assert 7 < sum(drawn) / len(drawn) < 9


@given(policies, st.integers(1, 60), st.integers())
def test_a_delivery_is_dead_exactly_after_its_tries(policy, failures, seed):
    when = retry_at(Retry("no"), failures=failures, policy=policy, random=Random(seed), now=NOW)
    assert (when is None) == (failures >= policy.tries)


def test_what_the_handler_asks_for_overrides_the_back_off_but_not_the_number_of_tries():
    policy = RetryPolicy(tries=2)
    asked = Retry("429", timedelta(days=3))
    assert retry_at(asked, failures=1, policy=policy, random=Random(1), now=NOW) == NOW + timedelta(days=3)
    assert retry_at(asked, failures=2, policy=policy, random=Random(1), now=NOW) is None


def test_only_a_retry_with_a_next_try_is_not_final():
    assert final(Delivered("x"), None) == Delivered("x")
    assert final(Rejected("x"), None) == Rejected("x")
    assert final(Retry("x"), None) == Rejected("x")
    assert final(Retry("x"), NOW) is None
