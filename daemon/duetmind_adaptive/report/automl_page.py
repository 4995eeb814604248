"""The page of a search: what was found, how the search went, and how the model does on rows that it did not learn from.

One file without any address: style and drawings are in it, and the page's policy forbids everything else. Names come
from data; they are escaped wherever they stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from duetmind_adaptive.report.compare_style import STYLE
from duetmind_adaptive.report.shapes import safe
from duetmind_adaptive.report.xy import xy_chart

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
#: rows of tables
ROWS = 25
#: characters shown of a name
NAME_LENGTH = 60
LINES = """
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1rem; margin: 1rem 0; }
.plots figure, section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .7rem
1rem;
  margin: 0 0 1rem; overflow-x: auto; } table { border-collapse: collapse; font-size: .88rem; }
th, td { text-align: left; padding: .15rem .8rem .15rem 0; font-variant-numeric: tabular-nums; } th { color:
var(--soft); } path[class^=l] { fill: none; stroke-width: 1.8; } path[class^=d] { stroke-width: 4; stroke-linecap:
round; opacity: .55; } .l0, .d0 { stroke: #0b6bcb; } .l1, .d1 { stroke: #d9730d; } .l2, .d2 { stroke: #1a7f37; } .l3,
.d3 { stroke: #9a3fbf; } .l4, .d4 { stroke: #b3261e; } .l5, .d5 { stroke: #59636e; } .dash { stroke: var(--soft);
stroke-dasharray: 4 4; fill: none; } .sw { display: inline-block; width: 1.2em; height: 3px; vertical-align: middle;
margin-right: .3em; } td.hit { font-weight: 600; } meter { width: 9rem; }
""".strip()
COLOURS = ("#0b6bcb", "#d9730d", "#1a7f37", "#9a3fbf", "#b3261e", "#59636e")


def automl_page(document: Mapping[str, Any], curves: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> str:
    """The whole page.

    Parameters
    ----------
    document
        As `duetmind automl --json` prints it.
    curves
        As `training.automl.curves` gives them; empty where no trial has finished.
    history
        Every trial in its order: number, algorithm, state, score, seconds since the start, reason.
    """
    title = f"AutoML: {document['metric']} of {document['target']}"
    trials = _history(history, document["metric"], higher=document["higher_is_better"])
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><title>{safe(title)}</title>'
        f"<style>{STYLE}{LINES}</style></head><body>{_head(document)}<main>"
        f'<div class="plots">{trials}{_curves(curves)}</div>'
        f"{_blend(document)}{_importance(document)}{_front(document)}{_leaderboard(document)}{_failed(history)}"
        "</main></body></html>"
    )


def _head(document: Mapping[str, Any]) -> str:
    blend = document["ensemble"]
    facts = [
        f"<b>{document['trials']:,}</b> trials in <b>{document['seconds']:.1f} s</b>",
        f"best single model: <b>{safe(document['best_algorithm'])}</b>, {_number(document['best_score'])}",
        f"<b>{blend['predict_ms_per_1k']:.1f} ms</b> for 1,000 rows",
        f"chance: {_number(document['chance_score'])}",
    ]
    notes = "".join(f"<li>{safe(note)}" for note in document["notes"])
    return (
        f"<header><h1>{safe(document['metric'])} {_number(blend['score'])} for {safe(document['target'])}</h1>"
        f'<p class="facts soft">{"".join(f"<span>{fact}</span>" for fact in facts)}</p>'
        f"{f'<ul>{notes}</ul>' if notes else ''}</header>"
    )


def _history(history: Sequence[Mapping[str, Any]], metric: str, *, higher: bool) -> str:
    done = [trial for trial in history if trial["score"] is not None]
    if not done:
        return ""
    numbers, scores = [float(trial["number"]) for trial in done], [float(trial["score"]) for trial in done]
    best = list(accumulate(scores, max if higher else min))
    svg = xy_chart({"trials": (numbers, scores)}, x="trial", y=metric, dots=True)
    line = xy_chart({"best so far": (numbers, best)}, x="trial", y=f"best {metric} so far")
    return _figure(svg, "Every trial, on rows it did not learn from") + _figure(line, "Optimisation history")


def _curves(curves: Mapping[str, Any]) -> str:
    parts = list[str]()
    if "roc" in curves:
        roc = xy_chart(curves["roc"], x="false positive rate", y="true positive rate", diagonal=True, unit=True)
        precision = xy_chart(curves["precision_recall"], x="recall", y="precision", unit=True)
        honest = xy_chart(curves["calibration"], x="mean probability", y="share of positives", diagonal=True, unit=True)
        parts += [_figure(roc, "ROC" + _legend(curves["roc"])), _figure(precision, "Precision and recall")]
        parts += [_figure(honest, "Calibration: on the dashed line probabilities are what happens")]
        parts += [
            f"<figure>{_confusion(curves['confusion'])}<figcaption>Rows of each class (down) by what they were called"
        ]
        parts += ["</figcaption></figure>"]
    if "residuals" in curves:
        svg = xy_chart({"rows": curves["residuals"]}, x="predicted", y="true minus predicted", dots=True)
        parts.append(_figure(svg, "Residuals"))
    return "".join(parts)


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{caption}</figcaption></figure>"


def _legend(lines: Mapping[str, Any]) -> str:
    if len(lines) < 2:
        return ""
    marks = zip(COLOURS, lines, strict=False)
    return "".join(f' <i class="sw" style="background:{colour}"></i>{_name(name)}' for colour, name in marks)


def _confusion(found: Mapping[str, Any]) -> str:
    names = found["classes"][:ROWS]
    head = "".join(f"<th>{_name(name)}" for name in names)
    rows = "".join(
        f"<tr><th>{_name(name)}"
        + "".join(
            f'<td class="{"hit" if at == place else ""}">{count:,}'
            for place, count in enumerate(found["counts"][at][:ROWS])
        )
        for at, name in enumerate(names)
    )
    return f"<table><tr><th>{head}{rows}</table>"


def _blend(document: Mapping[str, Any]) -> str:
    members = document["ensemble"]["members"]
    rows = "".join(
        f'<tr><td>{_name(member["algorithm"])}<td><meter min="0" max="1" value="{member["weight"]:.3f}"></meter>'
        f"<td>{member['weight']:.0%}<td>trial {member['trial']}"
        for member in sorted(members, key=lambda member: -member["weight"])
    )
    return f"<section><h2>What answers together</h2><table>{rows}</table></section>" if rows else ""


def _importance(document: Mapping[str, Any]) -> str:
    parts = list[str]()
    for algorithm, shares in document["param_importance_by_algorithm"].items():
        rows = "".join(
            f'<tr><td>{_name(name)}<td><meter min="0" max="1" value="{share:.3f}"></meter><td>{share:.0%}'
            for name, share in shares.items()
        )
        parts.append(f"<h3>{_name(algorithm)}</h3><table>{rows}</table>")
    return f"<section><h2>Which parameters mattered</h2>{''.join(parts)}</section>" if parts else ""


def _front(document: Mapping[str, Any]) -> str:
    points = document["pareto_front"]
    if not points:
        return ""
    names = [name for name in points[0] if name != "members"]
    head = "".join(f"<th>{_name(name)}" for name in names)
    rows = "".join(
        f"<tr>{''.join(f'<td>{_number(point[name])}' for name in names)}"
        f"<td>{'chosen' if point == document['chosen_point'] else ''}"
        for point in points[:ROWS]
    )
    return f"<section><h2>Pareto front</h2><table><tr>{head}<th>{rows}</table></section>"


def _leaderboard(document: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{entry['trial']}<td>{_name(entry['algorithm'])}<td>{_number(entry['score'])}<td>{entry['fit_seconds']:.2f}"
        f'<td class="soft">{safe(", ".join(f"{name}={_value(value)}" for name, value in entry["params"].items()))}'
        for entry in document["leaderboard"][:ROWS]
    )
    head = "<tr><th>trial<th>algorithm<th>score<th>seconds a fold<th>parameters"
    return f"<section><h2>Leaderboard</h2><table>{head}{rows}</table></section>" if rows else ""


def _failed(history: Sequence[Mapping[str, Any]]) -> str:
    items = [
        f"<li>trial {trial['number']}, {_name(trial['algorithm'])}: {safe(trial['reason'][:300])}"
        for trial in history
        if trial["state"] == "failed"
    ]
    return f"<section><h2>Trials that failed</h2><ul>{''.join(items[:ROWS])}</ul></section>" if items else ""


def _name(name: str) -> str:
    return safe(name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1] + "…")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _value(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
