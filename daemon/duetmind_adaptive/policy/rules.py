"""What an operator may set about a model's decisions, and the constants that are not theirs to set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

#: the budget's day; counted back from the decision, so that midnight gives nothing away
BUDGET_PERIOD = timedelta(days=1)

#: after a promotion that a fall called for, learn again this many windows later each: at first few rows show the world
#: as it has become, and every doubling of them makes a better model
REFRESH_GAPS = (2, 4, 8, 16)

#: after the n-th retrain in a row without a promotion wait 2^(n-1) windows; after so many the breaker opens: a person
#: is asked, and without an answer the next try is so many windows later
BREAKER_AFTER, BREAKER_WINDOWS = 3, 32

#: after a promotion the version before answers so many windows as well, and comes back if it does better; what is as
#: good is taken back one time in twenty over all of them, so each look has this confidence
WATCH_WINDOWS = 8
#: and there is none with fewer labelled rows, or fewer in the second most frequent class: taking back costs less than
#: promoting, so it needs less
WATCH_ROWS, WATCH_PER_CLASS = 200, 10
WATCH_CONFIDENCE = 1 - 0.05 / WATCH_WINDOWS

#: after a rollback, wait this many windows before learning again on our own: a person (or a breach) just said no
ROLLBACK_COOLDOWN_WINDOWS = 8

#: after so long a question that nobody answered is closed, and nothing is done
REVIEW_LIFE = timedelta(days=1)
#: people are reminded of it once, when half of that is over
REMIND_AFTER = REVIEW_LIFE / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One model's policy."""

    #: so many of the newest checks (`opens_within`) that raise a cause open its incident
    opens_after: int = 2
    opens_within: int = 3
    #: checks in a row that are well below the threshold resolve it
    clears_after: int = 2
    #: an incident that stays is told again after so long, at the next check that raises it
    repeat: timedelta = timedelta(hours=4)
    #: whether the policy may ask for retrains at all
    retrain: bool = False
    #: a person has stopped all acting
    paused: bool = False
    #: ask a person instead of asking for a retrain
    suggests: bool = False
    #: decide as if it might, and say so instead of asking
    observes: bool = False
    #: whether the threshold of drift is learned from what incidents came to, and the one that the operator set
    adjusts: bool = False
    drift_threshold: float = 0.02
    #: automatic retrains in any 24 hours
    max_retrains_per_day: int = 3
