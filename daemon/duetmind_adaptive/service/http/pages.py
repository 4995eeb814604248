"""The status page: one server-rendered document that asks nobody but the daemon.

Everything shown is escaped, and the content security policy names the page's one style and one script by
their hashes, so that no model's, column's or job's name can become markup.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from aiohttp import web

from duetmind_adaptive.service.http.api import Api, Document
from duetmind_adaptive.service.http.endpoints import Endpoint

#: incidents and jobs shown
ROWS = 10

STYLE = """
:root{color-scheme:light dark;--line:#8884;--good:#1a7f37;--bad:#cf222e;--soft:#6e7781}
@media(prefers-color-scheme:dark){:root{--good:#3fb950;--bad:#ff7b72;--soft:#9198a1}}
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem;margin:0}h2{font-size:1.05rem;margin:1.8rem 0 .4rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.35rem .7rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600;white-space:nowrap}td{overflow-wrap:anywhere}
p{margin:.3rem 0;color:var(--soft)}.good{color:var(--good)}.bad{color:var(--bad);font-weight:600}
"""
#: on each event, at most every two seconds, the page's content is asked for again
SCRIPT = """
let due=null;
async function refresh(){due=null;try{
const text=await(await fetch(location.href,{cache:'no-store'})).text();
const page=new DOMParser().parseFromString(text,'text/html');
document.querySelector('main').replaceWith(document.adoptNode(page.querySelector('main')));}catch(e){}}
function soon(){due??=setTimeout(refresh,2000)}
new EventSource('/api/v1/events/stream').onmessage=soon;setInterval(soon,30000);
"""


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


POLICY = (
    f"default-src 'none'; style-src {_hash(STYLE)}; script-src {_hash(SCRIPT)}; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

Row = Sequence[tuple[str, str]]


class StatusPage:
    """`/`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def endpoints(self) -> list[Endpoint]:
        """The group's only route."""
        return [
            Endpoint(method="GET", path="/", handler=self.page, summary="The status page.", answer="text/html"),
        ]

    async def page(self, _request: web.Request) -> web.Response:
        """Rendered anew each time."""
        incidents = await self._api.incidents(ROWS, None, None)
        jobs = await self._api.jobs(ROWS, None, None)
        text = render(await self._api.status(), await self._api.ready(), incidents.items, jobs.items)
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": POLICY})


def render(status: Document, reasons: Sequence[str], incidents: Iterable[Document], jobs: Iterable[Document]) -> str:
    """The page as HTML; a pure function of what it shows."""
    models: Mapping[str, Document] = status.get("models") or {}
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>DuetMind</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<noscript><meta http-equiv="refresh" content="10"></noscript><style>{STYLE}</style></head><body><main>
<h1>DuetMind {_text(status.get("version"))}</h1>
{_health(status, reasons)}
{_table("Models", _MODEL_HEADS, [_model_row(name, model) for name, model in models.items()])}
{_table("Incidents", _INCIDENT_HEADS, [_plain_row(item, _INCIDENT_KEYS) for item in incidents])}
{_table("Jobs", _JOB_HEADS, [_plain_row(item, _JOB_KEYS) for item in jobs])}
</main><script>{SCRIPT}</script></body></html>
"""


_MODEL_HEADS = ("Model", "Champion", "Drift", "Severity", "Incident", "Last check", "Next check")
_INCIDENT_HEADS = ("Model", "Cause", "Severity", "State", "Opened", "Resolved")
_INCIDENT_KEYS = ("model", "cause", "severity", "state", "opened", "resolved")
_JOB_HEADS = ("Job", "Kind", "Model", "State")
_JOB_KEYS = ("id", "kind", "model", "state")


def _health(status: Document, reasons: Sequence[str]) -> str:
    bus, jobs = status.get("bus") or {}, status.get("jobs") or {}
    ready = "".join(f'<p class="bad">{_text(reason)}</p>' for reason in reasons) or '<p class="good">ready</p>'
    up = f"up {int(status.get('uptime_seconds') or 0):,} s"
    events = f"events pending {_text(bus.get('pending'))}, dead {_text(bus.get('dead'))}"
    work = f"jobs running {_text(jobs.get('running'))}, queued {_text(jobs.get('queued'))}"
    return f"{ready}<p>{up} · {events} · {work}</p>"


def _model_row(name: str, model: Document) -> Row:
    drift = model.get("drift")
    incident = model.get("open_incident")
    return (
        ("", name),
        ("", _short(model.get("champion"))),
        ("bad" if drift else "good", "drift" if drift else "calm") if drift is not None else ("", "–"),
        ("bad" if model.get("severity") in {"high", "critical"} else "", _short(model.get("severity"))),
        ("bad" if incident else "", _short(incident)),
        ("", _short(model.get("last_check"))),
        ("", _short(model.get("next_check"))),
    )


def _plain_row(item: Document, keys: Iterable[str]) -> Row:
    return tuple(("", _short(item.get(key))) for key in keys)


def _short(value: Any) -> str:
    """A value for people: of an object, what names it; of a time, its minutes."""
    if isinstance(value, Mapping):
        value = next((value[key] for key in ("version", "id", "at", "time", "end") if key in value), None)
    if value is None or value == "":
        return "–"
    text = str(value)
    is_time = len(text) > 19 and text[4] == text[7] == "-" and text[10] == "T" and text[13] == ":"
    return f"{text[:10]} {text[11:19]}" if is_time else text


def _table(title: str, heads: Sequence[str], rows: Sequence[Row]) -> str:
    if not rows:
        return f"<h2>{_text(title)}</h2><p>none</p>"
    head = "".join(f'<th scope="col">{_text(name)}</th>' for name in heads)
    body = "".join(f"<tr>{''.join(_cell(kind, text) for kind, text in row)}</tr>" for row in rows)
    name = title.lower()
    return (
        f'<h2 id="{name}">{_text(title)}</h2><div class="scroll" role="region" tabindex="0" aria-labelledby="{name}">'
        f'<table aria-labelledby="{name}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _cell(kind: str, text: str) -> str:
    return f'<td class="{kind}">{_text(text)}</td>' if kind else f"<td>{_text(text)}</td>"


def _text(value: object) -> str:
    return escape("–" if value is None else str(value))
