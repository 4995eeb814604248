"""An alert as a mail: plain text and HTML, threaded by incident, safe from what names in the data hold.

All messages of an incident carry the same subject and refer to the same root, so that mail programs show
them as one conversation; the root is derived from the incident and need not have been sent (RFC 5322, 3.6.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape
from typing import Final

from duetmind_adaptive.contracts import Alert
from duetmind_adaptive.events import derive_id
from duetmind_adaptive.policy.alerts import inert

#: Message-IDs are one word each and must not be folded or encoded; RFC 5322 allows lines of 998 characters
_POLICY: Final = SMTP.clone(max_line_length=990, cte_type="7bit")

#: characters of a domain that a Message-ID keeps
_DOMAIN_LIMIT: Final = 255

_PAGE: Final = """\
<!doctype html>
<html lang="en"><body style="font-family: sans-serif; max-width: 40em">
<h1 style="font-size: 1.2em">{title}</h1>
<p><strong>{status}</strong>, model {model}, severity {severity}</p>
<ul>
{lines}
</ul>
<p style="color: #595959; font-size: 0.85em">incident {incident}<br>alert {id}</p>
</body></html>
"""


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
    message.add_alternative(_html(said), subtype="html", cte="quoted-printable")
    return message


def _message_id(kind: str, id: str, domain: str) -> str:
    """Our ids are words that may stand in a header; any other is replaced by one derived from it."""
    word = id if id and id.isascii() and id.replace("-", "").isalnum() and len(id) <= 64 else derive_id(id)
    return f"<{kind}.{word}@{domain}>"


def _plain(alert: Alert) -> str:
    head = f"{alert.title}\n{alert.status}, model {alert.model}, severity {alert.severity}"
    return "\n\n".join([head, *alert.lines, f"incident {alert.incident}\nalert {alert.id}"]) + "\n"


def _html(alert: Alert) -> str:
    return _PAGE.format(
        title=escape(alert.title),
        status=escape(alert.status),
        model=escape(alert.model),
        severity=escape(alert.severity),
        lines="\n".join(f"<li>{escape(line)}</li>" for line in alert.lines),
        incident=escape(alert.incident),
        id=escape(alert.id),
    )
