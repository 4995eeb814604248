"""A line chart as a Vega-Lite specification, which notebooks draw by themselves; as SVG where they do not.

Source: https://vega.github.io/vega-lite/docs (v5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duetmind_adaptive.report.chart import Series, line_chart

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
MIME = "application/vnd.vegalite.v5+json"


@dataclass(frozen=True, slots=True)
class LineChart:
    """Series over the same points.

    Parameters
    ----------
    title
        What is shown.
    labels
        The points, from left to right: moments in ISO 8601.
    series
        By name, a value for each point; None is a gap.

    Examples
    --------
    >>> chart = LineChart("Effects", ["2026-01-01T00:00:00Z"], {"age": [0.1]})
    >>> chart.spec["data"]["values"]
    [{'at': '2026-01-01T00:00:00Z', 'series': 'age', 'value': 0.1}]
    """

    title: str
    labels: Sequence[str]
    series: Mapping[str, Sequence[float | None]]

    @property
    def spec(self) -> dict[str, Any]:
        """The specification: plain values, as `json.dumps` and `altair.Chart.from_dict` take them."""
        rows = [
            {"at": at, "series": name, "value": value}
            for name, values in self.series.items()
            for at, value in zip(self.labels, values, strict=True)
        ]
        axes = {
            "x": {"field": "at", "type": "temporal", "title": None},
            "y": {"field": "value", "type": "quantitative", "scale": {"zero": False}},
            "color": {"field": "series", "type": "nominal"},
        }
        mark = {"type": "line", "point": True, "tooltip": True}
        return {"$schema": SCHEMA, "title": self.title, "data": {"values": rows}, "mark": mark, "encoding": axes}

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        lines = [Series(name, values, "line") for name, values in self.series.items()]
        style = "<style>.line{fill:none;stroke:currentColor}</style>"
        svg = line_chart(lines, list(self.labels))
        return {MIME: self.spec, "text/html": f"{style}{svg}", "text/plain": repr(self)}
