"""Looks at each of the daemon's own series whether its newest value is out of line for its hour and day.

series → on its scale → less its seasons → how rarely one misses its level by so much (`stats.outlying`)

All series together work at one level: six kinds share it evenly, and a kind's columns share theirs (Bonferroni), so
that false ones are as rare as promised however the series depend on each other.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.check_report import Anomaly
from duetmind_adaptive.drift.calm.null import SLOTS
from duetmind_adaptive.drift.forecast.crossing import has_times
from duetmind_adaptive.drift.forecast.seasons import Seasonal, deseasoned
from duetmind_adaptive.drift.series import History, Series, without_holes
from duetmind_adaptive.drift.unusual.kinds_of_series import KINDS, Name
from duetmind_adaptive.drift.unusual.words import told
from duetmind_adaptive.stats.outlying import FEWEST, outlying

Floats = NDArray[np.float64]

#: usual distances, over the whole history, from which on the newest value of a column's series is looked at closely
CLOSER = 3.0
#: usual distances that a told range reaches to each side
REACH = 2.0
#: kinds that have a series for each column
COLUMN_KINDS: tuple[Name, ...] = ("missing", "effect")
#: anomalies told of the columns' series, at most
NAMED = 5


def unusual(history: History, *, checks: float, leave_out: frozenset[str]) -> tuple[Anomaly, ...]:
    """The series whose newest value is out of line, the most unlikely kind first.

    Parameters
    ----------
    history
        The newest window included.
    checks
        Between two false anomalies of any of the series lie so many checks, on average at least.
    leave_out
        Subjects of which something worse is told already: `metric`, `effect:NAME`.

    Examples
    --------
    >>> from duetmind_adaptive.check_report import CheckReport
    >>> from duetmind_adaptive.drift.series import append
    >>> from duetmind_adaptive.records import Window
    >>> history, row, generator = History(), 0, np.random.default_rng(1)
    >>> for rows in [*generator.poisson(1_000, 150), 214]:
    ...     window = Window(first_row=row, last_row=row + int(rows))
    ...     history = append(history, CheckReport(window=window, version=1, drift=False, severity="none", kinds=()))
    ...     row += int(rows)
    >>> [each.reason for each in unusual(history, checks=28_800, leave_out=frozenset())]
    ['this window has 214 rows; windows before had 927 to 1,059']
    """
    level = 1 / (checks * len(KINDS))
    whole: dict[Name, Series] = {
        "rows": history.volume_series(),
        "metric": history.metric_series(),
        "answers": history.answers_series(),
        "seconds": history.seconds_series(),
    }
    newest = int(history.first_rows[-1])
    found = [_looked(name, name, series, level, newest) for name, series in whole.items() if name not in leave_out]
    for name in COLUMN_KINDS:
        subjects = [each for each in _far_off(history, name) if each not in leave_out]
        found += [_of_column(history, subject, name, level, newest) for subject in subjects]
    return tuple(each for each in found if each is not None)


def _of_column(history: History, subject: str, name: Name, level: float, newest: int) -> Anomaly | None:
    column = subject.partition(":")[2]
    series = history.missing_series(column) if name == "missing" else history.column_series(column)
    return _looked(subject, name, series, level / len(history.columns), newest)


def _far_off(history: History, name: Name) -> list[str]:
    """The columns whose newest value a quick look finds far off, the farthest first."""
    columns, values = history.all_missing() if name == "missing" else history.all_effects()
    if values.shape[1] <= FEWEST or not columns:
        return []
    before = without_holes(values[:, :-1])
    middle: Floats = np.median(before, axis=1, keepdims=True)
    usual: Floats = np.median(np.abs(before - middle), axis=1)
    off = np.nan_to_num((values[:, -1] - middle[:, 0]) / np.maximum(usual, KINDS[name].least), nan=0.0)
    order = np.argsort(-off, kind="stable")[:NAMED]
    return [f"{name}:{columns[at]}" for at in order.tolist() if off[at] > CLOSER]


def _looked(subject: str, name: Name, series: Series, level: float, newest: int) -> Anomaly | None:
    """The newest value of a series, where it is the newest window's: labels may come later."""
    if len(series) <= FEWEST or int(series.first_rows[-1]) != newest:
        return None
    kind = KINDS[name]
    values, moments = kind.to(series.values), series.ends
    rest = deseasoned(values[:-1], moments[:-1]) if has_times(series) else Seasonal(values[:-1], {})
    added = rest.at(float(moments[-1])) if rest.effects else 0.0
    learned = sum(SLOTS[season] for season in rest.effects)
    found = outlying(
        np.append(rest.values, values[-1] - added),
        least=max(kind.least, _sampling(name, series)),
        freedom=max(1 - learned / len(series), 0.5),
    )
    if found is None or found.p_value > level or (kind.upwards and found.z < 0):
        return None
    ends = [kind.back(found.level + added + side * REACH * found.spread) for side in (-1, 1)]
    value = float(series.values[-1])
    return Anomaly(
        subject=subject,
        score=found.z,
        value=value,
        low=ends[0],
        high=ends[1],
        reason=told(subject, value, *ends, seasons=set(rest.effects), moment=float(moments[-1]) if rest.effects else 0),
    )


def _sampling(name: Name, series: Series) -> float:
    """What chance moves a share by in a window of so many rows."""
    rows = float(series.last_rows[-1] - series.first_rows[-1])
    return 0.5 / math.sqrt(max(rows, 1.0)) if name == "missing" else 0.0
