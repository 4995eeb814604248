"""The system that the guide's section 5 describes: initialise it, order a training, run it, watch what it made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from duetmind_adaptive.errors import ConfigError, StoreError, WorkflowError
from duetmind_adaptive.failpoints import failpoint
from duetmind_adaptive.registry.layout import folder_name
from duetmind_adaptive.service.monitor.configuration import AlertConfig, ResponseConfig
from duetmind_adaptive.service.monitor.frames import rows_of
from duetmind_adaptive.service.monitor.metrics import baselines_of
from duetmind_adaptive.service.monitor.monitor import (
    FEWEST_REFERENCE_ROWS,
    EnhancedDriftMonitor,
    create_enhanced_drift_monitor,
)
from duetmind_adaptive.service.system.configured import configured
from duetmind_adaptive.service.system.folder import SystemFolder, SystemState, checked_name
from duetmind_adaptive.service.system.handing_over import hand_over
from duetmind_adaptive.service.system.ordering import Ordered, order_of
from duetmind_adaptive.service.system.results import AutomationResults, document_of_run, with_version
from duetmind_adaptive.service.system.steps import REGISTER, VALIDATE, add_steps
from duetmind_adaptive.settings.pipeline import PipelineSettings
from duetmind_adaptive.tasks.automated.registering import place
from duetmind_adaptive.tasks.automated.wanted import CONFIG, Wanted, document_of, model_of
from duetmind_adaptive.training.custom_pipeline.named import PipelineRegistry
from duetmind_adaptive.training.orchestration.orchestrator import create_orchestrator
from duetmind_adaptive.training.orchestration.progress import Listener
from duetmind_adaptive.training.orchestration.results import WorkflowResults

#: the guide's folder
WORKING_DIR = "automation"
#: where, in the folder of an order, the results of its steps are kept
KEPT = "steps"


class AutomationScalabilitySystem:
    """One model's automation in one folder: made by `create_automation_system` or `setup_complete_system`.

    One process at a time works on a folder; a system that is made on a folder with a system goes on with it.
    `close` (or a `with` block) lets go of the folder; a process that ends without it loses nothing.

    Parameters
    ----------
    working_dir
        The folder; made by `initialize_system`.
    name
        Of the model.
    config
        The guide's `system_config.yaml`: a path or a mapping. Its sections are defaults of the search, the pipeline,
        the workflows and the monitor.
    alert_config, response_config
        As of `create_enhanced_drift_monitor`; they are never written to the folder, because they hold secrets.

    Raises
    ------
    ConfigError
        The config cannot be.
    StoreError
        The folder cannot be used; StoreBusyError: another process works on it.
    """

    def __init__(
        self,
        working_dir: str | Path = WORKING_DIR,
        *,
        name: str = "model",
        config: str | Path | Mapping[str, Any] | None = None,
        alert_config: AlertConfig | None = None,
        response_config: ResponseConfig | None = None,
    ) -> None:
        self._folder = SystemFolder(Path(working_dir).absolute())
        self._name = checked_name(name)
        self._configured = configured(config, alert_config, response_config)
        self._monitor: EnhancedDriftMonitor | None = None
        self._state: SystemState | None = None
        #: named pipelines that workflows may use: the shipped ones, and those that are registered here
        self.pipelines = PipelineRegistry(self._folder.path / "pipelines")
        if state := self._folder.state():
            if config is None:
                self._configured = configured(state.sections, alert_config, response_config)
            self._resume(state)

    # ------------------------------------------------------------ what is watched

    def initialize_system(self, reference_data: Any, baseline_metrics: Mapping[str, float] | None = None) -> None:
        """Begin to watch: the reference, and what the model scores while it is well.

        The same again changes nothing; another reference begins another version, as
        `EnhancedDriftMonitor.set_reference` does.

        Parameters
        ----------
        reference_data
            A frame (pandas, Polars, Arrow) of n ≥ 2 rows: the columns that production has.
        baseline_metrics
            By name: accuracy, balanced_accuracy, f1, roc_auc, log_loss, r2, mae, rmse.

        Raises
        ------
        SourceError
            The reference is no frame or has too few rows.
        ConfigError
            A baseline metric is not known, or has a value that it cannot have.
        StoreError
            The folder cannot be used; StoreBusyError: another process works on it.
        """
        table = rows_of(reference_data, "reference_data", fewest=FEWEST_REFERENCE_ROWS)
        readings = baselines_of(baseline_metrics, table.num_rows)
        self.close()
        monitor = self._watch(table, baseline_metrics)
        before = self._folder.state()
        state = SystemState(
            name=self._name,
            reference=monitor.reference_file.name,
            columns=tuple(table.column_names),
            baselines={each.name: each.value for each in readings},
            sections=self._configured.sections,
            written=before.written if before else "",
        )
        same = before is not None and (before.reference, before.baselines) == (state.reference, state.baselines)
        document = before.document if before is not None and same else None
        self._use(monitor, state.model_copy(update={"document": document}))

    def _resume(self, state: SystemState) -> None:
        """Go on where the last process stood."""
        self._name = state.name
        file = self._folder.path / state.reference
        try:
            table = pq.read_table(file)
        except (OSError, pa.ArrowException) as error:
            raise StoreError(f"{file} cannot be read; restore it, or give the system another working_dir") from error
        self._use(self._watch(table, state.baselines), state)

    def _watch(self, table: Any, baselines: Mapping[str, float] | None) -> EnhancedDriftMonitor:
        told = self._configured
        return create_enhanced_drift_monitor(
            table, baselines, told.alerts, told.responses, working_dir=self._folder.path, name=self._name, **told.watch
        )

    def _use(self, monitor: EnhancedDriftMonitor, state: SystemState) -> None:
        self._monitor = monitor
        if state.document is not None:
            monitor.look_after(model_of(state.document, self._folder.path))
        self._state, _ = hand_over(self._folder.path, state, monitor.model.task)
        self._folder.keep(self._state)

    @property
    def monitor(self) -> EnhancedDriftMonitor:
        """What watches the model; it knows each version that a workflow makes.

        Raises
        ------
        ConfigError
            The system was not initialised yet.
        """
        return self._begun[0]

    @property
    def _begun(self) -> tuple[EnhancedDriftMonitor, SystemState]:
        if self._monitor is None or self._state is None:
            raise ConfigError("the system knows no reference yet; call initialize_system(reference_data, …) first")
        return self._monitor, self._state

    # ------------------------------------------------------------ workflows

    def create_automated_training_workflow(
        self,
        data_path: str | Path,
        target_column: str,
        pipeline_name: str | PipelineSettings | None = None,
        enable_automl: bool = True,
        *,
        seed: int = 0,
    ) -> str:
        """Order a training: load, validate, split, preprocess, learn, evaluate, register, monitor.

        The same order of the same data that has not ended yet is the same workflow: a script that died goes on when it
        is started again.

        Parameters
        ----------
        data_path
            A CSV or Parquet file, a glob or a folder.
        target_column
            The column with the truth.
        pipeline_name
            A registered or configured pipeline, a YAML file, or a `PipelineConfig`. Beside a search it is a second
            candidate, and the one that does better out of fold is registered.
        enable_automl
            Search for a model; without it the pipeline learns, by default the config's `pipeline_defaults`.
        seed
            Of split, search and pipeline.

        Returns
        -------
        str
            The workflow's id.

        Raises
        ------
        SourceError
            The data is not there, or has no such column.
        ConfigError
            There is no such pipeline; or the system was not initialised yet.
        """
        _, state = self._begun
        ordered = Ordered(str(data_path), target_column, pipeline_name, enable_automl, seed)
        return self._folder.order(order_of(ordered, self._configured, state, self._folder.path, self.pipelines))

    @property
    def workflows(self) -> dict[str, str]:
        """Every workflow's state by its id: open, or completed."""
        return {name: "completed" if self._folder.results(name) else "open" for name in self._folder.orders()}

    def run_workflow(self, workflow_id: str, *, progress: Listener | None = None) -> AutomationResults:
        """Run a workflow to its end, from where it stands: steps that have finished are not done again.

        Parameters
        ----------
        workflow_id
            As `create_automated_training_workflow` gave it, in this process or an earlier one.
        progress
            Called at each change of a step; without it a tree is drawn where standard error is a terminal.

        Returns
        -------
        AutomationResults
            A mapping; its keys are described there. Of a workflow that has ended, the same again.

        Raises
        ------
        WorkflowError
            There is no such workflow, or a step failed: the sentence says which and why. It can be run again.
        """
        text = self._folder.text(workflow_id)
        if done := self._folder.results(workflow_id):
            return AutomationResults(done)
        monitor, state = self._begun
        wanted = Wanted.model_validate_json(text)
        run = self._run(wanted, text, progress)
        failpoint("system.before_install")
        document = self._install(monitor, state, wanted, run)
        failpoint("system.before_end")
        self._folder.end(workflow_id, document)
        return AutomationResults(document)

    def _run(self, wanted: Wanted, text: str, progress: Listener | None) -> WorkflowResults:
        orchestrator = create_orchestrator(
            **self._configured.orchestration, folder=wanted.home / KEPT, seed=wanted.seed, progress=progress
        )
        add_steps(orchestrator, wanted, text)
        run = orchestrator.run_workflow()
        for name, outcome in run.tasks.items():
            if outcome.state in {"failed", "cancelled"}:
                raise WorkflowError(f"workflow {wanted.id}: {name} {outcome.state}: {outcome.error}")
        return run

    def _install(
        self, monitor: EnhancedDriftMonitor, state: SystemState, wanted: Wanted, run: WorkflowResults
    ) -> dict[str, Any]:
        """Register the version and, where it is better than chance, have it serve, be watched and be handed over."""
        checked = run[VALIDATE]
        config = document_of(wanted, task=checked.task, metric=checked.metric, features=checked.features)
        model = model_of(config, self._folder.path)
        report = place(run[REGISTER], wanted, model)
        document = document_of_run(run, report)
        serves = document["better_than_chance"] is not False
        number = monitor.install(report, model, request=folder_name(wanted.id, 1), serves=serves)
        written = True
        if serves:
            self._state, written = hand_over(
                self._folder.path, state.model_copy(update={"document": config}), checked.task
            )
            self._folder.keep(self._state)
        path = self._folder.path / CONFIG if written else None
        return with_version(document, workflow=wanted.id, model=state.name, version=number, serves=serves, config=path)

    # ------------------------------------------------------------ life

    @property
    def working_dir(self) -> Path:
        """The folder."""
        return self._folder.path

    def close(self) -> None:
        """Let go of the folder; a second call does nothing."""
        if self._monitor is not None:
            self._monitor.close()
        self._monitor = None

    def __enter__(self) -> AutomationScalabilitySystem:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"AutomationScalabilitySystem({self._name!r}, in {self._folder.path})"


