"""Which columns are inputs of the model."""

from __future__ import annotations

import pyarrow as pa

from duetmind_adaptive.settings.model import Model


def feature_columns(schema: pa.Schema, model: Model) -> tuple[str, ...]:
    """The inputs among the columns of `schema`.

    The configured `features` that are there, in their order; by default every column but target, timestamp,
    prediction, score, label key, and those of `exclude`.
    """
    if model.features is not None:
        return tuple(name for name in model.features if name in schema.names)
    roles = {model.target, model.timestamp, model.prediction, model.score, model.labels.key, *model.exclude}
    return tuple(name for name in schema.names if name not in roles)
