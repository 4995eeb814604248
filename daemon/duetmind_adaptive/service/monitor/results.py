"""What a monitor answers: one check as a mapping, its alerts, what an action came to, and the checks so far."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.service.monitor.configuration import DriftSeverity
from duetmind_adaptive.settings.problems import found

if TYPE_CHECKING:
    import pandas as pd

    from duetmind_adaptive.report.vega import LineChart

Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DriftAlert:
    """One message to people, as its channels told it.

    Parameters
    ----------
    id
        Of the event that it tells of; a repeat has the same.
    model, incident
        What it is about.
    status
        opened, updated, resolved, review or rolled_back.
    severity
        How bad it is.
    title, lines
        What people read, most important first.
    at
        When it was decided on, UTC.
    kinds
        data, model, concept.
    delivered
        By channel what became of it so far: delivered, suppressed, failed or waiting, with the reason.

    Examples
    --------
    >>> from datetime import UTC
    >>> DriftAlert(id="a", model="m", incident="i", status="opened", severity=DriftSeverity.LOW, title="Drift in m",
    ...            lines=("A column moved.",), at=datetime(2026, 1, 1, tzinfo=UTC)).message
    'A column moved.'
    """

    id: str
    model: str
    incident: str
    status: str
    severity: DriftSeverity
    title: str
    lines: tuple[str, ...]
    at: datetime
    kinds: tuple[str, ...] = ()
    delivered: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def message(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)


@dataclass(frozen=True, kw_only=True)
class ActionOutcome:
    """What `execute_response_action` came to.

    Parameters
    ----------
    action
        Its name.
    status
        done; refused (the `detail` says why, and what to mend); or failed, which may be tried again.
    detail
        One sentence for people.
    request
        The id that tells a repeat: the same request has one effect.

    Examples
    --------
    >>> ActionOutcome(action="rollback", status="done", detail="version 1 serves").status
    'done'
    """

    action: str
    status: Literal["done", "refused", "failed"]
    detail: str = ""
    request: str = ""


class DriftResults(Mapping[str, Any]):
    """One check, as a mapping; in a notebook, as a table.

    Keys: `model`, `at`, `window`, `version`, `drift` (also as `drift_detected`), `severity`, `kinds`, `columns`
    (by name: kind, drift, effect in [0, 1], summary, tests, quality), `schema`, `findings`, `metrics` (by name:
    current, baseline, degraded), `metric`, `recommended_actions`, `alerts`, `notes`, `seconds`.

    Parameters
    ----------
    document
        The keys and their values.
    trail
        By column, its effects of the newest checks, oldest first, this one included.

    Examples
    --------
    >>> results = DriftResults({"drift": False, "recommended_actions": []})
    >>> results.get("recommended_actions", []), results["drift"]
    ([], False)
    """

    def __init__(self, document: Document, trail: Mapping[str, Sequence[float]] | None = None) -> None:
        self._document = document
        self.trail: Mapping[str, Sequence[float]] = trail or {}

    def __getitem__(self, key: str) -> Any:
        return self._document[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._document)

    def __len__(self) -> int:
        return len(self._document)

    def __repr__(self) -> str:
        moved = [name for name, column in self.get("columns", {}).items() if column["drift"]]
        said = f"severity={self.get('severity')!r}, kinds={self.get('kinds')!r}, moved={moved!r}"
        return f"DriftResults(drift={self.get('drift')!r}, {said}, recommended={self.get('recommended_actions')!r})"

    def to_dict(self) -> Document:
        """A plain dictionary of the same keys."""
        return dict(self._document)

    def to_frame(self) -> pd.DataFrame:
        """A row for each column: kind, drift, effect, summary."""
        import pandas as pd  # noqa: PLC0415 - loads only for who wants a frame

        names = ("kind", "drift", "effect", "summary")
        columns = {name: [column[key] for key in names] for name, column in self.get("columns", {}).items()}
        return pd.DataFrame.from_dict(columns, orient="index", columns=list(names)).rename_axis("column")

    def _repr_html_(self) -> str:
        from duetmind_adaptive.service.monitor.show import results_html  # noqa: PLC0415 - for notebooks only

        return results_html(self)


class DriftHistory(Sequence[Document]):
    """The checks so far, oldest first; each has the keys of `DriftResults` that outlive a check.

    Examples
    --------
    >>> history = DriftHistory([])
    >>> len(history), history.to_frame().empty
    (0, True)
    """

    def __init__(self, checks: Sequence[Document]) -> None:
        self._checks = tuple(checks)

    def __getitem__(self, index: Any) -> Any:
        return self._checks[index]

    def __len__(self) -> int:
        return len(self._checks)

    def __repr__(self) -> str:
        return f"DriftHistory({len(self)} checks, {sum(check['drift'] for check in self._checks)} with drift)"

    def to_frame(self) -> pd.DataFrame:
        """A row for each check: at, rows, version, drift, severity, kinds, drifted columns, and each metric."""
        import pandas as pd  # noqa: PLC0415 - loads only for who wants a frame

        return pd.DataFrame([_flat(check) for check in self._checks])

    def effects(self) -> pd.DataFrame:
        """The effect of each column, a row for each check."""
        import pandas as pd  # noqa: PLC0415 - loads only for who wants a frame

        rows = [{name: each["effect"] for name, each in check["columns"].items()} for check in self._checks]
        return pd.DataFrame(rows, index=pd.Index([check["at"] for check in self._checks], name="at"))

    def plot(self, what: str = "effects") -> LineChart:
        """A chart of the checks so far: a Vega-Lite object (`.spec`) that notebooks draw.

        Parameters
        ----------
        what
            effects (how far each column is from the reference) or metrics.

        Raises
        ------
        ConfigError
            There is no such chart.
        """
        from duetmind_adaptive.report.vega import LineChart  # noqa: PLC0415 - for notebooks only

        key = {"effects": ("columns", "effect"), "metrics": ("metrics", "current")}.get(what)
        if key is None:
            raise ConfigError(f"plot: {found(what, ['effects', 'metrics'], near=['effects', 'metrics'])}")
        held, value = key
        names = dict.fromkeys(name for check in self._checks for name in check[held])
        series = {name: [check[held].get(name, {}).get(value) for check in self._checks] for name in names}
        return LineChart(what, [check["at"].isoformat() for check in self._checks], series)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def _flat(check: Document) -> Document:
    metrics = {name: each["current"] for name, each in check["metrics"].items()}
    drifted = [name for name, column in check["columns"].items() if column["drift"]]
    names = ("at", "version", "drift", "severity")
    rows = check["window"]["rows"]
    return {
        **{name: check[name] for name in names}, "rows": rows, "kinds": ", ".join(check["kinds"]),
        "drifted": ", ".join(drifted), **metrics,
    }  # fmt: skip


def check_of(model: str, at: datetime, report: str) -> Document:
    """A check as it is kept in the store, in the shape of `duetmind check --json`.

    Parameters
    ----------
    model, at
        Whose check, and when it was made.
    report
        The whole report as JSON.
    """
    held: Document = json.loads(report)
    window = held["window"]
    return {
        "model": model,
        "at": at,
        "window": {
            **window,
            "rows": window["last_row"] - window["first_row"],
            **{key: datetime.fromisoformat(window[key]) if window[key] else None for key in ("start", "end")},
        },
        "version": held["version"],
        "drift": held["drift"],
        "drift_detected": held["drift"],
        "severity": DriftSeverity(held["severity"]),
        "kinds": held["kinds"],
        "columns": {column["name"]: _column(column) for column in held["columns"]},
        "schema": {key: held[key] for key in ("missing_columns", "new_columns", "type_changes")},
        "findings": held["findings"],
        "metrics": _metrics(held),
        "metric": held["performance"]["reading"]["value"] if held["performance"] else None,
        "seconds": held["seconds"],
    }


def _column(held: Document) -> Document:
    quality = ("missing_reference", "missing_current", "unseen_categories")
    return {
        "kind": held["kind"],
        "drift": held["drift"],
        "effect": held["effect"] or 0.0,
        "summary": held.get("words") or held["untested"] or "",
        "tests": held["tests"],
        "quality": {key: held[key] for key in quality},
        "untested": held["untested"],
    }


def _metrics(held: Document) -> dict[str, Document]:
    """Every stated metric, and the one that was measured on labels."""
    told = [*held.get("stated", []), *([held["performance"]] if held["performance"] else [])]
    return {
        each["reading"]["name"]: {
            "current": each["reading"]["value"],
            "baseline": each["reference"]["value"] if each["reference"] else None,
            "degraded": each["degraded"],
        }
        for each in told  # the last one of a name counts: it knows of the windows before, too
    }
