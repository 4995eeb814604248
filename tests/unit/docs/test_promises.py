"""`docs/promises.md` promises nothing that it cannot show: every proof exists, every state is one of three."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "promises.md").read_text()
HEAD = ["id", "promise", "proof", "last figure", "state"]
UNMEASURED = "to be measured"


@dataclass(frozen=True)
class Row:
    """One promise."""

    id: str
    promise: str
    proof: str
    figure: str
    state: str

    @property
    def proofs(self) -> list[str]:
        """What is named as proof, one by one."""
        return re.findall(r"`([^`]+)`", self.proof)


def rows() -> list[Row]:
    """Every row of every table."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line[:1] == "|"]
    assert all(len(row) == len(HEAD) for row in cells), [row for row in cells if len(row) != len(HEAD)]
    return [Row(*row) for row in cells if row != HEAD and set(row[0]) != {"-"}]


ROWS = rows()


@cache
def names_in(path: Path) -> frozenset[str]:
    """The names of a file's tests; those of a class with its name in front."""
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.ClassDef(name=name, body=body):
                found |= {name, *(f"{name}::{each.name}" for each in body if isinstance(each, ast.FunctionDef))}
            case ast.Assign(targets=[ast.Name(id=name)]):
                found.add(name)
            case _:
                pass
    return frozenset(name for name in found if name.startswith(("test_", "Test")))


@cache
def benchmarks() -> frozenset[str]:
    """What `python -m benchmarks` takes as a name."""
    for node in ast.parse((ROOT / "benchmarks" / "__main__.py").read_text()).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="BENCHMARKS")], value=value):
                return frozenset(ast.literal_eval(value))
            case _:
                pass
    raise LookupError("benchmarks/__main__.py lists no benchmarks")


def missing(proof: str) -> str | None:
    """Why a proof does not exist; None when it does."""
    kind, _, name = proof.partition(" ")
    if kind == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
        return None if name in targets else "no such target"
    if kind == "benchmarks":
        return None if name in benchmarks() else "no such benchmark"
    if kind.startswith("benchmarks."):
        return None if (ROOT / f"{kind.replace('.', '/')}.py").is_file() else "no such benchmark"
    file, _, test = proof.partition("::")
    path = ROOT / "tests" / file
    if not path.is_file() or not path.name.startswith("test_"):
        return "no such file"
    return None if not test or test in names_in(path) else "no such test"


def test_every_proof_exists() -> None:
    wrong = {(row.id, proof): why for row in ROWS for proof in row.proofs if (why := missing(proof))}
    assert not wrong


def untrue(row: Row) -> str | None:
    """What is wrong with a row's state; None when nothing is."""
    if row.state not in {"kept", "not yet"} and not re.fullmatch(r"missed: \S.*", row.state):
        return f"{row.state!r} is no state"
    if row.state == "kept" and not row.proofs:
        return "a kept promise names its proof"
    if row.state != "not yet" and row.figure == UNMEASURED:
        return "it was not measured"
    if row.state == "kept" and not row.figure and any(proof.startswith("benchmarks") for proof in row.proofs):
        return "what a benchmark proves has a figure"
    if not row.proofs and row.proof != "—" and not row.proof.startswith("see "):
        return "a proof is a test, a benchmark or a target, in backticks"
    return None


def test_a_state_is_kept_not_yet_or_missed_and_what_is_kept_is_shown() -> None:
    assert not {row.id: why for row in ROWS if (why := untrue(row))}


def test_every_promise_is_told_once() -> None:
    twice = [name for name, number in Counter(row.id for row in ROWS).items() if number > 1]
    assert not twice


def test_every_issue_and_every_requirement_has_a_row() -> None:
    ids = {row.id for row in ROWS}
    for number in range(1, 41):
        assert any(re.fullmatch(rf"R{number}[a-z]?", name) for name in ids), f"R{number}"
    for issue in "ABCDEFGH":
        assert any(re.match(rf"{issue}-?[a-z]*1[a-z]?$", name) for name in ids), issue
