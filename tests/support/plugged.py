"""Packages that are installed as far as Python can tell: modules and a dist-info in a folder of the path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent


def install(folder: Path, name: str, points: Mapping[str, Mapping[str, str]], **modules: str) -> None:
    """Write a distribution `name` 1.0 with these entry points, by group, and modules, by name."""
    folder.mkdir(exist_ok=True)
    for module, source in modules.items():
        (folder / f"{module}.py").write_text(dedent(source))
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [
        line for group, names in points.items() for line in (f"[{group}]", *(f"{key} = {names[key]}" for key in names))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
