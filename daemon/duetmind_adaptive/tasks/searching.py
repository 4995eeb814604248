"""The learner of a model that says `automl`: a search within the job's time that begins where the champion's ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.records import VersionRef
from duetmind_adaptive.registry.layout import DESCRIPTION
from duetmind_adaptive.tasks.requests import TrainRequest
from duetmind_adaptive.training.automl.learner import SearchLearner

#: of a job's time limit, what its searches may take: reading, comparing spans and judging need some
SHARE = 0.8


def search_learner(request: TrainRequest, kinds: Mapping[str, str]) -> SearchLearner:
    """The learner for one training job.

    Raises
    ------
    TrainingError
        When the model names no search.
    """
    model = request.model
    if model.automl is None:
        raise TrainingError(f"model {model.name} has no automl section")
    seconds = min(model.automl.timeout.total_seconds(), SHARE * model.job_timeout.total_seconds())
    return SearchLearner(
        model.automl,
        model.task,
        kinds,
        seconds=seconds,
        ordered=model.timestamp is not None,
        first=_configurations(request.champion),
        seed=request.seed,
    )


def _configurations(champion: VersionRef | None) -> list[tuple[str, dict[str, Any]]]:
    """What the champion was blended from; nothing where no search made it, or its description is gone."""
    if champion is None:
        return []
    try:
        described = json.loads((champion.folder / DESCRIPTION).read_bytes())
        return [(str(name), dict(params)) for name, params in described["extra"]["automl"]["configurations"]]
    except (OSError, ValueError, LookupError, TypeError):
        return []
