"""Uses of the public names as a type checker sees them: checked by `make types`, never run."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any, assert_type

import pandas as pd

import duetmind_adaptive
from duetmind_adaptive import Detector, Profile, compare, load_model
from duetmind_adaptive.check_report import CheckReport
from duetmind_adaptive.contracts import AlertChannel as Channel
from duetmind_adaptive.training import automation_system as systems
from duetmind_adaptive.training import custom_pipeline as pipelines
from duetmind_adaptive.training import enhanced_drift_monitoring as monitoring
from duetmind_adaptive.training import orchestration as workflows
from duetmind_adaptive.training.automl import AutoMLOptimizer, create_automl_optimizer


def detection(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    assert_type(duetmind_adaptive.__version__, str)
    detector = Detector(reference, window=500)
    assert_type(detector.update(current), CheckReport)
    assert_type(detector.state(), str)
    assert_type(compare(reference, current).to_html(), str)
    profile = Profile.from_frame(reference)
    assert_type(Profile.from_bytes(profile.to_bytes()), Profile)
    load_model("models/loans/champion").predict(current)


def automl(rows: pd.DataFrame, labels: list[int]) -> None:
    optimizer = create_automl_optimizer(objective_metric="roc_auc", n_trials=10, timeout=60)
    assert_type(optimizer, AutoMLOptimizer)
    results = optimizer.optimize(rows, labels, rows, labels)
    print(results["best_score"], results["best_algorithm"])


def pipeline(rows: pd.DataFrame) -> None:
    config = pipelines.PipelineConfig(
        name="mine",
        preprocessing=pipelines.PreprocessingConfig(numerical_scaler="standard"),
        model=pipelines.ModelConfig(algorithm="random_forest"),
        evaluation=pipelines.EvaluationConfig(metrics=("accuracy",)),
    )
    builder = pipelines.create_pipeline_builder(config)
    assert_type(builder, pipelines.DynamicPipelineBuilder)
    builder.build_complete_pipeline(rows)
    registry = pipelines.PipelineRegistry()
    assert_type(registry.register(config), int)
    assert_type(registry.get("mine"), pipelines.PipelineConfig)


def work() -> int:
    return 1


async def orchestration() -> None:
    needs = workflows.ResourceRequirement(cpu_cores=2, memory_gb=1.0)
    orchestrator = workflows.create_orchestrator(use_ray=False)
    assert_type(orchestrator, workflows.WorkflowOrchestrator)
    assert_type(orchestrator.add_task(task_id="one", function=work, resources=needs), str)
    results = orchestrator.run_workflow()
    assert_type(results, workflows.WorkflowResults)
    assert_type(results.tasks["one"], workflows.TaskOutcome)
    assert_type(orchestrator.stream(), AsyncGenerator[workflows.Progress | workflows.WorkflowResults])
    builder = workflows.WorkflowBuilder("flow")
    assert_type(builder.add("two", work), workflows.Output)
    assert_type(builder.build(), tuple[workflows.Task, ...])
    assert_type(workflows.Capacity.of_machine().cpu_cores, float)
    failures: tuple[type[Exception], ...] = (workflows.WorkflowError, workflows.ResourceError)
    print(failures)


async def monitor(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    watching = monitoring.create_enhanced_drift_monitor(
        reference,
        {"accuracy": 0.9},
        alert_config=monitoring.AlertConfig(enabled_channels=[monitoring.AlertChannel.LOG]),
        response_config=monitoring.ResponseConfig(enabled_actions=[monitoring.ResponseAction.HUMAN_REVIEW]),
    )
    assert_type(watching, monitoring.EnhancedDriftMonitor)
    found = watching.detect_comprehensive_drift(current, {"accuracy": 0.8})
    assert_type(found, monitoring.DriftResults)
    assert_type(await watching.adetect_comprehensive_drift(current), monitoring.DriftResults)
    assert_type(await watching.execute_response_action("human_review"), monitoring.ActionOutcome)
    assert_type(watching.history, monitoring.DriftHistory)
    kinds: tuple[type[Any], ...] = (monitoring.DriftSeverity, monitoring.DriftType, monitoring.MonitoringWarning)
    print(kinds)


def retrain(order: monitoring.RetrainOrder, alert: monitoring.DriftAlert) -> None:
    assert_type(order.reference_data(), pd.DataFrame)
    assert_type(alert.message, str)


def system(reference: pd.DataFrame) -> None:
    made = systems.create_automation_system()
    assert_type(made, systems.AutomationScalabilitySystem)
    made.initialize_system(reference, {"accuracy": 0.9})
    whole = systems.setup_complete_system(reference, {"accuracy": 0.9}, working_dir="./automation")
    workflow = whole.create_automated_training_workflow("data.csv", "target")
    assert_type(workflow, str)
    results = whole.run_workflow(workflow)
    assert_type(results, systems.AutomationResults)
    assert_type(results.to_dict(), dict[str, Any])


def plugin(channel: Channel, options: Mapping[str, Any]) -> None:
    print(channel.name, options)
