"""Writes docs/api.md from the docstrings of the public names: `make api`, or `python docs/api_reference.py [FILE]`."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

#: whose `__all__` is the public interface, in the order of the page
MODULES = (
    "duetmind_adaptive",
    "duetmind_adaptive.training.automl",
    "duetmind_adaptive.training.custom_pipeline",
    "duetmind_adaptive.training.orchestration",
    "duetmind_adaptive.training.enhanced_drift_monitoring",
    "duetmind_adaptive.training.automation_system",
    "duetmind_adaptive.testing",
)
HEAD = "# API reference\n\nEvery public name, from its docstring. `make api` writes this page.\n"
#: a title and the dashes below it
SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)


def reference() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(line for name in MODULES for line in _module(name))])


def _module(name: str) -> Iterator[str]:
    module = import_module(name)
    yield f"## `{name}`\n"
    yield _prose(inspect.getdoc(module) or "")
    for public in sorted(module.__all__):
        thing = getattr(module, public)
        if callable(thing):
            yield from _thing(public, thing)


def _thing(name: str, thing: Callable[..., Any]) -> Iterator[str]:
    yield f"### `{name}`\n"
    yield f"```python\n{name}{_signature(thing)}\n```\n"
    yield _prose(inspect.getdoc(thing) or "")
    fields: dict[str, Any] = getattr(thing, "model_fields", {})
    yield from (f"- `{field}`: {about.description}" for field, about in fields.items() if about.description)
    yield ""
    if inspect.isclass(thing):
        for member, value in list(vars(thing).items()):
            yield from _member(f"{name}.{member}", value)


def _member(name: str, value: Any) -> Iterator[str]:
    """A public method or property; what a contract suite tests is its own business."""
    short = name.rpartition(".")[2]
    found = getattr(value, "fget", None) or getattr(value, "__func__", value)
    said = inspect.getdoc(found) if inspect.isfunction(found) else None
    if said is None or short.startswith(("_", "test_", "model_")):
        return
    yield f"#### `{name}`\n"
    if not isinstance(value, property):
        yield f"```python\n{short}{_signature(found)}\n```\n"
    yield _prose(said)


def _signature(thing: Callable[..., Any]) -> str:
    """Arguments as they are written; what has none to show is shown without."""
    try:
        text = str(inspect.signature(thing))
    except (TypeError, ValueError):
        return ""
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", re.sub(r" at 0x[0-9a-f]+", "", text))


def _prose(docstring: str) -> str:
    """A numpydoc docstring as Markdown: sections as bold titles, examples as code."""
    parts = SECTION.split(docstring)
    sections = [_section(title, body) for title, body in zip(parts[1::2], parts[2::2], strict=True)]
    return "\n".join([_lines(parts[0]), *sections])


def _section(title: str, body: str) -> str:
    shown = f"```python\n{body.strip()}\n```\n" if title == "Examples" else _items(body)
    return f"**{title}**\n\n{shown}"


def _items(body: str) -> str:
    """Names at the margin, what they are below them, indented."""
    lines = [f"- `{line}`" if line and not line.startswith(" ") else line for line in body.strip().splitlines()]
    return "\n".join(line if line.startswith("- ") else f"  {line.strip()}".rstrip() for line in lines) + "\n"


def _lines(text: str) -> str:
    """Prose; examples within it as code."""
    out, code = list[str](), False
    for line in text.strip().splitlines():
        begins = line.startswith(">>> ")
        if begins and not code:
            out.append("```python")
        elif code and not line.strip():
            out.append("```")
        code = (code or begins) and bool(line.strip())
        out.append(line)
    return "\n".join([*out, *(["```"] if code else [])]) + "\n"


if __name__ == "__main__":
    place = Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_name("api.md")
    place.write_text(reference(), encoding="utf-8")
