"""One sentence on a fall: by how much, since when, and which columns it goes with."""

from __future__ import annotations

from duetmind_adaptive.check_report import ChangePoint, CheckReport
from duetmind_adaptive.records import Performance

#: columns named, and the share that they must explain together for no more to be named
NAMED, ENOUGH = 3, 0.7


def explanation(report: CheckReport) -> str:
    """The sentence; empty where there is neither a date nor a column to tell."""
    fallen = next((each for each in (report.performance, *report.late[::-1]) if each and each.degraded), None)
    date, columns = _date(report.since), _columns(report)
    if fallen is None:
        subject = report.since.subject.removeprefix("column:") if report.since else ""
        return f"{subject} moved {date}." if date else ""
    if not date and not columns:
        return ""
    parts = [_fall(fallen) + (f" {date}" if date else "")]
    return "; ".join(parts + ([columns] if columns else [])) + "."


def _fall(fallen: Performance) -> str:
    reading, reference = fallen.reading, fallen.reference
    if reference is None:
        return f"{reading.name} fell"
    change = reading.value - reference.value
    return f"{reading.name} {'rose' if change > 0 else 'fell'} by {abs(change):.3g}"


def _date(since: ChangePoint | None) -> str:
    if since is None:
        return ""
    when = f"{since.at:%Y-%m-%d %H:%M}" if since.at else f"row {since.row:,}"
    exact = since.low_row == since.high_row
    return f"since {when}" + ("" if exact else f" (rows {since.low_row:,} to {since.high_row:,})")


def _columns(report: CheckReport) -> str:
    told, share = list[str](), 0.0
    for each in report.explained[:NAMED]:
        if share >= ENOUGH:
            break
        told.append(each.column)
        share += each.share
    return f"{share:.0%} of it goes with {' and '.join(told)}" if told else ""
