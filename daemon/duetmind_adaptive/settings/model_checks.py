"""The rules that one model's settings must keep, beyond their shape."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from zoneinfo import ZoneInfo, available_timezones

from duetmind_adaptive.plugins import DETECTORS, SOURCES, installed
from duetmind_adaptive.settings.column_checks import check_columns
from duetmind_adaptive.settings.document import KeyPath
from duetmind_adaptive.settings.durations import format_duration
from duetmind_adaptive.settings.model import ModelSettings, ReferenceSettings
from duetmind_adaptive.settings.problems import Problem, found
from duetmind_adaptive.settings.schedule import ScheduleSettings
from duetmind_adaptive.settings.secrets import literal_secrets

#: names become folder names and parts of URLs
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
LONGEST_INTERVAL = timedelta(days=366)
REGRESSION_METRICS = ("r2", "mae", "rmse")
CLASSIFICATION_METRICS = ("accuracy", "balanced_accuracy", "f1", "roc_auc", "log_loss")
_PROBABILISTIC = ("roc_auc", "log_loss")


def check_model(name: str, model: ModelSettings) -> Iterator[Problem]:
    """Every problem of one model."""
    here = ("models", name)
    yield from check_name(here, name, "a model's")
    for rule in _RULES:
        for problem in rule(model):
            yield Problem(path=(*here, *problem.path), text=problem.text, warning=problem.warning)


def check_name(path: KeyPath, name: str, whose: str) -> Iterator[Problem]:
    """A name that becomes a folder must be one."""
    if not _NAME.fullmatch(name):
        text = f"{whose} name becomes a folder: use letters, digits, '.', '_' and '-', starting with a letter or digit"
        yield Problem(path=path, text=text)


def _columns(model: ModelSettings) -> Iterator[Problem]:
    """No column has two parts to play; above all, no model sees its own target."""
    named = {key: getattr(model, key) for key in ("target", "timestamp", "prediction", "score")}
    for key, column in named.items():
        twin = next((other for other in named if other != key and column is not None and named[other] == column), None)
        if twin is not None and list(named).index(twin) < list(named).index(key):
            yield Problem(path=(key,), text=f"is the same column as {twin}, {column!r}")
    for index, feature in enumerate(model.features or ()):
        role = next((key for key, column in named.items() if column == feature), None)
        role = "exclude" if feature in model.exclude else role
        if role is not None:
            yield Problem(path=("features", index), text=f"the column {feature!r} is also in {role}; name it once")
    for column, times in Counter(model.features or ()).items():
        if times > 1:
            yield Problem(path=("features",), text=f"names the column {column!r} {times} times")
    if model.features == ():
        yield Problem(path=("features",), text="names no column; leave it out to use every column")


def _metric(model: ModelSettings) -> Iterator[Problem]:
    if model.metric is None:
        return
    fitting = REGRESSION_METRICS if model.task == "regression" else CLASSIFICATION_METRICS
    if model.metric not in fitting:
        yield Problem(path=("metric",), text=f"{found(model.metric, fitting)} (task is {model.task})")
    elif model.metric in _PROBABILISTIC and model.prediction is not None and model.score is None:
        yield Problem(path=("metric",), text=f"{model.metric} is computed from scores: name their column in score")


def _ranges(model: ModelSettings) -> Iterator[Problem]:
    for key, source in (("reference", model.reference), ("production", model.production)):
        for problem in _range(source):
            yield Problem(path=(key, *problem.path), text=problem.text)
        if model.timestamp is None and (source.from_ is not None or source.to is not None):
            yield Problem(path=(key,), text="from and to need the model's timestamp column; set timestamp")


def _range(source: ReferenceSettings) -> Iterator[Problem]:
    start, end = source.rows or (0, None)
    if end is not None and end <= start:
        yield Problem(path=("rows",), text=f"[{start}, {end}] holds no row; the first must be less than the second")
    if source.from_ is not None and source.to is not None and source.to <= source.from_:
        text = f"{source.to.isoformat()} is not after from, {source.from_.isoformat()}"
        yield Problem(path=("to",), text=text)
    if source.rows is not None and (source.from_ is not None or source.to is not None):
        yield Problem(path=("rows",), text="give rows, or from and to, not both")
    yield from _origin(source)


def _origin(source: ReferenceSettings) -> Iterator[Problem]:
    """Rows are in files, or a source gives them."""
    if source.source is None and "path" not in source.model_fields_set:
        yield Problem(path=("path",), text="missing; give file, glob or folder of Parquet or CSV files, or a source")
    elif source.source is None and not source.path.strip():
        yield Problem(path=("path",), text=found(source.path, "a file, glob or folder"))
    if source.source is None:
        return
    if source.path:
        yield Problem(path=("source",), text="give path or source, not both")
    known = installed(SOURCES)
    if source.source.type not in known:
        text = f"{found(source.source.type, known, near=known)} (`duetmind plugins` lists them)"
        yield Problem(path=("source", "type"), text=text)
    options = source.source.options
    for inner, sentence in literal_secrets(options, also=("url",) if "@" in str(options.get("url", "")) else ()):
        yield Problem(path=("source", *inner), text=sentence)


def _times(model: ModelSettings) -> Iterator[Problem]:
    if model.timestamp is not None:
        return
    if model.production.window.every is not None:
        yield Problem(path=("production", "window", "every"), text="windows by time need a timestamp column")
    if model.labels.delay:
        yield Problem(path=("labels", "delay"), text="a delay is counted from the timestamp column; set timestamp")


def _labels(model: ModelSettings) -> Iterator[Problem]:
    if model.labels.path is not None and model.target is None:
        yield Problem(path=("labels", "path"), text="labels need the name of their column; set target")


def _schedule(model: ModelSettings) -> Iterator[Problem]:
    if model.schedule is not None:
        for problem in check_schedule(model.schedule):
            yield Problem(path=("schedule", *problem.path), text=problem.text)


def check_schedule(schedule: ScheduleSettings) -> Iterator[Problem]:
    """A schedule must name a real time zone, have five fields and come due some day."""
    try:
        ZoneInfo(schedule.timezone)
    except (KeyError, ValueError, OSError):  # unknown, not a relative path, a folder of zones
        near = available_timezones()
        yield Problem(
            path=("timezone",), text=found(schedule.timezone, "an IANA time zone such as Europe/Berlin", near=near)
        )
    if schedule.cron is not None:
        reason = _cron_problem(schedule.cron)
        if reason is not None:
            text = found(schedule.cron, "minute hour day month weekday, as in 0 6 * * 1") + f" ({reason})"
            yield Problem(path=("cron",), text=text)
    if schedule.every is not None and schedule.every > LONGEST_INTERVAL:
        yield Problem(path=("every",), text=found(format_duration(schedule.every), "1s to 366d"))
    if schedule.every is not None and schedule.jitter >= schedule.every:
        yield Problem(path=("jitter",), text=f"must be less than every, {format_duration(schedule.every)}")


def _cron_problem(expression: str) -> str | None:
    from cronsim import CronSim, CronSimError  # noqa: PLC0415  # most configurations have no cron line

    if len(expression.split()) != 5:
        return f"{len(expression.split())} fields instead of 5"
    try:
        next(CronSim(expression, datetime(2000, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        return str(error).lower()
    except StopIteration:
        return "it never comes due"
    return None


def _responses(model: ModelSettings) -> Iterator[Problem]:
    if "retrain_model" in (model.responses or ()) and model.target is None:
        index = (model.responses or ()).index("retrain_model")
        yield Problem(path=("responses", index), text="retrain_model needs the truth to learn from; set target")


def _training(model: ModelSettings) -> Iterator[Problem]:
    if model.pipeline is not None and model.target is None:
        yield Problem(path=("pipeline",), text="a pipeline needs the truth to learn from; set target")
    if model.retrain is not None and model.target is None:
        yield Problem(path=("retrain",), text="a trainer needs the truth to learn from; set target")
    if model.automl is not None and model.target is None:
        yield Problem(path=("automl",), text="a search needs the truth to learn from; set target")
    given = [key for key in ("pipeline", "automl", "retrain") if getattr(model, key) is not None]
    if len(given) > 1:
        yield Problem(path=(given[1],), text=f"give only one of {' and '.join(given)}")


def _detectors(model: ModelSettings) -> Iterator[Problem]:
    known = installed(DETECTORS) if model.detectors else {}
    for name in model.detectors:
        if name not in known:
            text = f"{found(name, known, near=known)} (`duetmind plugins` lists them)"
            yield Problem(path=("detectors", name), text=text)


def missing_extra(algorithm: str) -> str | None:
    """The sentence that says what to install for an algorithm, or None when it is there."""
    module = {"xgboost": "xgboost", "lightgbm": "lightgbm"}.get(algorithm)
    if module is None or find_spec(module) is not None:
        return None
    return f"the algorithm {algorithm} needs: pip install 'duetmind-adaptive[boosting]'"


_RULES: tuple[Callable[[ModelSettings], Iterator[Problem]], ...] = (
    _columns,
    check_columns,
    _metric,
    _ranges,
    _times,
    _labels,
    _schedule,
    _responses,
    _training,
    _detectors,
)
