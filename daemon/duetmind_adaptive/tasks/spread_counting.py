"""Counts the rows of many files on a profile's bins, each file a task: on all cores, or on the nodes of a cluster."""

from __future__ import annotations

from functools import reduce
from operator import add

from duetmind_adaptive.errors import WorkflowError
from duetmind_adaptive.sources.files import existing_files
from duetmind_adaptive.tasks.profiles import Profile
from duetmind_adaptive.training.orchestration import WorkflowOrchestrator


def count_files(profile: Profile, path: str, orchestrator: WorkflowOrchestrator) -> Profile:
    """The same as `profile.count(path)`, counted file by file wherever the orchestrator runs tasks.

    Parameters
    ----------
    profile
        Of the reference, on whose bins rows are counted.
    path
        A file, a glob's matches or a folder's files, CSV or Parquet; seen under this path by every node.
    orchestrator
        One that has no tasks yet; with an `address` its tasks run on a Ray cluster.

    Raises
    ------
    SourceError
        A file cannot be used.
    WorkflowError
        Counting a file failed on its worker; the sentence says which file and why.

    Examples
    --------
    >>> import tempfile, pathlib, pyarrow as pa, pyarrow.parquet as pq
    >>> from duetmind_adaptive.training.orchestration import create_orchestrator
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for month in (1, 2):
    ...     pq.write_table(pa.table({"x": range(month * 100)}), folder / f"{month}.parquet")
    >>> reference = Profile.from_frame(pa.table({"x": range(1000)}))
    >>> count_files(reference, f"{folder}/*.parquet", create_orchestrator()).rows
    300
    """
    bins = profile.to_bytes()
    files = [str(file.path) for file in existing_files(path)]
    names = [orchestrator.add_task(file, count_one, (bins, file)) for file in files]
    results = orchestrator.run_workflow()
    failed = next((outcome for outcome in results.tasks.values() if outcome.state != "succeeded"), None)
    if failed is not None:
        raise WorkflowError(f"The rows of {failed.task_id} were not counted: {failed.error}")
    return reduce(add, (Profile.from_bytes(results[name], profile) for name in names))


def count_one(bins: bytes, file: str) -> bytes:
    """One file's counts, as bytes without the bins; in a worker."""
    return Profile.from_bytes(bins).count(file).to_bytes(bins=False)
