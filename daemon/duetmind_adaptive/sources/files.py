"""Finds the data files behind a configured path: one file, a glob, or a folder that grows.

The order of the rows is the order of the files' names, so names must sort as time does (`2026-01-02.csv`,
`part-00007.parquet`). Names that begin with a dot or an underscore, and those of files still being copied
(`*.tmp`, `*.part`, …), are left out.
"""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duetmind_adaptive.errors import SourceError, SourceMissingError

PARQUET_SUFFIXES = (".parquet", ".pq")
CSV_SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
#: endings that copying programs give to files they have not finished
UNFINISHED_SUFFIXES = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".swp", "~")


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file as it was when it was listed; nothing past `size` bytes is read of it."""

    #: below the folder, with `/` as separator: what cursors remember and what the order is made of
    name: str
    path: Path
    size: int
    modified_ns: int
    #: what gives the rows where it is no file at all, `size` of them (`sources.plugged`)
    source: Any = None

    @property
    def is_parquet(self) -> bool:
        """Whether the name says Parquet; every other file is taken for delimited text."""
        return self.name.lower().endswith(PARQUET_SUFFIXES)

    @property
    def is_typed(self) -> bool:
        """Whether values come in types of their own, so that no text has to be parsed."""
        return self.is_parquet or self.source is not None

    @property
    def is_gzip(self) -> bool:
        """Whether the text is compressed."""
        return self.name.lower().endswith(".gz")


def list_files(path: str) -> tuple[DataFile, ...]:
    """Every data file behind `path`, in reading order; only names and sizes are looked at, no content.

    Empty when a folder or a glob has no data file (yet). Raises SourceMissingError when a named file or folder
    is not there, SourceError when it may not be looked at.
    """
    try:
        if glob.has_magic(path) and not Path(path).exists():
            return _listed(_literal_root(path), _matches(path), known_only=False)
        root = Path(path)
        if root.is_dir():
            return _listed(root, root.iterdir(), known_only=True)
        if root.exists() and not root.is_file():
            raise SourceMissingError(f"{path}: is neither a file nor a folder; check the path")
        return (_data_file(root, root.parent),)
    except FileNotFoundError as gone:
        raise SourceMissingError(f"{path}: no such file or folder; check the path") from gone
    except OSError as problem:
        raise unreadable(Path(path), problem) from problem


def existing_files(path: str) -> tuple[DataFile, ...]:
    """As `list_files`, but no file at all is an error."""
    files = list_files(path)
    if not files:
        what = "no file matches" if glob.has_magic(path) else f"no {', '.join(PARQUET_SUFFIXES + CSV_SUFFIXES)} file in"
        raise SourceMissingError(f"{what} {path}; put data files there or mend the path")
    return files


def unreadable(path: Path, problem: OSError) -> SourceError:
    """The sentence for a file that the operating system refuses."""
    hint = "let the daemon's user read it" if isinstance(problem, PermissionError) else "check the file and its disk"
    return SourceError(f"{path}: cannot be read ({(problem.strerror or str(problem)).lower()}); {hint}")


def is_unfinished(name: str) -> bool:
    """Whether a file's name says that it is hidden or still being copied.

    >>> [is_unfinished(name) for name in ("a.csv", ".a.csv", "_SUCCESS", "a.csv.tmp")]
    [False, True, True, True]
    """
    return name.startswith((".", "_")) or name.lower().endswith(UNFINISHED_SUFFIXES)


def _matches(pattern: str) -> Iterable[Path]:
    root = _literal_root(pattern)
    rest = Path(pattern).relative_to(Path(glob.escape(str(root))))
    return root.glob(rest.as_posix())


def _listed(root: Path, paths: Iterable[Path], *, known_only: bool) -> tuple[DataFile, ...]:
    known = PARQUET_SUFFIXES + CSV_SUFFIXES
    found: list[DataFile] = []
    for path in paths:
        if is_unfinished(path.name) or (known_only and not path.name.lower().endswith(known)):
            continue
        try:
            if stat.S_ISREG(path.stat().st_mode):
                found.append(_data_file(path, root))
        except FileNotFoundError:  # renamed or removed since the folder was read
            continue
    return tuple(sorted(found, key=lambda file: file.name))


def _data_file(path: Path, root: Path) -> DataFile:
    facts = path.stat()
    return DataFile(path.relative_to(root).as_posix(), path, facts.st_size, facts.st_mtime_ns)


def _literal_root(pattern: str) -> Path:
    """The part of a glob before its first wildcard.

    >>> _literal_root("/data [[]1]/loans/*.parquet")
    PosixPath('/data [1]/loans')
    """
    root = Path(Path(pattern).anchor)
    for part in Path(pattern).relative_to(root).parts[:-1]:
        literal = part.replace("[[]", "[").replace("[*]", "*").replace("[?]", "?")
        if glob.escape(literal) != part:
            break
        root /= literal
    return root if root != Path() else Path(os.curdir)
