"""What a person sees of the demo while it runs: the newest windows, both metrics, what was found and done."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

#: windows on screen
ROWS = 12

BARS = "▁▂▃▄▅▆▇█"


class Show(Protocol):
    """Told what happens, as it happens."""

    def begin(self, url: str, total: int) -> None:
        """The daemon serves at `url`; `total` windows will come."""
        ...

    def phase(self, text: str) -> None:
        """A new part of the story begins."""
        ...

    def window(self, row: dict[str, Any]) -> None:
        """A window was checked."""
        ...

    def note(self, text: str) -> None:
        """Something worth a line of its own."""
        ...


class Quiet:
    """Says nothing: for `--json`, and wherever there is no terminal."""

    def __enter__(self) -> Quiet:
        """Nothing."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing."""

    def begin(self, url: str, total: int) -> None:
        """Nothing."""

    def phase(self, text: str) -> None:
        """Nothing."""

    def window(self, row: dict[str, Any]) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""


@dataclass
class LiveShow:
    """A live view in the terminal; a context manager."""

    _url: str = ""
    _total: int = 0
    _phase: str = "starting the daemon"
    _rows: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=ROWS))
    _metrics: list[float] = field(default_factory=list[float])
    _static: list[float] = field(default_factory=list[float])
    _notes: deque[str] = field(default_factory=lambda: deque(maxlen=4))

    def __enter__(self) -> LiveShow:
        """Take over the terminal's last lines."""
        from rich.live import Live

        self._live = Live(get_renderable=self._render, refresh_per_second=8)
        self._live.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Leave the last view standing."""
        self._live.stop()

    def begin(self, url: str, total: int) -> None:
        """Say where the status page is."""
        self._url, self._total = url, total

    def phase(self, text: str) -> None:
        """Show what is going on."""
        self._phase = text

    def window(self, row: dict[str, Any]) -> None:
        """Add a line, and a point to the curves."""
        self._rows.append(row)
        self._metrics.append(row["metric"])
        self._static.append(row["static"])

    def note(self, text: str) -> None:
        """Add to what was told and done."""
        self._notes.append(text)

    def _render(self) -> Any:
        from rich.console import Group
        from rich.padding import Padding
        from rich.panel import Panel
        from rich.progress_bar import ProgressBar
        from rich.text import Text

        done = len(self._metrics)
        curves = Text.assemble(
            ("with the loop     ", "bold"), (sparkline(self._metrics), "cyan"), f"  {mean(self._metrics)}\n",
            ("never retrained   ", "bold"), (sparkline(self._static), "magenta"), f"  {mean(self._static)}",
        )  # fmt: skip
        return Panel(
            Group(
                Text(self._phase, style="bold green"),
                Padding(ProgressBar(total=self._total, completed=done), 0),  # a bar of its own ends without a new line
                curves,
                self._table(),
                *(Text(f"• {note}") for note in self._notes),
                Text(f"status page: {self._url}", style="dim"),
            ),
            title="DuetMind Adaptive: bank marketing, November 2008 to November 2010",
        )

    def _table(self) -> Any:
        from rich.table import Table

        table = Table("window", "accuracy", "never retrained", "drift", "action", box=None, expand=True)
        for row in self._rows:
            drift = f"[yellow]{', '.join(row['kinds'])}[/]" if row["drift"] else "[green]calm[/]"
            table.add_row(row["start"], f"{row['metric']:.3f}", f"{row['static']:.3f}", drift, row["action"])
        return table


def sparkline(values: Sequence[float], width: int = 40) -> str:
    """The last values as bars between 0.3 and 1.

    >>> sparkline([0.3, 1.0])
    '▁█'
    """
    low, high = 0.3, 1.0
    levels = [min(max((v - low) / (high - low), 0), 1) for v in values[-width:]]
    return "".join(BARS[min(int(level * len(BARS)), len(BARS) - 1)] for level in levels)


def mean(values: Sequence[float]) -> str:
    """The mean so far.

    >>> mean([0.5, 1.0])
    '0.750'
    """
    return f"{sum(values) / len(values):.3f}" if values else ""
