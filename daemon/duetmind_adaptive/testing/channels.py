"""What every alert channel keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import TypeVar

from duetmind_adaptive import plugins
from duetmind_adaptive.contracts import Alert, AlertChannel, Delivered, Outcome
from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.events import DriftResolved
from duetmind_adaptive.testing.events import ATTEMPT, incident_alert
from duetmind_adaptive.testing.suite import PluginSuite, holds, is_outcome

T = TypeVar("T")
#: seconds that a send may take: the bus gives it no more
LIMIT = 60.0
HOSTILE = (
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "{title} %s {0.__class__}",
    "<!channel>",
    "*bold* _x_ `code`",
)


class AlertChannelSuite(PluginSuite):
    """Say `name`, and `options` as the config would give them, secrets as `SecretStr`.

    Where nothing answers behind the options, set `reached` to False: a channel must say so by its outcome.
    """

    group = plugins.CHANNELS
    #: whether a send with these options is delivered
    reached = True

    def make(self) -> AlertChannel:
        """The channel, called office."""
        return plugins.load(self.group, self.name)("office", dict(self.options))

    def test_it_is_called_as_the_config_calls_it(self) -> None:
        """Its `name` is the one it was given."""
        holds(self.make().name == "office", "the channel's name is not the one that create was given")

    def test_a_send_answers_with_an_outcome(self) -> None:
        """Opened and resolved; delivered where somebody listens."""
        for alert in (incident_alert(), incident_alert(DriftResolved)):
            outcome = self.sent(alert)
            holds(is_outcome(outcome), f"send answered {outcome!r}, which is no outcome")
            said = f"send answered {outcome!r}; set reached = {not self.reached} if that is right"
            holds(isinstance(outcome, Delivered) == self.reached, said)

    def test_a_repeat_is_sent_as_the_first_was(self) -> None:
        """A crash may repeat a send: it must not fail the second time."""
        first, second = self.sent(incident_alert()), self.sent(incident_alert())
        holds(type(first) is type(second), f"the repeat answered {second!r} after {first!r}")

    def test_no_name_from_the_data_breaks_a_send(self) -> None:
        """Texts are single printable lines, whatever else is in them."""
        for text in HOSTILE:
            outcome = self.sent(replace(incident_alert(), title=text, model=text, lines=(text, text * 50)))
            holds(isinstance(outcome, Delivered) == self.reached, f"a message that says {text!r} answered {outcome!r}")

    def test_it_can_be_closed_twice(self) -> None:
        """`close` lets go of what is open, if anything is."""

        async def closing() -> None:
            channel = self.make()
            await channel.close()
            await channel.close()

        asyncio.run(closing())

    def test_options_that_nobody_knows_are_refused_or_left_alone(self) -> None:
        """By a ConfigError, never by another error."""
        factory = plugins.load(self.group, self.name)
        try:
            factory("office", {**self.options, "no_such_option": object()})
        except ConfigError as error:
            holds("no_such_option" in str(error), f"the error does not name the option: {error}")

    def sent(self, alert: Alert) -> Outcome:
        """What one send by a channel of its own answers."""

        async def sending() -> Outcome:
            channel = self.make()
            try:
                return await _within(channel.send(alert, ATTEMPT))
            finally:
                await channel.close()

        return asyncio.run(sending())


async def _within(doing: Awaitable[T]) -> T:
    return await asyncio.wait_for(doing, LIMIT)
