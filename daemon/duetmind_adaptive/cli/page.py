"""`--html FILE`: a place is looked at before the work, a page is written whole or not at all."""

from __future__ import annotations

from pathlib import Path

from duetmind_adaptive.errors import ConfigError


def check_place(path: Path, *, option: str = "--html") -> None:
    """Refuse a place that cannot take a file before an hour of work went into it; `option` is what named it.

    Raises
    ------
    ConfigError
        When its folder does not exist, or it is a folder itself.
    """
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"{path}: its folder does not exist; make it or choose another {option}")
    if path.is_dir():
        raise ConfigError(f"{path}: is a folder; name a file for {option}")


def write_page(path: Path, page: str) -> None:
    """Write the page whole or not at all.

    Raises
    ------
    ConfigError
        When it cannot be written there.
    """
    unfinished = path.with_name(f".{path.name}.tmp")
    try:
        unfinished.write_text(page, encoding="utf-8", errors="backslashreplace")
        unfinished.replace(path)
    except OSError as refused:
        unfinished.unlink(missing_ok=True)
        reason = (refused.strerror or str(refused)).lower()
        raise ConfigError(f"{path}: cannot be written ({reason}); choose another --html") from refused
