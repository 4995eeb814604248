"""The page of a one-off comparison: what moved, in words and pictures, the largest effect first.

One file without any address: style, script and drawings are in it, and the page's policy forbids everything else.
Names and values come from data; they are escaped wherever they stand and never reach the script.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from duetmind_adaptive.records import ColumnShape
from duetmind_adaptive.report.compare_style import SCRIPT, STYLE
from duetmind_adaptive.report.shapes import bins_chart, category_chart, gap_chart, safe

#: characters that are shown of a name, and of a finding that quotes values; the start tells them
NAME_LENGTH, MESSAGE_LENGTH = 200, 600
#: findings listed; the document has them all
FINDINGS = 100
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
GAP = "<figcaption>current minus reference, share of the rows up to here</figcaption>"
TESTS = {
    "ks": "Kolmogorov–Smirnov",
    "chi2": "chi-square",
    "fisher": "Fisher, rare categories",
    "psi": "stability index (PSI)",
    "wasserstein": "Wasserstein",
    "jensen_shannon": "Jensen–Shannon",
}


def compare_page(
    document: Mapping[str, Any], shapes: Mapping[str, ColumnShape], *, names: tuple[str, str] = ("reference", "current")
) -> str:
    """The whole page for a document in the shape of `duetmind compare --json`.

    Parameters
    ----------
    document
        Its columns are drawn in their order.
    shapes
        The distributions of those columns that have some to draw.
    names
        What the two sides are called.
    """
    title = f"{names[1]} compared with {names[0]}"
    cards = "".join(_card(name, column, shapes.get(name)) for name, column in document["columns"].items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{safe(title)}</title><style>{STYLE}</style></head><body>"
        f"{_head(document, names)}{_together(document)}{_detectors(document)}{_findings(document)}"
        f"{_tools()}<main>{cards}</main>"
        f"<script>{SCRIPT}</script></body></html>"
    )


def _head(document: Mapping[str, Any], names: tuple[str, str]) -> str:
    rows = document["rows"]
    return (
        f'<header><h1 class="{safe(document["severity"])}">{safe(document["headline"])}</h1><p class="facts soft">'
        f"<span>reference: <b>{safe(names[0])}</b>, {rows['reference']:,} rows</span>"
        f"<span>current: <b>{safe(names[1])}</b>, {rows['current']:,} rows</span>"
        f"<span>{document['seconds']:.1f} s</span></p>"
        '<p class="key soft"><span><i></i>reference</span><span><i class="after"></i>current</span>'
        '<span><i class="gap"></i>difference of the distribution functions</span></p></header>'
    )


def _together(document: Mapping[str, Any]) -> str:
    """What the columns say jointly, and what the classifier leans on as bars."""
    found: Mapping[str, Any] | None = document.get("together")
    if found is None:
        return ""
    leans: Mapping[str, float] = found["features"]
    bars = "".join(
        f'<li><meter min="0" max="1" value="{share:.3f}"></meter> {safe(_cut(name, NAME_LENGTH))}, {share:.0%}'
        for name, share in leans.items()
    )
    listed = f'<p class="soft">What tells the two apart:</p><ul>{bars}</ul>' if bars and found["drift"] else ""
    return (
        '<section class="findings" aria-label="Columns together"><h2>Columns together</h2>'
        f"<p>{safe(found['summary'])}</p>{listed}</section>"
    )


def _detectors(document: Mapping[str, Any]) -> str:
    """What plugged-in detectors say; of single columns it stands on the columns' cards."""
    found: Mapping[str, Mapping[str, Any]] = document.get("detectors") or {}
    if not found:
        return ""
    items = "".join(
        f"<li><b>{safe(name)}</b>: {safe(each['summary'])}{_test(each['tests'])}" for name, each in found.items()
    )
    return f'<section class="findings" aria-label="Detectors"><h2>Detectors</h2><ul>{items}</ul></section>'


def _test(tests: Mapping[str, Mapping[str, float | None]]) -> str:
    """The figures of the rows as a whole."""
    said = [
        f"statistic {_figure(test['statistic'])}"
        + (f", p {_probability(test['p_value'])}" if test.get("p_value") is not None else "")
        for test in tests.values()
    ]
    return f' <span class="soft">({"; ".join(said)})</span>' if said else ""


def _findings(document: Mapping[str, Any]) -> str:
    found: Sequence[Mapping[str, Any]] = document["findings"]
    items = [
        f"<li>{'<b>broken:</b> ' if finding['breaks'] else ''}{safe(_cut(finding['message'], MESSAGE_LENGTH))}"
        for finding in found[:FINDINGS]
    ]
    items += [f"<li>{len(found) - FINDINGS:,} more"] if len(found) > FINDINGS else []
    items += [f"<li>{safe(note)}" for note in document["notes"]]
    if not items:
        return ""
    return (
        f'<section class="findings" aria-label="Data quality"><h2>Data quality</h2><ul>{"".join(items)}</ul></section>'
    )


def _tools() -> str:
    return (
        '<div class="tools" role="search" hidden><label>Search <input id="search" type="search"></label>'
        '<label>Show <select id="show"><option value="">all<option value="drift">drift<option value="stable">stable'
        '<option value="untested">untested</select></label><label>Sort by <select id="order">'
        '<option value="effect">effect<option value="name">name</select></label>'
        '<span id="count" class="soft" aria-live="polite"></span></div>'
    )


def _card(name: str, column: Mapping[str, Any], shape: ColumnShape | None) -> str:
    short = safe(_cut(name, NAME_LENGTH))
    verdict = safe(column["verdict"])
    role = " · target" if column["role"] == "target" else ""
    return (
        f'<article class="{verdict}" data-find="{short.lower()} {column["kind"]}" aria-label="{short}, {verdict}"><div>'
        f'<h2>{short} <span class="badge">{verdict}</span></h2><p class="soft">{column["kind"]}{role}</p>'
        f'<p class="words">{safe(column["summary"])}</p>{_numbers(column)}</div>{_charts(shape)}</article>'
    )


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _numbers(column: Mapping[str, Any]) -> str:
    tests: Mapping[str, Mapping[str, float | None]] = column["tests"]
    rows = [("effect", f"{column['effect']:.3f}")] if tests else []
    adjusted = [test["p_adjusted"] for test in tests.values() if test.get("p_adjusted") is not None]
    rows += [("adjusted p", _probability(adjusted[0]))] if adjusted else []
    rows += [(TESTS.get(name, name), _figure(test["statistic"])) for name, test in tests.items()]
    quality = column["quality"]
    if quality["missing_reference"] or quality["missing_current"]:
        rows.append(("missing", f"{quality['missing_reference']:.1%} → {quality['missing_current']:.1%}"))
    items = "".join(f"<dt>{safe(name)}<dd>{safe(value)}" for name, value in rows)
    return f"<dl>{items}</dl>" if items else ""


def _probability(value: float | None) -> str:
    return "" if value is None else "< 1e-12" if value < 1e-12 else f"{value:.2g}"


def _figure(value: float | None) -> str:
    return "infinite" if value is None else f"{value:.4g}"


def _charts(shape: ColumnShape | None) -> str:
    if shape is None:
        return ""
    if not shape.edges:
        return f"<figure>{category_chart(shape)}</figure>"
    said = "each bar is one value" if shape.discrete else "cut at the reference's quantiles"
    caption = f"<figcaption>share of the rows; {said}</figcaption>"
    return f"<figure>{bins_chart(shape)}{caption}</figure><figure>{gap_chart(shape)}{GAP}</figure>"
