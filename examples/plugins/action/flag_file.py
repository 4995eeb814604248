"""Leaves a file for whoever serves the model when drift is found, and takes it away when it is over."""

import os
from pathlib import Path

from duetmind_adaptive.contracts import Delivered, Operations, Outcome, Retry
from duetmind_adaptive.events import DriftDetected, DriftResolved, Event


class FlagFile:
    """Below the folder that the environment variable DUETMIND_FLAGS names, `MODEL.drift` each."""

    name = "flag_file"

    def wants(self, event: Event) -> bool:
        """The beginning and the end of an incident."""
        return isinstance(event, DriftDetected | DriftResolved)

    async def respond(self, event: Event, operations: Operations) -> Outcome:  # noqa: ARG002 - the contract's
        """Writing or deleting twice is as good as once."""
        flag = Path(os.environ.get("DUETMIND_FLAGS", "/tmp")) / f"{event.data.model}.drift"  # noqa: S108 - an example
        try:
            flag.write_text(event.id) if isinstance(event, DriftDetected) else flag.unlink(missing_ok=True)
        except OSError as error:
            return Retry(f"{flag} cannot be written: {error.strerror}")
        return Delivered(str(flag))
