"""Which columns are wanted: names of a few thousand are looked up in sets, since Arrow lists all for each question."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from duetmind_adaptive.settings.model import Model


def feature_columns(schema: pa.Schema, model: Model) -> tuple[str, ...]:
    """The inputs among the columns of `schema`.

    The configured `features` that are there, in their order; by default every column but target, timestamp,
    prediction, score, label key, and those of `exclude`.
    """
    if model.features is not None:
        return tuple(keep(model.features, schema.names))
    roles = {model.target, model.timestamp, model.prediction, model.score, model.labels.key, *model.exclude}
    return tuple(name for name in schema.names if name not in roles)


def keep(names: Iterable[str], among: Iterable[str]) -> list[str]:
    """Those of the names that are among others, in their own order.

    >>> keep(["b", "x", "a"], ["a", "b"])
    ['b', 'a']
    """
    held = frozenset(among)
    return [name for name in names if name in held]
