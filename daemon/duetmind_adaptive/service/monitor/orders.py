"""What a retrain callback is given, and what its answer means."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.settings.problems import found

if TYPE_CHECKING:
    import pandas as pd

    from duetmind_adaptive.service.monitor.results import DriftAlert

#: keys that a callback's answer may have
ANSWER_KEYS = ("reference_data", "baseline_metrics")


@dataclass(frozen=True, kw_only=True)
class RetrainOrder:
    """A retrain that was decided on, as `retrain_config["callback"]` gets it.

    The callback makes a model and has it serve. It returns None when that is done; or a mapping with the
    `reference_data` that the new model learned from, or its `baseline_metrics`, or both, which later windows are then
    compared with; or False when it made none that is better. An exception is told as a failed retrain.

    Parameters
    ----------
    request
        The id of the request; a repeat of the same has the same.
    model
        The monitor's model.
    alert
        The message that the caller acted on, if any.
    reference, production
        Parquet file of the reference, and folder with one Parquet file for each window, oldest first.
    """

    request: str
    model: str
    alert: DriftAlert | None
    reference: Path
    production: Path

    def reference_data(self) -> pd.DataFrame:
        """The reference."""
        import pandas as pd  # noqa: PLC0415 - loads only for who wants a frame

        return pd.read_parquet(self.reference)

    def recent_data(self, windows: int = 10) -> pd.DataFrame:
        """The rows of the newest windows, oldest first."""
        import pandas as pd  # noqa: PLC0415 - loads only for who wants a frame

        files = sorted(self.production.glob("*.parquet"))[-windows:]
        return pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)


async def ask(callback: Callable[[RetrainOrder], Any], order: RetrainOrder) -> Mapping[str, Any]:
    """Have the callback retrain, in a thread of its own; what is to be compared with from now on.

    Raises
    ------
    TrainingError
        When it fails, makes nothing better, or answers what cannot be understood.
    """
    try:
        answer = await asyncio.to_thread(callback, order)
        if inspect.isawaitable(answer):
            answer = await answer
    except Exception as error:
        raise TrainingError(
            f"the retrain callback failed: {' '.join(str(error).split()) or type(error).__name__}"
        ) from error
    if answer is False:
        raise TrainingError("the retrain callback made no better model")
    if answer is None or answer is True:
        return {}
    if not isinstance(answer, Mapping) or not set(cast("Mapping[str, Any]", answer)) <= set(ANSWER_KEYS):
        raise TrainingError(
            f"the retrain callback's answer: {found(answer, f'None, False, or a mapping of {ANSWER_KEYS}')}"
        )
    return cast("Mapping[str, Any]", answer)