def create_automation_system(
    working_dir: str | Path = WORKING_DIR,
    *,
    name: str = "model",
    config: str | Path | Mapping[str, Any] | None = None,
    alert_config: AlertConfig | None = None,
    response_config: ResponseConfig | None = None,
) -> AutomationScalabilitySystem:
    """Make a system, or go on with the one in the folder; arguments as of `AutomationScalabilitySystem`.

    Examples
    --------
    >>> import tempfile, pandas as pd
    >>> folder = tempfile.TemporaryDirectory()
    >>> with create_automation_system(folder.name) as system:
    ...     system.initialize_system(pd.DataFrame({"x": range(100)}), {"roc_auc": 0.9})
    ...     system.create_automated_training_workflow("nowhere.csv", "y")
    Traceback (most recent call last):
    duetmind_adaptive.errors.SourceMissingError: nowhere.csv: no such file or folder; check the path
    >>> folder.cleanup()
    """
    return AutomationScalabilitySystem(
        working_dir, name=name, config=config, alert_config=alert_config, response_config=response_config
    )


def setup_complete_system(
    reference_data: Any,
    baseline_metrics: Mapping[str, float] | None = None,
    working_dir: str | Path = WORKING_DIR,
    **options: Any,
) -> AutomationScalabilitySystem:
    """Make a system and initialise it; `options` as of `create_automation_system`.

    Examples
    --------
    >>> import tempfile, pandas as pd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with setup_complete_system(pd.DataFrame({"x": range(100)}), {"roc_auc": 0.9}, folder) as system:
    ...         system.workflows, (system.working_dir / "duetmind.yaml").is_file()
    ({}, True)
    """
    system = create_automation_system(working_dir, **options)
    try:
        system.initialize_system(reference_data, baseline_metrics)
    except BaseException:
        system.close()
        raise
    return system
