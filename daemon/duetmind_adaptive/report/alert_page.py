"""An alert as the HTML of a mail: its sentences, what moved as bars, and the metric over the last windows as a chart.

Made for mail programs: tables and inline styles, no style sheet, no script. All words are text, so they are sharp, can
be read out and are there when pictures are blocked; the pictures hold shapes only, and their alt texts say the same.
Names come from data; they are escaped wherever they stand.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from duetmind_adaptive.contracts import Alert, MeasuredWindow
from duetmind_adaptive.event_data import ColumnEffect, DriftData
from duetmind_adaptive.report.alert_pictures import BAR, CHART, Course, course_chart, effect_bar
from duetmind_adaptive.report.shapes import safe

#: what a picture's `src` is, given its name and the PNG
Source = Callable[[str, bytes], str]

#: bars that are drawn, and characters of a column's name beside one
BARS: Final = 5
NAME_LENGTH: Final = 40
#: turns of which the bars are told: what is over no longer moves
STANDING: Final = frozenset({"opened", "updated"})

_SMALL: Final = "color:#595959;font-size:0.85em"
_PAGE: Final = """\
<!doctype html>
<html lang="en"><body style="font-family: sans-serif; max-width: 40em">
{mails}</body></html>
"""
_MAIL: Final = """\
<h1 style="font-size: 1.2em">{title}</h1>
<p><strong>{status}</strong>, model {model}, severity {severity}</p>
{figures}<ul>
{lines}
</ul>
<p style="{small}">incident {incident}<br>alert {id}</p>
"""
#: the axes' words stand in the cells round the picture
_CHART: Final = """\
<table cellpadding="2" width="620" style="max-width:100%">
<tr><th></th><th colspan="2" align="left">{name} over the last {count} windows</th></tr>
<tr><td align="right" valign="top" style="{small}">{high}</td><td colspan="2" rowspan="2">{image}</td></tr>
<tr><td align="right" valign="bottom" style="{small}">{low}</td></tr>
<tr style="{small}"><td></td><td nowrap>{first}</td><td nowrap align="right">{last}</td></tr>
<tr style="{small}"><td></td><td colspan="2">{legend}</td></tr>
</table>
"""


def alert_page(alert: Alert, source: Source | None = None) -> str:
    """The HTML of an alert whose texts are printable (`policy.alerts.inert`).

    Parameters
    ----------
    alert
        What to say.
    source
        Where a picture will be found: `cid:…` in a mail, `data:…` in a page of its own; None draws none.
    """
    return _PAGE.format(mails=_mail(alert, source))


def preview_page(alerts: Sequence[Alert]) -> str:
    """Several mails one under the other, as a page that needs nothing beside it."""

    def inside(_name: str, png: bytes) -> str:
        return f"data:image/png;base64,{b64encode(png).decode()}"

    return _PAGE.format(mails="<hr>\n".join(_mail(alert, inside) for alert in alerts))


def _mail(alert: Alert, source: Source | None) -> str:
    return _MAIL.format(
        title=safe(alert.title),
        status=safe(alert.status),
        model=safe(alert.model),
        severity=safe(alert.severity),
        figures=_figures(alert, source) if source else "",
        lines="\n".join(f"<li>{safe(line)}</li>" for line in alert.lines),
        small=_SMALL,
        incident=safe(alert.incident),
        id=safe(alert.id),
    )


def _figures(alert: Alert, source: Source) -> str:
    data = alert.event.data
    if not isinstance(data, DriftData):
        return ""
    bars = _bars(data.top[:BARS], source) if alert.status in STANDING else ""
    return bars + _trend(data, alert.trend, source)


def _bars(columns: Sequence[ColumnEffect], source: Source) -> str:
    rows = "\n".join(_bar(place, column, source) for place, column in enumerate(columns))
    head = '<tr><th colspan="3" align="left">What moved most, from 0 to 1</th></tr>'
    return f'<table cellpadding="2">\n{head}\n{rows}\n</table>\n' if columns else ""


def _bar(place: int, column: ColumnEffect, source: Source) -> str:
    name = column.column if len(column.column) <= NAME_LENGTH else column.column[: NAME_LENGTH - 1] + "…"
    src = source(f"effect-{place}", effect_bar(column.effect))
    size, alt = f'width="{BAR[0] // 2}" height="{BAR[1] // 2}"', f"effect {column.effect:.2f} of 1"
    image = f'<img src="{safe(src)}" {size} alt="{alt}">'
    return f"<tr><td>{safe(name)}</td><td>{image}</td><td>{column.effect:.2f}</td></tr>"


def _trend(data: DriftData, windows: Sequence[MeasuredWindow], source: Source) -> str:
    """The chart with its caption and axes; nothing where fewer than two windows were measured."""
    known = [window.metric for window in windows if window.metric is not None]
    if len(known) < 2:
        return ""
    course = _course(data, windows)
    low, high = course.bounds
    name = safe(data.metric_name or "metric")
    src = source("trend", course_chart(course))
    alt = (
        f"{name}, oldest window first: from {known[0]:.4g} to {known[-1]:.4g}, lowest {min(known):.4g}, "
        f"highest {max(known):.4g}"
    )
    size = f'width="{CHART[0]}" height="{CHART[1]}" style="max-width:100%;height:auto"'
    image = f'<img src="{safe(src)}" {size} alt="{alt}">'
    return _CHART.format(
        name=name,
        count=len(windows),
        image=image,
        high=f"{high:.4g}",
        low=f"{low:.4g}",
        first=_moment(windows[0]),
        last=_moment(windows[-1]),
        legend=_legend(data, course, windows),
        small=_SMALL,
    )


def _course(data: DriftData, windows: Sequence[MeasuredWindow]) -> Course:
    since = data.insights.since
    onset = (place for place, window in enumerate(windows) if since and window.first_row <= since.row < window.last_row)
    return Course(
        values=[window.metric for window in windows],
        reference=data.metric_reference,
        onset=next(onset, None),
        # the policy judges a check a moment after it; where the opening lies further back, all is the incident
        opened=max((place for place, window in enumerate(windows) if window.checked <= data.opened), default=0),
    )


def _legend(data: DriftData, course: Course, windows: Sequence[MeasuredWindow]) -> str:
    parts = [_key("#1565c0", "measured")]
    if course.reference is not None:
        parts.append(_key("#757575", f"dashed: the reference, {course.reference:.4g}"))
    if course.onset is not None:
        parts.append(_key("#c62828", f"different since {_moment(windows[course.onset])}"))
    if course.opened is not None:
        parts.append(_key("#fff3d6", f"incident, opened {_when(data.opened)}"))
    return " &nbsp; ".join(parts)


def _key(colour: str, text: str) -> str:
    swatch = f'<span style="background:{colour}" aria-hidden="true">&nbsp;&nbsp;&nbsp;</span>'
    return f'<span style="white-space:nowrap">{swatch}&nbsp;{text}</span>'


def _moment(window: MeasuredWindow) -> str:
    """When a window began, or where."""
    return _when(window.start) if window.start else f"row {window.first_row:,}"


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
