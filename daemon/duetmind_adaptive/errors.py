"""Every error the product raises on purpose; an exception's docstring is its default message.

`DuetMindError` is the root. The command line turns any of them into one plain line on standard error
and exit status 2; the daemon turns them into events and a status. None of them carries a secret.
"""

from __future__ import annotations

from collections.abc import Sequence


class DuetMindError(Exception):
    """Something went wrong that a person can mend."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class ConfigError(DuetMindError):
    """The configuration cannot be used."""

    def __init__(self, message: str | None = None, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        #: everything that is wrong, one line each; the message is the first of them
        self.problems = tuple(problems) or (str(self),)


class PluginError(ConfigError):
    """A plug-in is not installed, cannot be imported, or is not what its entry point group asks for."""


class StoreError(DuetMindError):
    """The store cannot be used."""


class StoreBusyError(StoreError):
    """Another daemon already works on this state folder."""


class SourceError(DuetMindError):
    """A data source cannot be read."""

    #: machine-readable cause, used as the `reason` of `duetmind.check.failed`
    code: str = "source_unreadable"


class SourceMissingError(SourceError):
    """No file matches the configured path."""

    code = "source_missing"


class SourceIncompleteError(SourceError):
    """A file is still being written."""

    code = "source_incomplete"


class SourceTruncatedError(SourceError):
    """A file has fewer rows than were already read from it, or was rewritten."""

    code = "source_truncated"


class SourceOrderError(SourceError):
    """A file came or grew before the place that was already read: its rows would be skipped."""

    code = "source_out_of_order"


class SourceFormatError(SourceError):
    """A file is not what its name says, or its rows do not fit its header."""

    code = "source_format"


class ColumnMissingError(SourceError):
    """A column the configuration names is not in the data."""

    code = "column_missing"


class ColumnMismatchError(SourceError):
    """A column holds values of another type than the model learned from."""

    code = "column_mismatch"


class TrainingError(DuetMindError):
    """A model cannot be trained on this data."""


class StudyError(DuetMindError):
    """A study of an AutoML search cannot be used."""


class ArtifactError(DuetMindError):
    """A model artifact is missing, damaged or not trusted."""


class RegistryError(DuetMindError):
    """The registry has no such version, or it cannot serve."""


class JobError(DuetMindError):
    """A job could not be finished."""


class WorkerDiedError(JobError):
    """The worker process died before it answered."""


class JobTimeoutError(JobError):
    """The job ran longer than its time limit and was killed."""


class MemoryExceededError(JobError):
    """The job used more memory than it asked for and was killed."""


class ResourceError(JobError):
    """What a job asks for is not there, or not a quantity."""


class WorkflowError(DuetMindError):
    """A workflow cannot be run as it was written."""


class DaemonUnreachableError(DuetMindError):
    """No daemon answers at this address."""


class DaemonRefusedError(DuetMindError):
    """The daemon refused the request."""
