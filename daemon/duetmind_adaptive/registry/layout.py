"""Where a model's versions lie on disk.

    <state>/models/NAME/
        champion -> versions/<job>-<attempt>/model.duet      switched atomically
        versions/<job>-<attempt>/
            model.duet          the artifact; none for a model that is deployed elsewhere
            version.json        its sha256, what it learned from and how it did
            reference.profile   the rows it learned from, for drift
            reference.bins      the same rows counted on bins, for the history that its windows make
            natural.arrow       how much its columns vary from window to window while nothing changes
            habits.arrow        the same of its metric, its errors and its answers; where there is a hold-out
            sample.arrow        some of those rows
            holdout.arrow       labelled rows that it did not learn from, with its answers; where there are any

A training job writes the folder named after itself and its attempt, durably, before it reports; the transaction that
registers the version stores that name. Nothing is ever moved or changed afterwards. So a kill at any moment leaves
either a folder that no version names, swept at the next start, or a version whose folder is whole.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

ARTIFACT, DESCRIPTION, PROFILE = "model.duet", "version.json", "reference.profile"
BINS = "reference.bins"
NATURAL, HABITS = "natural.arrow", "habits.arrow"
SAMPLE, HOLDOUT = "sample.arrow", "holdout.arrow"
CHAMPION, VERSIONS, ANSWERS = "champion", "versions", "answers"

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


def folder_name(job: str, attempt: int) -> str:
    """Name the folder of what one attempt of a job makes; ids that are no file names are hashed.

    >>> folder_name("0190-ab", 2), folder_name("../evil", 1)
    ('0190-ab-2', '2d6afc710923ce47ddbfb2dc-1')
    """
    safe = job if _SAFE.fullmatch(job) else hashlib.sha256(job.encode()).hexdigest()[:24]
    return f"{safe}-{attempt}"


def answer_file(model_folder: Path, request: str) -> Path:
    """Where the answer of a trainer elsewhere to a request lies, in the model's folder."""
    return model_folder / ANSWERS / f"{folder_name(request, 0)}.json"


def version_folder(model_folder: Path, name: str) -> Path:
    """The folder of a version, by the name that its row holds."""
    return model_folder / VERSIONS / name
