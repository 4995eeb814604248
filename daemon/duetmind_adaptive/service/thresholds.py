"""The threshold of drift as a person sees and sets it; the policy learns it (`policy/thresholds`)."""

from __future__ import annotations

from sqlalchemy import Connection

from duetmind_adaptive.contracts import Bus, Clock, Store
from duetmind_adaptive.event_data import ThresholdData
from duetmind_adaptive.events import ThresholdAdjusted, make
from duetmind_adaptive.policy.reasons import Reason
from duetmind_adaptive.policy.state import ModelState
from duetmind_adaptive.policy.thresholds import NAME
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.store import states


class Thresholds:
    """Sets a model's threshold, or gives it back to the config."""

    def __init__(self, store: Store, bus: Bus, clock: Clock) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock

    async def set(self, model: Model, value: float | None, *, request: str) -> ThresholdData:
        """Have the next check use `value`; None takes back every step that was learned or set."""
        before = await self._store.read(lambda conn: threshold_of(conn, model))
        after = model.drift_threshold if value is None else value
        data = ThresholdData(model=model.name, name=NAME, before=before, after=after, reason=Reason.MANUAL)
        await self._bus.publish(make(ThresholdAdjusted, data, id=request, time=self._clock.now()))
        return data


def threshold_of(conn: Connection, model: Model) -> float:
    """The smallest effect that counts as drift now."""
    document = states.load_state(conn, model.name)
    held = ModelState.model_validate_json(document).threshold if document else None
    return held.present(model.drift_threshold) if held else model.drift_threshold
