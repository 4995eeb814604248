"""The page of a run or a backtest: the metric with and without the loop, what was told and done, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from duetmind_adaptive.report.chart import Mark, Series, Span, line_chart

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #667; --paper: #fff; --line: #dde1e6;
  --loop: #0b6bcb; --static: #b0506a; --every: #6f6a1f; --good: #1a7f37; --warn: #b35900; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --soft: #9aa4b2; --paper: #14171c; --line: #2c323b;
  --loop: #5ab0ff; --static: #e58aa3; --every: #c9c26a; --good: #4cc26a; --warn: #f0a04b; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1000px;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } .lead { font-size: 1.1rem; } .soft { color: var(--soft); }
svg { width: 100%; height: auto; } .grid { stroke: var(--line); } .axis { fill: var(--soft); font-size: 12px; }
.line { fill: none; stroke-width: 2.5; } .line.loop { stroke: var(--loop); } .line.static { stroke: var(--static);
  stroke-dasharray: 6 4; } .line.every { stroke: var(--every); stroke-dasharray: 2 3; }
.dot.every { fill: var(--every); }
.dot.loop { fill: var(--loop); } .dot.static { fill: var(--static); }
.span { fill: var(--warn); opacity: .12; } .mark line { stroke-width: 1; stroke-dasharray: 2 3; }
.promoted line, .promoted circle { stroke: var(--good); fill: var(--good); }
.rolled_back line, .rolled_back circle { stroke: var(--warn); fill: var(--warn); }
.key { display: flex; flex-wrap: wrap; gap: 1.2rem; } .key i { display: inline-block; width: 1.6em; height: .3em;
  vertical-align: middle; margin-right: .4em; } table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }
td.n { text-align: right; font-variant-numeric: tabular-nums; } .drift { color: var(--warn); font-weight: 600; }
""".strip()

KEY = (
    '<p class="key"><span><i style="background:var(--loop)"></i>with the loop</span>'
    '<span><i style="background:var(--static)"></i>first model, never retrained</span>'
    '<span><i style="background:var(--every)"></i>retrained every window</span>'
    '<span><i style="background:var(--good)"></i>promotion</span>'
    '<span><i style="background:var(--warn)"></i>rollback</span>'
    '<span><i style="background:var(--warn);opacity:.4"></i>open incident</span></p>'
)


def loop_page(document: Mapping[str, Any], *, title: str, notes: Sequence[str] = ()) -> str:
    """The whole page for a document in the shape of `duetmind backtest --json`."""
    windows, summary = document["windows"], document["summary"]
    chart = line_chart(
        [
            Series("first model, never retrained", [w["metric_static"] for w in windows], "static"),
            *(
                [Series("retrained every window", [w["metric_every"] for w in windows], "every")]
                if "metric_every" in summary
                else []
            ),
            Series("with the loop", [w["metric"] for w in windows], "loop"),
        ],
        [_label(w) for w in windows],
        marks=_marks(windows),
        spans=_spans(windows),
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><body><h1>{escape(title)}</h1>"
        f'<p class="lead">{escape(headline(document))}</p>{chart}{KEY}'
        f"<p>{summary['alerts']} alerts, {summary['retrains']} retrains, {summary['promotions']} promotions, "
        f"{summary['rollbacks']} rollbacks over {len(windows)} windows.{_cost(summary, len(windows))}</p>"
        f"{_table(windows, document['metric'])}"
        + "".join(f'<p class="soft">{escape(note)}</p>' for note in notes)
        + "</body></html>"
    )


def headline(document: Mapping[str, Any]) -> str:
    """One sentence: what the loop was worth.

    >>> headline({"metric": "accuracy", "model": "m", "summary": {"metric": 0.8, "metric_static": 0.7}})
    'Mean accuracy of m: 0.800 with the loop, 0.700 without.'
    """
    summary = document["summary"]
    with_loop, without = (_number(summary[key]) for key in ("metric", "metric_static"))
    return f"Mean {document['metric']} of {document['model']}: {with_loop} with the loop, {without} without."


def _cost(summary: Mapping[str, Any], windows: int) -> str:
    """What it would have cost people and the machine, beside retraining every window."""
    said = ""
    if summary.get("alerts_per_week") is not None:
        said += f" {summary['alerts_per_week']:.2g} alerts a week."
    if summary.get("metric_every") is not None:
        said += f" Retrained every window: {summary['metric_every']:.3f} at {windows} retrains."
    if summary.get("seconds") is not None:
        said += f" The replay took {summary['seconds']:.1f} s."
    return said


def _label(window: Mapping[str, Any]) -> str:
    return str(window["start"] or window.get("first_row", ""))[:10]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _marks(windows: Sequence[Mapping[str, Any]]) -> list[Mark]:
    return [
        Mark(i, f"{_label(w)}: {action.replace('_', ' ')}, version {w['version']} until then", action)
        for i, w in enumerate(windows)
        for action in w["actions"]
        if action in {"promoted", "rolled_back"}
    ]


def _spans(windows: Sequence[Mapping[str, Any]]) -> list[Span]:
    """Runs of windows with an open incident."""
    spans: list[Span] = []
    for i, window in enumerate(windows):
        if not window.get("incident"):
            continue
        first = spans.pop().first if spans and spans[-1].last == i - 1 else i
        spans.append(Span(first, i, "open incident"))
    return spans


def _table(windows: Sequence[Mapping[str, Any]], metric: str) -> str:
    columns = ("window", "rows", "version", escape(metric), "never retrained", "drift", "told and done, and why")
    head = f"<tr>{''.join(f'<th>{column}' for column in columns)}</tr>"
    return f"<table>{head}{''.join(map(_row, windows))}</table>"


def _row(window: Mapping[str, Any]) -> str:
    drift = f'<span class="drift">{escape(", ".join(window["kinds"]))}</span>' if window["drift"] else ""
    return (
        f"<tr><td>{escape(_label(window))}<td class=n>{window['rows']}<td class=n>{window['version']}"
        f"<td class=n>{_number(window['metric'])}<td class=n>{_number(window['metric_static'])}<td>{drift}"
        f"<td>{_told(window)}</tr>"
    )


def _told(window: Mapping[str, Any]) -> str:
    """Each alert and act with its reason; of a document without them, the acts alone."""
    steps = window.get("story")
    if steps is None:
        return escape(", ".join(action.replace("_", " ") for action in window["actions"]))
    return "<br>".join(
        f"{escape(step['what'])}: {escape(step['reason'].replace('_', ' '))}"
        + (f' <span class="soft">{escape(step["message"])}</span>' if step["message"] else "")
        for step in steps
    )
