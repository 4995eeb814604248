"""An event as the body of a webhook: its CloudEvents envelope as JSON, cut to size where one would be too long."""

from __future__ import annotations

from typing import Final

from duetmind_adaptive.event_data import DriftData
from duetmind_adaptive.events import Event

#: bytes of a body (20 kB)
LIMIT: Final = 20_000

#: characters that a name or message keeps once a body has to be cut
_TEXT_LIMIT: Final = 200


def envelope(event: Event, limit: int = LIMIT) -> bytes:
    """The JSON of `event` in at most `limit` bytes.

    An incident that would be longer loses the ends of very long names and messages first, then columns and
    findings from the end of their lists; `drifted` and `more_findings` still count all of them. Other events
    are small by their nature and go as they are.
    """
    body = event.model_dump_json().encode()
    data = event.data
    if len(body) <= limit or not isinstance(data, DriftData):
        return body
    data = _with_short_texts(data)
    while len(body := _body(event, data)) > limit and (data.top or data.findings):
        data = _halved(data)
    return body


def _body(event: Event, data: DriftData) -> bytes:
    return event.model_copy(update={"data": data}).model_dump_json().encode()


def _with_short_texts(data: DriftData) -> DriftData:
    top = tuple(
        each.model_copy(update={"column": _short(each.column), "words": _short(each.words)}) for each in data.top
    )
    findings = tuple(
        each.model_copy(update={"message": _short(each.message), "column": each.column and _short(each.column)})
        for each in data.findings
    )
    return data.model_copy(update={"top": top, "findings": findings})


def _halved(data: DriftData) -> DriftData:
    """Half of the longer list goes, the least important end of it."""
    if len(data.top) >= len(data.findings):
        return data.model_copy(update={"top": data.top[: len(data.top) // 2]})
    kept = data.findings[: len(data.findings) // 2]
    more = data.more_findings + len(data.findings) - len(kept)
    return data.model_copy(update={"findings": kept, "more_findings": more})


def _short(text: str) -> str:
    return text if len(text) <= _TEXT_LIMIT else text[: _TEXT_LIMIT - 1] + "…"
