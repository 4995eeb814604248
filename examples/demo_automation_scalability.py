"""All five parts of the guide on a real bank's calls: `python examples/demo_automation_scalability.py`.

Search, pipelines, workflows, monitor and system, one after the other, each with what it gave. The rows are the ones
that ship with the package (UCI Bank Marketing): whether a customer took the offer. Every number is measured on them.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from duetmind_adaptive.training.automation_system import setup_complete_system
from duetmind_adaptive.training.automl import create_automl_optimizer
from duetmind_adaptive.training.custom_pipeline import (
    ModelConfig,
    PipelineConfig,
    PreprocessingConfig,
    create_pipeline_builder,
)
from duetmind_adaptive.training.enhanced_drift_monitoring import (
    AlertConfig,
    ResponseAction,
    ResponseConfig,
    create_enhanced_drift_monitor,
)
from duetmind_adaptive.training.orchestration import Output, create_orchestrator

#: colours only where somebody sees them
SCREEN = Console(highlight=False)
#: from the end of 2008 on: calls to learn from, others of the same weeks, twice, and later ones; seconds of a search
LEARNED, SAME, AGAIN, LATER = (
    slice(24_000, 36_000, 4),
    slice(24_002, 36_000, 12),
    slice(24_001, 36_000, 12),
    slice(38_000, 39_000),
)
SEARCH = 12
PIPELINE = PipelineConfig(
    name="demo",
    preprocessing=PreprocessingConfig(numerical_scaler="standard", categorical_encoding="onehot"),
    model=ModelConfig(algorithm="random_forest", hyperparameters={"n_estimators": 60, "random_state": 0}),
)


def calls() -> pd.DataFrame:
    """The bundled calls, in the order of time."""
    with as_file(files("duetmind_adaptive") / "data" / "bank_marketing.parquet") as path:
        return pd.read_parquet(path).drop(columns="timestamp")


def part(rows: pd.DataFrame, span: slice) -> tuple[pd.DataFrame, pd.Series]:
    """Features and target of some calls."""
    chosen = rows.iloc[span]
    return chosen.drop(columns="target"), chosen["target"]


def shares(rows: pd.DataFrame, column: str) -> dict[str, float]:
    """How often the offer was taken, by a column; a task of the workflow."""
    return rows.groupby(column)["target"].mean().round(3).to_dict()


def best(*tables: dict[str, float]) -> str:
    """The largest share of all; the task that needs the others."""
    return max((share, name) for table in tables for name, share in table.items())[1]


def search(rows: pd.DataFrame) -> Any:
    """1. AutoML: the best model that 12 seconds find, and what it does on other calls of the same weeks."""
    optimizer = create_automl_optimizer(objective_metric="roc_auc", timeout=SEARCH)
    results = optimizer.optimize(*part(rows, LEARNED), *part(rows, SAME))
    board = Table("algorithm", "roc_auc", title=f"{results['trials']} trials, the best three")
    for each in results["leaderboard"][:3]:
        board.add_row(each["algorithm"], f"{each['score']:.3f}")
    SCREEN.print(board)
    SCREEN.print(f"on other calls of the same weeks: roc_auc {results['validation_score']:.3f}")
    return results["best_model"]


def pipeline(rows: pd.DataFrame) -> None:
    """2. Pipelines: one written down, built for the columns that there are."""
    features, target = part(rows, LEARNED)
    fitted = create_pipeline_builder(PIPELINE).build_complete_pipeline(features).fit(features, target)
    SCREEN.print(f"{' → '.join(name for name, _ in fitted.steps)}: accuracy {fitted.score(*part(rows, SAME)):.3f}")


def workflow(rows: pd.DataFrame) -> None:
    """3. Orchestration: tasks in processes of their own, as their needs and the machine allow."""
    orchestrator = create_orchestrator(progress=lambda each: SCREEN.print(f"  {each.task_id} {each.state}"))
    learned = rows.iloc[LEARNED]
    for column in ("job", "education"):
        orchestrator.add_task(task_id=f"by_{column}", function=shares, args=(learned, column))
    orchestrator.add_task(task_id="best", function=best, args=(Output("by_job"), Output("by_education")))
    SCREEN.print(f"who takes the offer most often: {orchestrator.run_workflow()['best']}")


def monitor(rows: pd.DataFrame, model: Any) -> None:
    """4. Monitoring: the search's model on calls of the same weeks, then on later ones."""
    config = ResponseConfig(enabled_actions=[ResponseAction.RETRAIN_MODEL], retrain_config={"callback": print_order})
    baseline = {"roc_auc": model.score(*part(rows, SAME), "roc_auc")}
    with create_enhanced_drift_monitor(part(rows, LEARNED)[0], baseline, AlertConfig(), config) as watching:
        for name, span in (("the same weeks", AGAIN), ("later", LATER)):
            features, target = part(rows, span)
            metrics = {"roc_auc": model.score(features, target, "roc_auc")}
            found = watching.detect_comprehensive_drift(features, metrics)
            moved = ", ".join(column for column, each in found["columns"].items() if each["drift"])
            said = f"roc_auc {metrics['roc_auc']:.3f}, drift {found['drift']}, severity {found['severity']}"
            SCREEN.print(f"{name}: {said}{f'; moved: {moved}' if moved else ''}", soft_wrap=True)
            for action in found["recommended_actions"]:
                SCREEN.print(f"  {action}: {watching.respond(action, found['alerts'][0]).status}")


def print_order(order: object) -> None:
    """What a trainer elsewhere would be asked for."""
    SCREEN.print(f"  a trainer is asked for a new version of {getattr(order, 'model', '')}")


def system(rows: pd.DataFrame, folder: Path) -> None:
    """5. The system: a training as a workflow that survives a kill, its model registered, served and watched."""
    learned = rows.iloc[LEARNED]
    learned.to_parquet(folder / "calls.parquet")
    config = {"automl": {"objective_metric": "roc_auc", "timeout": SEARCH, "cv_folds": 3}}
    with setup_complete_system(
        learned.drop(columns="target"), {"roc_auc": 0.7}, folder / "auto", config=config
    ) as made:
        order = made.create_automated_training_workflow(
            folder / "calls.parquet", "target", PIPELINE, enable_automl=True
        )
        results = made.run_workflow(order, progress=lambda each: SCREEN.print(f"  {each.task_id} {each.state}"))
        SCREEN.print(f"out of fold: {', '.join(f'{name} {score:.3f}' for name, score in results['scores'].items())}")
        reading = f"roc_auc {results['metrics']['roc_auc']:.3f} on {results['rows']['held']} held-out calls"
        SCREEN.print(f"version {results['version']} serves: {results['serves']}; {reading}")
        found = made.monitor.detect_comprehensive_drift(rows.iloc[LATER])
        SCREEN.print(f"later: drift {found['drift']}, kinds {', '.join(map(str, found['kinds']))}")


def main() -> None:
    """The five parts, with the seconds that each took."""
    warnings.simplefilter("ignore")
    began, rows = time.monotonic(), calls()
    with tempfile.TemporaryDirectory(prefix="duetmind-demo-") as folder:
        SCREEN.rule("1 of 5: AutoML hyperparameter optimization")
        model = search(rows)
        SCREEN.rule("2 of 5: custom pipeline configurations")
        pipeline(rows)
        SCREEN.rule("3 of 5: distributed workflow execution")
        workflow(rows)
        SCREEN.rule("4 of 5: drift detection and alerting")
        monitor(rows, model)
        SCREEN.rule("5 of 5: complete system integration")
        system(rows, Path(folder))
    SCREEN.rule(f"done in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
