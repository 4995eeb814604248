"""An alert as Slack blocks, within Slack's bounds, with nothing in it that Slack would act on.

Source: https://docs.slack.dev/reference/block-kit/blocks (bounds) and
https://docs.slack.dev/messaging/formatting-message-text#escaping (escaping)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from duetmind_adaptive.contracts import Alert
from duetmind_adaptive.policy.alerts import inert

#: Slack takes 50 blocks a message and 3,000 characters a section
SECTION_LIMIT: Final = 3_000
#: sections of text beside the title, a count of what is left out, and the last line
TEXT_SECTIONS: Final = 10

Block = dict[str, Any]


def blocks_of(alert: Alert) -> list[Block]:
    """The message: the title, the sentences in as few sections as hold them, and the ids in small print."""
    said = inert(alert)
    title = escape(f"{said.title} — {said.status}", SECTION_LIMIT - 2)
    texts = list(_packed([escape(line, SECTION_LIMIT) for line in said.lines if line]))
    sections = [_section("\n".join(lines)) for lines in texts[:TEXT_SECTIONS]]
    left_out = sum(map(len, texts[TEXT_SECTIONS:]))
    if left_out:
        sections.append(_section(f"+{left_out} more lines"))
    small = escape(f"incident {said.incident} · alert {said.id}", SECTION_LIMIT)
    return [_section(f"*{title}*"), *sections, {"type": "context", "elements": [_text(small)]}]


def escape(text: str, limit: int) -> str:
    """`text` for Slack in at most `limit` characters: mentions and links come out as they were written.

    >>> escape("<!channel> R&D", 80)
    '&lt;!channel&gt; R&amp;D'
    >>> escape("a<b", 5)
    'a…'
    """
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if len(escaped) <= limit:
        return escaped
    head, entity, rest = escaped[: limit - 1].rpartition("&")
    return (head if entity and ";" not in rest else escaped[: limit - 1]) + "…"


def _packed(lines: Sequence[str]) -> Iterator[list[str]]:
    """The lines in order, in groups that each fit a section."""
    group: list[str] = []
    for line in lines:
        if group and sum(map(len, group)) + len(group) + len(line) > SECTION_LIMIT:
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _section(text: str) -> Block:
    return {"type": "section", "text": _text(text)}


def _text(text: str) -> Block:
    """`verbatim` keeps Slack from making links and mentions of what looks like one."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}
