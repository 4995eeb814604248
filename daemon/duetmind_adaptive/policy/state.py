"""What the policy remembers of one model: small, frozen, and JSON in the store."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from duetmind_adaptive.event_data import WindowData
from duetmind_adaptive.records import Cause


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OpenIncident(_Frozen):
    """A drift or data-quality incident that people were told of and that is not over."""

    id: str
    severity: str
    kinds: tuple[str, ...]
    opened: AwareDatetime
    window: WindowData
    #: when it was told last; None: when it opened
    told: AwareDatetime | None = None


class Signal(_Frozen):
    """One cause's evidence so far: which of the newest checks raised it, how many in a row were well below it."""

    #: newest last
    votes: tuple[bool, ...] = ()
    calm: int = 0
    incident: OpenIncident | None = None

    @model_validator(mode="before")
    @classmethod
    def _forget_what_was_counted_in_a_row(cls, held: Any) -> Any:
        """Stores of 0.1 hold a number of checks instead of votes."""
        return {name: value for name, value in held.items() if name != "hot"} if isinstance(held, dict) else held


class OpenReview(_Frozen):
    """A question to a person that has no answer yet."""

    id: str
    asked: AwareDatetime
    reason: str = ""
    version: int | None = None
    reminded: bool = False


class Retraining(_Frozen):
    """The retrains asked for, which the budget, the cool-down and single flight are read from."""

    #: the request under way; None when there is none
    in_flight: str | None = None
    #: when the policy itself asked, newest last, the last day's only
    asked: tuple[AwareDatetime, ...] = ()
    #: retrains in a row that ended without a promotion
    fruitless: int = 0
    #: how many there were when a person was last asked what to do about it
    breaker_asked: int = 0
    #: after fruitless ones: no automatic retrain before a window that ends beyond this row
    not_before_row: int = 0
    #: after a rollback, or a no: the same
    held_until_row: int = 0
    #: windows that end beyond these rows call for learning again, ascending
    refresh_rows: tuple[int, ...] = ()
    #: whether the retrain under way was called for by one of them
    refreshing: bool = False
    #: the question whether to retrain
    review: OpenReview | None = None


class Question(OpenReview):
    """A review about something else than a retrain: a rollback, or a version that nothing could be proved of."""

    subject: str


class Watch(_Frozen):
    """A version that was promoted lately, beside the one that it took the place of."""

    version: int
    previous: int
    #: neither has learned from rows from here on
    from_row: int
    #: checks that could set both side by side
    seen: int = 0
    #: the entry in the ledger that says what became of the switch
    act: str = ""
    #: what the last of those checks found
    verdict: str = "inconclusive"
    #: after a rollback: whatever is found, nothing is taken back
    looks_only: bool = False
    #: retrains in vain before the one that was promoted
    fruitless: int = 0


class Threshold(_Frozen):
    """The smallest effect that counts as drift, as far as it was learned or set since the config was written."""

    #: None: the operator's; and what the operator's was when it moved, because another word of theirs ends it
    value: float | None = None
    base: float | None = None
    #: what a person was asked about
    proposed: float | None = None
    #: incidents of the inputs in a row that came to nothing
    harmless: int = 0

    def present(self, configured: float) -> float:
        """What holds now, where the config says `configured`."""
        return configured if self.value is None or self.base != configured else self.value


class ModelState(_Frozen):
    """Everything `decide` needs to know of one model's past."""

    champion: int | None = None
    #: by cause
    signals: dict[Cause, Signal] = Field(default_factory=dict[Cause, Signal])
    retraining: Retraining = Retraining()
    last_window: WindowData | None = None
    watch: Watch | None = None
    threshold: Threshold = Threshold()
    #: without an answer yet, oldest first
    questions: tuple[Question, ...] = ()

    def signal(self, cause: Cause) -> Signal:
        """The evidence for one cause."""
        return self.signals.get(cause, Signal())

    def with_signal(self, cause: Cause, signal: Signal) -> ModelState:
        """The state with other evidence for one cause."""
        return self.model_copy(update={"signals": {**self.signals, cause: signal}})
