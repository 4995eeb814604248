"""An alert as a mail: text, and HTML with pictures; threaded by incident, safe from what names in the data hold.

All messages of an incident carry the same subject and refer to the same root, so that mail programs show
them as one conversation; the root is derived from the incident and need not have been sent (RFC 5322, 3.6.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final, cast

from duetmind_adaptive.contracts import Alert
from duetmind_adaptive.events import derive_id
from duetmind_adaptive.logger import get_logger
from duetmind_adaptive.policy.alerts import inert
from duetmind_adaptive.report.alert_page import alert_page

_log = get_logger(__name__)

#: Message-IDs are one word each and must not be folded or encoded; RFC 5322 allows lines of 998 characters
_POLICY: Final = SMTP.clone(max_line_length=990, cte_type="7bit")

#: characters of a domain that a Message-ID keeps
_DOMAIN_LIMIT: Final = 255


def compose(alert: Alert, *, sender: str, recipients: Sequence[str], now: datetime) -> EmailMessage:
    """The mail of one alert; the same alert always has the same Message-ID.

    Parameters
    ----------
    alert
        What to say; it is made inert first.
    sender, recipients
        Checked addresses, with or without a display name.
    now
        The Date header: when this try is made.
    """
    said = inert(alert)
    domain = parseaddr(sender)[1].rpartition("@")[2][:_DOMAIN_LIMIT]
    root = _message_id("incident", said.incident, domain)
    message = EmailMessage(policy=_POLICY)
    message["Subject"] = said.title
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = _message_id("alert", alert.id, domain)
    message["In-Reply-To"] = root
    message["References"] = root
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_plain(said), cte="quoted-printable")
    pictures: dict[str, bytes] = {}
    message.add_alternative(_html(said, pictures, alert.id, domain), subtype="html", cte="quoted-printable")
    page = message.get_body(("html",))
    for content_id, png in pictures.items():
        cast("EmailMessage", page).add_related(png, "image", "png", cid=content_id, disposition="inline")
    return message


def _message_id(kind: str, id: str, domain: str) -> str:
    """Our ids are words that may stand in a header; any other is replaced by one derived from it."""
    word = id if id and id.isascii() and id.replace("-", "").isalnum() and len(id) <= 64 else derive_id(id)
    return f"<{kind}.{word}@{domain}>"


def _plain(alert: Alert) -> str:
    head = f"{alert.title}\n{alert.status}, model {alert.model}, severity {alert.severity}"
    return "\n\n".join([head, *alert.lines, f"incident {alert.incident}\nalert {alert.id}"]) + "\n"


def _html(alert: Alert, pictures: dict[str, bytes], of: str, domain: str) -> str:
    """The HTML part; the pictures that it shows are put into `pictures` by their Content-ID."""

    def source(name: str, png: bytes) -> str:
        content_id = _message_id(name, of, domain)
        pictures[content_id] = png
        return f"cid:{content_id[1:-1]}"

    try:
        return alert_page(alert, source)
    except Exception as error:  # noqa: BLE001 - a picture must never cost the mail
        _log.warning("email.picture_failed", alert=alert.id, reason=type(error).__name__)
        pictures.clear()
        return alert_page(alert)
