"""One check as a notebook shows it: the verdict, the metrics, and a row for each column with its effects so far."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from duetmind_adaptive.policy.texts import printable
from duetmind_adaptive.report.sparkline import bar, sparkline

if TYPE_CHECKING:
    from duetmind_adaptive.service.monitor.results import DriftResults

#: rows of the table, and characters of a name or a sentence
MOST_COLUMNS, LONGEST = 50, 200
DRIFTED, CALM = "#c2410c", "#64748b"


def results_html(results: DriftResults) -> str:
    """A fragment of HTML without scripts; names from the data cannot act in it."""
    columns: dict[str, Any] = results.get("columns", {})
    order = sorted(columns, key=lambda name: (not columns[name]["drift"], -columns[name]["effect"]))
    rows = "".join(_row(name, columns[name], results) for name in order[:MOST_COLUMNS])
    more = f"<p>+{len(order) - MOST_COLUMNS} more columns</p>" if len(order) > MOST_COLUMNS else ""
    head = "".join(f"<th>{each}</th>" for each in ("column", "kind", "effect", "so far", "what moved"))
    return f"<div>{_verdict(results)}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{more}</div>"


def _verdict(results: DriftResults) -> str:
    kinds = " and ".join(results.get("kinds", ()))
    said = f"{kinds} drift, severity {results.get('severity')}" if results.get("drift") else "no drift"
    metrics = "; ".join(f"{name} {_metric(each)}" for name, each in results.get("metrics", {}).items())
    actions = ", ".join(map(str, results.get("recommended_actions", ()))) or "none"
    found = "".join(f"<li>{_text(each['message'])}</li>" for each in results.get("findings", ()))
    listed = f"<ul>{found}</ul>" if found else ""
    return f"<p><b>{_text(said)}</b>. {_text(metrics)}<br>recommended: {_text(actions)}</p>{listed}"


def _metric(each: dict[str, Any]) -> str:
    beside = f" (baseline {each['baseline']:.4g})" if each["baseline"] is not None else ""
    return f"{each['current']:.4g}{beside}{' fell' if each['degraded'] else ''}"


def _row(name: str, column: dict[str, Any], results: DriftResults) -> str:
    cells = (
        _text(name),
        column["kind"],
        bar(column["effect"], DRIFTED if column["drift"] else CALM) + f" {column['effect']:.2f}",
        sparkline(results.trail.get(name, ()), label="effect over the checks so far"),
        _text(column["summary"]),
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _text(text: str) -> str:
    return escape(printable(text, LONGEST))
