"""What a workflow came to, for people and programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from duetmind_adaptive.policy.texts import printable
from duetmind_adaptive.records import TrainingReport
from duetmind_adaptive.registry.layout import ARTIFACT
from duetmind_adaptive.service.system.steps import EVALUATE, MONITOR, PREPROCESS, SPLIT, VALIDATE
from duetmind_adaptive.tasks.automated.judged import Judged
from duetmind_adaptive.training.orchestration.results import WorkflowResults

#: rows of a shown leaderboard, and characters of a shown text
ROWS, LONGEST = 10, 200
#: why a version does not serve
BY_CHANCE = "the model is no better than chance by {metric}: these columns do not tell the target; it does not serve"


class AutomationResults(Mapping[str, Any]):
    """A mapping of plain values.

    Keys: workflow_id, status, model, version, serves, model_path, sha256; task, target, classes, features, metric,
    metrics and intervals (on the held-out rows), scores (out of fold, by what made the candidate), chance_score,
    better_than_chance; best_algorithm, best_params, best_score; of a search trials, stopped_by, leaderboard and
    param_importance; rows, notes, tasks, config.

    Examples
    --------
    >>> results = AutomationResults({"workflow_id": "training-0001", "metrics": {"roc_auc": 0.91}, "version": 2})
    >>> results["metrics"]["roc_auc"], "version" in results
    (0.91, True)
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = dict(document)

    def __getitem__(self, key: str) -> Any:
        return self._document[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._document)

    def __len__(self) -> int:
        return len(self._document)

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={value:.4g}" for name, value in self.get("metrics", {}).items())
        return (
            f"AutomationResults({self.get('workflow_id')!r}, version={self.get('version')}, "
            f"serves={self.get('serves')}, {self.get('best_algorithm')}: {said})"
        )

    def to_dict(self) -> dict[str, Any]:
        """A plain dictionary of the same keys."""
        return dict(self._document)

    def _repr_html_(self) -> str:
        steps = " → ".join(f"{_text(name)} {each['seconds']:.1f} s" for name, each in self.get("tasks", {}).items())
        metrics = _table(("metric", "held-out rows"), [(k, f"{v:.4g}") for k, v in self.get("metrics", {}).items()])
        board = [(each["algorithm"], f"{each['score']:.4f}", each["params"]) for each in self.get("leaderboard", [])]
        shown = _table(("algorithm", "score", "parameters"), board[:ROWS]) if board else ""
        notes = "".join(f"<li>{_text(note)}</li>" for note in self.get("notes", ()))
        return f"<div><p><b>{_text(repr(self))}</b><br>{steps}</p>{metrics}{shown}<ul>{notes}</ul></div>"


def document_of_run(run: WorkflowResults, report: TrainingReport) -> dict[str, Any]:
    """What the steps in workers came to, each of which has succeeded; `report` is of the version's own place."""
    checked, halves, prepared, judged = (run[name] for name in (VALIDATE, SPLIT, PREPROCESS, EVALUATE))
    facts = judged.candidate.facts
    told = {name: facts[name] for name in ("trials", "stopped_by", "leaderboard", "param_importance") if name in facts}
    return {
        "status": "completed",
        "model_path": str(report.folder / ARTIFACT),
        "sha256": report.sha256,
        "task": checked.task,
        "classes": prepared.examples.classes.tolist(),
        "features": list(checked.features),
        "metric": checked.metric,
        **_measured(judged),
        "best_algorithm": judged.candidate.algorithm,
        "best_params": judged.candidate.params,
        "best_score": facts.get("best_score", judged.candidate.score),
        "made_by": judged.candidate.made_by,
        **told,
        "rows": {"learned": halves.learned.num_rows, "held": halves.held.num_rows},
        "notes": list(dict.fromkeys(report.notes)),
        "tasks": {
            name: {"state": each.state, "seconds": round(each.seconds, 3), "note": each.note}
            for name, each in run.tasks.items()
        },
    }


def _measured(judged: Judged) -> dict[str, Any]:
    return {
        "metrics": judged.metrics,
        "intervals": {name: list(reach) for name, reach in judged.intervals.items()},
        "scores": judged.scores,
        "chance_score": judged.chance,
        "better_than_chance": judged.better_than_chance,
    }


def with_version(
    document: dict[str, Any], *, workflow: str, model: str, version: int, serves: bool, config: Path | None
) -> dict[str, Any]:
    """The whole document, once the version is registered."""
    chance = [] if serves else [BY_CHANCE.format(metric=document["metric"])]
    notes = [note for note in document["notes"] if serves or "no better than chance" not in note]
    return {
        "workflow_id": workflow,
        "model": model,
        "version": version,
        "serves": serves,
        **document,
        "notes": [*chance, *notes],
        "tasks": document["tasks"] | {MONITOR: {"state": "succeeded", "seconds": 0.0, "note": ""}},
        "config": None if config is None else str(config),
    }


def _table(head: tuple[str, ...], rows: list[Any]) -> str:
    body = "".join(f"<tr>{''.join(f'<td>{_text(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th>{each}</th>' for each in head)}</tr>{body}</table>"


def _text(text: str) -> str:
    return escape(printable(text, LONGEST))
