"""`duetmind workflows run`: a workflow of a config, here and now, without the daemon."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from duetmind_adaptive.cli.options import ConfigFile, Json
from duetmind_adaptive.cli.text import print_json, print_table
from duetmind_adaptive.errors import ConfigError

if TYPE_CHECKING:
    from duetmind_adaptive.settings.workflows import WorkflowSettings

#: below the state's `workflows`; no workflow's name begins with a dot
HERE = ".here"


def run_workflow(
    workflow: Annotated[str, typer.Argument(help="Name of the workflow.", metavar="NAME")],
    *,
    config: ConfigFile,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew, whatever an earlier run has done.")] = False,
    json: Json = False,
) -> int:
    """Run a workflow of a config in this process and wait for it. Exit status 1 means that a task failed.

    A run that failed or was killed goes on where it stood when it is started again; one that has succeeded begins anew.

    Examples
    --------
    duetmind workflows run nightly --config duetmind.yaml
    """
    from duetmind_adaptive.settings.load import load_config
    from duetmind_adaptive.tasks.workflow import shown
    from duetmind_adaptive.training.orchestration import create_orchestrator
    from duetmind_adaptive.training.orchestration.steps import tasks_of

    loaded = load_config(config, os.environ)
    settings = _named(workflow, loaded.config.workflows)
    folder = loaded.state / "workflows" / HERE / workflow
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    orchestrator = create_orchestrator(folder=folder)
    orchestrator.add_workflow(tasks_of(settings, loaded.path.parent, loaded.config.orchestration.job_timeout))
    results = orchestrator.run_workflow()
    if results.ok:
        shutil.rmtree(folder, ignore_errors=True)
    tasks = [
        asdict(task) | {"result": shown(results[name]) if name in results else None}
        for name, task in results.tasks.items()
    ]
    if json:
        print_json({"workflow": workflow, "ok": results.ok, "tasks": tasks})
    else:
        rows = [(each["task_id"], each["state"], each["attempts"], each["error"] or each["result"]) for each in tasks]
        print_table(("TASK", "STATE", "ATTEMPTS", "RESULT"), rows)
    return int(not results.ok)


def _named(name: str, workflows: dict[str, WorkflowSettings]) -> WorkflowSettings:
    if name not in workflows:
        there = ", ".join(workflows) or "none"
        raise ConfigError(f"there is no workflow '{name}' in the config; it has {there}")
    return workflows[name]
