"""Commands that are known by name and one line, and imported only when one of them is called.

A command is a function with Typer's annotations that returns its exit status (None is 0). Its docstring is its
help; the numpydoc section `Examples` of the docstring becomes the examples at the end of the help.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

ExitStatus = int | None


@dataclass(frozen=True)
class Entry:
    """A command that is not imported yet."""

    #: `module:function`
    target: str
    #: one line for the list of commands
    summary: str


class LazyCommand(TyperCommand):
    """Stands for a command in lists and help; becomes the real one when a context is made to run it."""

    def __init__(self, name: str, entry: Entry) -> None:
        super().__init__(name, help=entry.summary, rich_markup_mode=None)
        self.target = entry.target

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """A context of the real command, which is imported here."""
        module, _, function = self.target.partition(":")
        command = build(self.name or function, getattr(import_module(module), function))
        return command.make_context(info_name, args, parent, **extra)


class DefaultGroup(TyperGroup):
    """A group that, without a command of its own first, runs one of them: `jobs --json` is `jobs list --json`."""

    #: name of the command that is meant
    default = ""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default command's name first where no other's is."""
        meant = args[:1]
        if meant not in (["--help"], *([name] for name in self.commands)):
            args = [self.default, *args]
        return super().parse_args(ctx, args)


def build(name: str, function: Callable[..., ExitStatus]) -> TyperCommand:
    """The command that calls `function`."""
    text, examples = split_examples(inspect.getdoc(function) or "")
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name, help=text, epilog=examples)(function)
    command = get_command(app)
    if not isinstance(command, TyperCommand):
        raise TypeError(f"{name} is not a single command")
    return command


def group(name: str, summary: str, entries: Mapping[str, Entry | TyperGroup], *, default: str = "") -> TyperGroup:
    """A group of commands, each imported when it is called; `default` is run where none is named."""
    result = (DefaultGroup if default else TyperGroup)(name=name, help=summary, rich_markup_mode=None)
    if isinstance(result, DefaultGroup):
        result.default = default
    for key, entry in entries.items():
        if isinstance(entry, Entry):
            result.add_command(LazyCommand(key, entry))
        else:
            result.commands[key] = entry
    return result


def split_examples(doc: str) -> tuple[str, str | None]:
    r"""A docstring without its numpydoc section `Examples`, and that section as a paragraph that is not rewrapped.

    >>> split_examples("Does it.\n\nExamples\n--------\nduetmind do it")
    ('Does it.', '\x08\nExamples:\n  duetmind do it')
    """
    text, found, examples = doc.partition("\nExamples\n--------\n")
    if not found:
        return doc, None
    lines = [f"  {line}".rstrip() for line in examples.strip().splitlines() if line.strip()]
    return text.strip(), "\n".join(["\b", "Examples:", *lines])
