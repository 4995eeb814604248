"""One service of Apprise: its URL read, and an alert told to it. Imports Apprise, so only who uses it loads this.

Nothing that Apprise or the libraries below it log leaves this module but the status that a service answered: their
words hold URLs, and URLs hold tokens.
"""

from __future__ import annotations

import logging
import re
import threading
from typing import Final

from apprise import Apprise, AppriseAsset, NotifyBase, NotifyFormat, NotifyType, OverflowMode
from pydantic import SecretStr

from duetmind_adaptive.contracts import Alert
from duetmind_adaptive.policy.alerts import inert

#: loggers that would tell where a message goes: Apprise's own and those of what its services are made with
_LOUD: Final = (
    "apprise", "urllib3", "requests_oauthlib", "oauthlib", "paho", "pika", "slixmpp", "smpplib", "gntp",
)  # fmt: skip
#: how Apprise's services end the line about an answer that they do not take for a yes
_STATUS: Final = re.compile(r"error=(\d{3})\b")

#: what an alert is to a service that knows kinds, by its status
_KINDS: Final = {
    "opened": NotifyType.WARNING, "updated": NotifyType.WARNING, "rolled_back": NotifyType.WARNING,
    "resolved": NotifyType.SUCCESS,
}  # fmt: skip
_GRAVE: Final = frozenset({"high", "critical"})


class _Answers(logging.Handler):
    """Keeps the last status that a service's thread was answered, and nothing else of any line."""

    def __init__(self) -> None:
        super().__init__()
        self._here = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        found = _STATUS.search(record.getMessage())
        if found:
            self._here.status = found.group(1)

    def taken(self) -> str:
        """The status, if there was one since the last call in this thread."""
        status: str = getattr(self._here, "status", "")
        self._here.status = ""
        return status


def _hush() -> _Answers:
    answers = _Answers()
    for name in _LOUD:
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.addHandler(logging.NullHandler())  # or the last resort would print it
    logging.getLogger("apprise").addHandler(answers)
    return answers


_answers = _hush()


class Service:
    """Whom to tell; raises ValueError, without the URL in it, when Apprise cannot use the URL."""

    def __init__(self, url: SecretStr) -> None:
        self._url = url
        #: the service's name, such as Discord: all that may be said of the URL
        self.name = " ".join(str(self._plugin().service_name).split())

    def tell(self, alert: Alert) -> str:
        """Send once, blocking; what is wrong, or nothing if the service took it."""
        plugin = self._plugin()
        # what does not fit is cut by us, not refused by them, unless the URL says how it is to be done
        plain = plugin.overflow_mode == OverflowMode.UPSTREAM
        _answers.taken()
        taken = plugin.notify(
            title=_unheard(inert(alert).title),
            body=body_of(alert, plugin.body_maxlen),
            notify_type=_kind(alert),
            body_format=NotifyFormat.TEXT,
            overflow=OverflowMode.TRUNCATE if plain else None,
        )
        status = _answers.taken()
        if taken:
            return ""
        return f"{self.name} answered {status}" if status else f"{self.name} did not take it; Apprise does not say why"

    def _plugin(self) -> NotifyBase:
        """Made anew for each message: a thread that still hangs in another one shares nothing with it."""
        asset = AppriseAsset(app_id="DuetMind", app_desc="DuetMind Adaptive", http_redirects=False)
        plugin = Apprise.instantiate(self._url.get_secret_value(), asset=asset)
        if plugin is None:
            raise ValueError(
                "is not a URL that Apprise can use here: no such service, a part is missing, or the service needs a "
                "package of its own"
            )
        return plugin


def body_of(alert: Alert, limit: int) -> str:
    """The sentences, and the ids by which a repeat is told, in `limit` characters if those of one sentence fit.

    Lines are left out from the end, where what matters least stands, and counted.
    """
    said = inert(alert)
    lines = [_unheard(line) for line in said.lines if line]
    ids = f"incident {_unheard(said.incident)}\nalert {_unheard(said.id)}"
    for kept in range(len(lines), 0, -1):
        more = [f"+{len(lines) - kept} more lines"] if kept < len(lines) else []
        body = "\n".join([*lines[:kept], *more, ids])
        if len(body) + len(said.title) <= limit:
            return body
    return "\n".join([*lines[:1], ids])


def _unheard(text: str) -> str:
    """`text` as it reads, but calling nobody: a name in the data may be `@everyone`, and many chats would ring."""
    return text.replace("@", "@\u200b")


def _kind(alert: Alert) -> NotifyType:
    kind = _KINDS.get(alert.status, NotifyType.INFO)
    return NotifyType.FAILURE if kind is NotifyType.WARNING and alert.severity in _GRAVE else kind
