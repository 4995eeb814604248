"""The command `duetmind`: what its commands are, and what becomes of their errors.

Exit status 0: done and nothing found; 1: done and found; 2: could not be done, with one plain line on standard
error. A traceback is shown only with DUETMIND_DEBUG=1.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import TextIO

import typer
from typer.core import TyperGroup

from duetmind_adaptive.cli.lazy import Entry, group
from duetmind_adaptive.cli.text import plain
from duetmind_adaptive.errors import DuetMindError

FAILED = 2
#: 128 + SIGINT, as shells report it
INTERRUPTED = 130
#: 128 + SIGPIPE: whoever read our output has gone
PIPE_CLOSED = 141

_CLI = "duetmind_adaptive.cli"


def root() -> TyperGroup:
    """The group of all commands, none of them imported."""
    config = {
        "check": Entry(f"{_CLI}.config:check", "Validate a config, naming line and key of every mistake."),
        "schema": Entry(f"{_CLI}.config:schema", "Print the config's JSON Schema."),
    }
    jobs = {
        "list": Entry(f"{_CLI}.lists:jobs", "List jobs, newest first."),
        "logs": Entry(f"{_CLI}.job_logs:logs", "Show what a job printed, or prints now."),
        "cancel": Entry(f"{_CLI}.acts:cancel_job", "End a job that waits or runs, with its processes."),
    }
    workflows = {
        "list": Entry(f"{_CLI}.workflows:list_runs", "List runs, newest first."),
        "show": Entry(f"{_CLI}.workflows:show_run", "Show a run, task by task."),
        "start": Entry(f"{_CLI}.workflows:start_run", "Have a running daemon run a workflow now."),
        "cancel": Entry(f"{_CLI}.workflows:cancel_run", "End a run, with its processes."),
        "run": Entry(f"{_CLI}.run_workflow:run_workflow", "Run a workflow here, without the daemon."),
    }
    alerts = {
        "test": Entry(f"{_CLI}.alerts:send_test", "Send a marked test alert through the configured channels."),
        "preview": Entry(f"{_CLI}.alerts:preview", "Show messages as people would get them, sending none."),
    }
    incidents = {
        "list": Entry(f"{_CLI}.lists:incidents", "List incidents, newest first."),
        "explain": Entry(f"{_CLI}.incidents:explain", "Tell what happened, who was told, and why not."),
        "ack": Entry(f"{_CLI}.incidents:acknowledge", "Take an incident on."),
    }
    review = {
        "approve": Entry(f"{_CLI}.reviews:approve", "Say yes to what a review asks for."),
        "reject": Entry(f"{_CLI}.reviews:reject", "Say no to what a review asks for."),
    }
    commands: dict[str, Entry | TyperGroup] = {
        "demo": Entry(f"{_CLI}.demo:demo", "The whole loop on a bundled real stream, in one command."),
        "init": Entry(f"{_CLI}.init:init", "Write a starter config and data for it to watch."),
        "run": Entry(f"{_CLI}.run:run", "Run the daemon in the foreground."),
        "check": Entry(f"{_CLI}.check:check", "Check a model's newest window now, without the daemon."),
        "backtest": Entry(f"{_CLI}.backtest:backtest", "Replay a model's history in simulated time."),
        "compare": Entry(f"{_CLI}.compare:compare", "Compare two files, column by column, without a config."),
        "automl": Entry(f"{_CLI}.automl:automl", "Find the best model of a file within a time."),
        "train": Entry(f"{_CLI}.train:train", "Fit one configured pipeline to a file, and save it."),
        "predict": Entry(f"{_CLI}.predict:predict", "Score a file with a saved model."),
        "alerts": group("alerts", "Prove that people can be reached.", alerts),
        "config": group("config", "Validate configs.", config),
        "plugins": Entry(f"{_CLI}.plugins:plugins", "List what is installed for the extension points."),
        "status": Entry(f"{_CLI}.status:status", "Show how a running daemon and its models are."),
        "models": Entry(f"{_CLI}.lists:models", "List the models of a running daemon."),
        "incidents": group("incidents", "List incidents, explain one, take one on.", incidents, default="list"),
        "silence": Entry(f"{_CLI}.incidents:silence", "Have a running daemon tell nobody of a model for a while."),
        "unsilence": Entry(f"{_CLI}.incidents:unsilence", "Have a running daemon tell people of a model again."),
        "events": Entry(f"{_CLI}.events:events", "List events, newest first, or follow them."),
        "jobs": group("jobs", "List jobs, newest first, show what they printed, cancel them.", jobs, default="list"),
        "workflows": group("workflows", "List, show, start and cancel runs of workflows.", workflows, default="list"),
        "reviews": Entry(f"{_CLI}.reviews:reviews", "List what a running daemon asks people."),
        "review": group("review", "Answer what a running daemon asks.", review),
        "audit": Entry(f"{_CLI}.lists:audit", "List who did what, and why."),
        "outcomes": Entry(f"{_CLI}.lists:outcomes", "List what became of retrains and rollbacks."),
        "pause": Entry(f"{_CLI}.pause:pause", "Have a running daemon do nothing about drift."),
        "resume": Entry(f"{_CLI}.pause:resume", "Let a paused daemon act again."),
        "retrain": Entry(f"{_CLI}.acts:retrain", "Have a running daemon retrain a model."),
        "threshold": Entry(f"{_CLI}.acts:threshold", "Set how far a column must move, or take back what was learned."),
        "rollback": Entry(f"{_CLI}.acts:rollback", "Make an earlier version of a model serve again."),
        "promote": Entry(f"{_CLI}.acts:promote", "Make a version of a model serve."),
    }
    return group("duetmind", "Keeps tabular models healthy in production.", commands)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; its errors become one line on standard error."""
    for stream in (sys.stdout, sys.stderr):
        _never_fail_to_encode(stream)
    try:
        status = _invoke(list(arguments) or ["--help"])
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon_output()
        return PIPE_CLOSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except (DuetMindError, typer.TyperException) as error:
        return _fail(_message(error))
    except Exception as error:  # noqa: BLE001  # the process's last boundary: people get a line, not a traceback
        if os.environ.get("DUETMIND_DEBUG"):
            traceback.print_exc()
            return FAILED
        return _fail(f"unexpected {type(error).__name__}: {error} (DUETMIND_DEBUG=1 shows where)")
    return status


def _invoke(arguments: list[str]) -> int:
    command = root()
    try:
        with command.make_context("duetmind", arguments) as context:
            return command.invoke(context) or 0
    except typer.Exit as left:
        return left.exit_code
    except typer.Abort:
        return INTERRUPTED


def _message(error: DuetMindError | typer.TyperException) -> str:
    if isinstance(error, DuetMindError):
        return str(error)
    context = getattr(error, "ctx", None)
    hint = f" (see {context.command_path} --help)" if context is not None else ""
    return error.format_message().rstrip(".") + hint


def _fail(message: str) -> int:
    print(f"duetmind: {plain(message)}", file=sys.stderr)
    return FAILED


def _never_fail_to_encode(stream: TextIO) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _abandon_output() -> None:
    """Let the interpreter's last flush go nowhere instead of failing again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
