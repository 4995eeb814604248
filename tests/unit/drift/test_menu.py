"""The tests that a config may name are those that there are, each for the kinds that it is for."""

from __future__ import annotations

from typing import get_args

from duetmind_adaptive.drift.menu import CATEGORY_TESTS, NUMBER_TESTS
from duetmind_adaptive.settings.types import OF_CATEGORIES, OF_NUMBERS, ColumnTest


def test_a_config_can_name_every_test_and_no_other() -> None:
    assert set(get_args(ColumnTest)) == set(NUMBER_TESTS) | set(CATEGORY_TESTS)


def test_a_config_refuses_a_test_exactly_where_there_is_none() -> None:
    assert set(OF_NUMBERS) == set(NUMBER_TESTS) - set(CATEGORY_TESTS)
    assert set(OF_CATEGORIES) == set(CATEGORY_TESTS) - set(NUMBER_TESTS)
