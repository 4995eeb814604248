"""The rules that `columns` of a model must keep: who is compared, and by which tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from duetmind_adaptive.settings.model import ColumnSettings, ModelSettings
from duetmind_adaptive.settings.problems import Problem, found
from duetmind_adaptive.settings.types import OF_CATEGORIES, OF_NUMBERS, ColumnTest

#: settings that give a column another part than that of an input
_ROLES = ("target", "timestamp", "prediction", "score")


def check_columns(model: ModelSettings) -> Iterator[Problem]:
    """Every problem of one model's `columns`."""
    for name, column in model.columns.items():
        here = ("columns", name)
        text = _no_input(model, name)
        if text is not None:
            yield Problem(path=here, text=text)
        for index, test in enumerate(column.tests or ()):
            fitting = _fitting(column)
            if test not in fitting:
                text = f"{found(test, fitting)} (kind is {column.kind})"
                yield Problem(path=(*here, "tests", index), text=text)


def _no_input(model: ModelSettings, name: str) -> str | None:
    """Why a column is not compared; None when it is."""
    role = next((role for role in _ROLES if getattr(model, role) == name), None)
    role = "exclude" if name in model.exclude else role
    if role is not None:
        return f"is the column of {role}, and only inputs are compared; take it out"
    if model.features is not None and name not in model.features:
        return found(name, model.features, near=model.features) + "; only features are compared"
    return None


def _fitting(column: ColumnSettings) -> tuple[str, ...]:
    """The tests for the column's kind; all of them while the kind is for the data to tell."""
    if column.kind is None:
        return get_args(ColumnTest)
    others = OF_NUMBERS if column.kind in {"categorical", "boolean"} else OF_CATEGORIES
    return tuple(test for test in get_args(ColumnTest) if test not in others)
