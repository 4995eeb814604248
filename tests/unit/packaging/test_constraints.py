"""constraints.txt pins everything that pyproject.toml asks for, within its bounds, and names no index."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LINES = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
ASKED = [
    *PROJECT["project"]["dependencies"],
    *(line for extra in PROJECT["project"]["optional-dependencies"].values() for line in extra),
    *(line for group in PROJECT["dependency-groups"].values() for line in group),
]


def pins() -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in LINES)}


def test_every_line_is_one_exact_version() -> None:
    assert [line for line in LINES if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.+!]*", line)] == []
    assert len(pins()) == len(LINES)


@pytest.mark.parametrize("line", ASKED)
def test_what_is_asked_for_is_pinned_within_its_bounds(line: str) -> None:
    asked = Requirement(line)
    assert asked.specifier.contains(pins()[canonicalize_name(asked.name)], prereleases=True)


def test_neither_addresses_nor_hashes_are_in_it() -> None:
    text = (ROOT / "constraints.txt").read_text()
    assert not re.search(r"://|--|\bsha256\b", text)
