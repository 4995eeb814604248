"""Which rows are judged on, chosen on and learned from."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from duetmind_adaptive.training.spans import SHORTEST, candidate_spans, choose_span, split_rows

SIZES = st.integers(2, 3000)


@given(reference=SIZES, production=st.integers(0, 3000), seen=st.integers(0, 3100), window=st.integers(1, 900))
def test_no_row_is_judged_on_that_the_champion_learned_from(reference, production, seen, window):
    rows = np.arange(-reference, production)
    split = split_rows(rows, seen=seen, window=window, least=300)
    assert (rows[split.hold_out :] >= seen).all()
    assert 0 < split.validation < split.hold_out <= rows.size


@given(window=st.integers(1, 5000), production=SIZES, reference=SIZES)
def test_spans_are_distinct_ascending_and_end_with_everything(window, production, reference):
    total = production + reference
    spans = candidate_spans(window, production, total)
    assert list(spans) == sorted(set(spans))
    assert all(span <= total for span in spans)
    assert spans[-1] == total
    assert all(span >= SHORTEST for span in spans[:-1])


@given(st.integers(0, 2**32), st.integers(2, 5))
def test_the_chosen_span_is_as_long_as_the_best_or_up_to_twice_as_long(seed, spans):
    rng = np.random.default_rng(seed)
    losses = {100 * 2**i: rng.random(50) for i in range(spans)}
    best = min(losses, key=lambda span: losses[span].mean())
    assert best <= choose_span(losses) <= 2 * best


def test_a_clearly_worse_longer_span_is_not_chosen():
    noise = np.random.default_rng(0).random(100)
    assert choose_span({100: noise, 200: noise + 0.2, 400: noise + 0.5}) == 100


def test_of_two_equal_spans_the_longer_is_chosen():
    loss = np.ones(20)
    assert choose_span({150: loss, 300: loss}) == 300
