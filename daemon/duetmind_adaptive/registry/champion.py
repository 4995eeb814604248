"""The link to the serving version, which follows the store.

The store decides; the link repeats it. A promotion is committed first and the link switched after, so a kill in
between leaves the link one step behind, and the next start brings it in line. Readers of the link see the old
artifact or the new one, never a mixture, because renaming a link over another is atomic.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

from duetmind_adaptive.durable import sync_folder
from duetmind_adaptive.errors import RegistryError
from duetmind_adaptive.failpoints import failpoint
from duetmind_adaptive.registry.layout import ARTIFACT, CHAMPION, VERSIONS
from duetmind_adaptive.registry.versions import Version

#: where the new link is made before it takes the old one's place
NEXT = ".champion.next"


def reconcile(folder: Path, champion: Version | None) -> bool:
    """Make the link under `folder` point to the champion's artifact.

    Callers must not overlap for one model: whoever reads the champion later must also get here later.

    Parameters
    ----------
    folder
        The model's folder.
    champion
        What the store says; None, or a version without artifact, means no link.

    Returns
    -------
    bool
        Whether anything had to change.

    Raises
    ------
    RegistryError
        When the artifact is gone, or the folder cannot be written; the link stays as it was.
    """
    link = folder / CHAMPION
    wanted = _target(champion)
    if _current(link) == wanted:
        return False
    failpoint("champion.before_switch")
    try:
        _switch(folder, link, wanted)
    except OSError as error:
        raise RegistryError(f"{link} cannot be switched to {wanted}: {error.strerror or error}") from error
    failpoint("champion.after_switch")
    return True


def sweep(folder: Path, keep: Collection[str]) -> tuple[str, ...]:
    """Delete version folders that no version names, left by jobs that were killed; only while no job runs.

    Parameters
    ----------
    folder
        The model's folder.
    keep
        `Version.folder` of every registered version, as `versions.folders` gives them.

    Returns
    -------
    tuple of str
        The names of the folders deleted.
    """
    (folder / NEXT).unlink(missing_ok=True)
    root = folder / VERSIONS
    orphans = sorted(path for path in root.iterdir() if path.name not in keep) if root.is_dir() else []
    for orphan in orphans:
        shutil.rmtree(orphan, ignore_errors=True)
    return tuple(orphan.name for orphan in orphans)


def _target(champion: Version | None) -> Path | None:
    if champion is None or champion.sha256 is None:
        return None
    return Path(VERSIONS) / champion.folder / ARTIFACT


def _current(link: Path) -> Path | None:
    return link.readlink() if link.is_symlink() else None


def _switch(folder: Path, link: Path, wanted: Path | None) -> None:
    if wanted is None:
        link.unlink(missing_ok=True)
    else:
        if not (folder / wanted).is_file():
            raise RegistryError(f"the champion's artifact {folder / wanted} is gone; roll back, or restore it")
        following = folder / NEXT
        following.unlink(missing_ok=True)
        following.symlink_to(wanted)
        following.replace(link)
    sync_folder(folder)
