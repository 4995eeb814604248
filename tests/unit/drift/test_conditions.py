"""Conditions on binned columns say what they hold."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from duetmind_adaptive.drift.conditions import Condition, intervals, single
from duetmind_adaptive.drift.estimation.design import Binning, fit_binning

TABLE = pa.table(
    {
        "x": [*np.linspace(0, 10, 98), None, None],
        "word": (["a"] * 40 + ["b"] * 30 + ["c"] * 10 + list("defghijklmnopqrstuvw"))[:100],
    }
)


def rows_of(binning: Binning, condition: Condition) -> set[int]:
    return set(np.flatnonzero(condition.codes[binning.codes(TABLE)[:, condition.place]]).tolist())


def said(condition: Condition) -> set[int]:
    """The rows that a condition's words describe."""
    words = condition.words.replace("≤", "<=")
    if words.endswith("is missing"):
        return {98, 99}
    return {at for at, x in enumerate(TABLE["x"].to_pylist()) if x is not None and eval(words, {"x": x})}


def test_the_words_of_every_interval_of_a_number_describe_its_rows() -> None:
    binning = fit_binning(TABLE)
    for condition in intervals(binning, 0):
        assert len(said(condition) ^ rows_of(binning, condition)) <= 1, condition.words  # words have four digits


def test_bins_of_a_number_share_out_all_rows() -> None:
    binning = fit_binning(TABLE)
    parts = [rows_of(binning, each) for each in single(binning, 0)]
    assert sum(len(part) for part in parts) == len(set().union(*parts)) == TABLE.num_rows


def test_frequent_words_are_named_and_the_others_are_rare() -> None:
    binning = fit_binning(TABLE)
    named = {each.words: len(rows_of(binning, each)) for each in intervals(binning, 1)}
    assert named["word = 'a'"] == 40
    assert named["word = 'b'"] == 30
    assert "word is a rare word" in named
    assert sum(named.values()) == TABLE.num_rows
