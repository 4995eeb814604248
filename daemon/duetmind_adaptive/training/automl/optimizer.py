"""The guide's face of AutoML: ask for an optimizer, give it rows, get the best model found.

optimizer = create_automl_optimizer(objective_metric="roc_auc", n_trials=100, timeout=3600)
results = optimizer.optimize(X_train, y_train, X_val, y_val)
results["best_score"], results["best_algorithm"]
"""

from __future__ import annotations

import asyncio
import math
import pickle
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.jobs.pool import ProcessPool
from duetmind_adaptive.jobs.ray_executor import RayExecutor
from duetmind_adaptive.jobs.share import one_thread_each
from duetmind_adaptive.settings.ray import RAY_MISSING, ray_installed
from duetmind_adaptive.training.automl import PRELOAD
from duetmind_adaptive.training.automl.orders import Delivered
from duetmind_adaptive.training.automl.pareto import COSTS
from duetmind_adaptive.training.automl.portfolio import Configuration, installed
from duetmind_adaptive.training.automl.predictor import Predictor
from duetmind_adaptive.training.automl.problem import Problem, make_problem
from duetmind_adaptive.training.automl.results import Results, describe
from duetmind_adaptive.training.automl.scoring import CLASS_METRICS, NUMBER_METRICS
from duetmind_adaptive.training.automl.search import Progress
from duetmind_adaptive.training.automl.session import Outcome, Session, Wishes
from duetmind_adaptive.training.automl.study import Study, Trial, read_study, study_path

#: where neither a number of trials nor a time is given
TRIALS = 50
FEWEST_FOLDS, MOST_FOLDS = 2, 20
#: what a served model may take, in milliseconds for 1,000 rows and in megabytes
SERVING = {"serving": (50.0, 10.0), "quality": (math.inf, math.inf)}
#: between asking a worker to end and ending it; what hangs in C code would not hear anyway
GRACE = timedelta(seconds=0.2)


class AutoMLOptimizer:
    """Searches for the best model of a table.

    Parameters
    ----------
    objective_metric
        `roc_auc`, `accuracy`, `f1`, `balanced_accuracy`, `log_loss`; for numbers `r2`, `mae`, `rmse`. A list trades
        several off, with `predict_ms` and `model_mb` among them.
    n_trials
        Trials of the study at most, those of earlier sessions included.
    timeout
        Seconds until the model is ready, imports included from 20 s on.
    cv_folds
        Folds of the cross-validation.
    random_state
        Same seed, data and number of trials: same result.
    study_name, storage
        Keep the trials under this name in this folder (default `studies`); the same name goes on.
    n_jobs
        Trials at a time, each in a process of its own.
    algorithms
        The algorithms to try; default: all that are installed.
    preset
        `serving` keeps the model within 50 ms per 1,000 rows and 10 MB; `quality` gives that up for score.
    max_predict_ms_per_1k, max_model_mb
        Other bounds than the preset's.
    trial_timeout, trial_memory_gb
        What one trial may take; it fails beyond that, and nothing but it.
    address
        Of a Ray cluster, as `10.0.0.5:6379`, or `local` for one of its own: trials run there, `n_jobs` at a time.
    scratch
        Where rows and members lie while a search lasts; on a cluster a folder that all nodes see under this path.
    warm_start
        (algorithm, parameters) to begin with, say those of a champion.
    progress
        Called after each trial.

    Raises
    ------
    ConfigError
        When a value cannot be used: one sentence that says what is allowed.
    """

    def __init__(
        self,
        objective_metric: str | Sequence[str] = "roc_auc",
        n_trials: int | None = None,
        timeout: float | None = None,
        cv_folds: int = 5,
        random_state: int = 0,
        *,
        study_name: str | None = None,
        storage: str | Path | None = None,
        n_jobs: int = 1,
        algorithms: Sequence[str] | None = None,
        preset: str = "serving",
        max_predict_ms_per_1k: float | None = None,
        max_model_mb: float | None = None,
        trial_timeout: float | None = None,
        trial_memory_gb: float | None = None,
        address: str | None = None,
        scratch: str | Path | None = None,
        warm_start: Sequence[Configuration] = (),
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        objectives = (objective_metric,) if isinstance(objective_metric, str) else tuple(objective_metric)
        _refuse_objectives(objectives)
        _refuse_numbers(n_trials, timeout, cv_folds, n_jobs)
        if preset not in SERVING:
            raise ConfigError(f"there is no preset {preset!r}; choose one of {', '.join(SERVING)}")
        most_ms, most_mb = SERVING[preset]
        self.wishes = Wishes(
            metric=next(name for name in objectives if name not in COSTS),
            objectives=objectives if len(objectives) > 1 else (),
            n_trials=TRIALS if n_trials is None and timeout is None else n_trials,
            timeout=None if timeout is None else float(timeout),
            folds=cv_folds,
            seed=random_state,
            jobs=n_jobs,
            algorithms=_algorithms(algorithms),
            max_ms=most_ms if max_predict_ms_per_1k is None else max_predict_ms_per_1k,
            max_mb=most_mb if max_model_mb is None else max_model_mb,
            first=tuple((name, dict(params)) for name, params in warm_start),
            trial_timeout=trial_timeout,
            trial_memory_gb=trial_memory_gb,
            scratch=None if scratch is None else Path(scratch),
        )
        if address is not None and not ray_installed():
            raise ConfigError(f"{RAY_MISSING}.")
        self._address = address
        self.study_file = None if study_name is None else study_path(Path(storage or "studies"), study_name)
        self.progress = progress
        self.results: Results | None = None

    def optimize(
        self,
        X_train: Any,  # noqa: N803 - the guide's names
        y_train: Iterable[Any],
        X_val: Any = None,  # noqa: N803 - as above
        y_val: Iterable[Any] | None = None,
        *,
        groups: Iterable[Any] | None = None,
        timestamps: Iterable[Any] | None = None,
    ) -> Results:
        """Search, and fit the best model found.

        Parameters
        ----------
        X_train, y_train
            Frame (or 2-d array) and target.
        X_val, y_val
            Rows that the search never sees; the result says how the model does on them.
        groups
            Of each row: rows of a group are never in two folds.
        timestamps
            Of each row: folds are answered by models of older rows only.

        Returns
        -------
        Results
            A dictionary with `best_score`, `best_algorithm`, `best_params`, `best_model`, `leaderboard` and more.

        Raises
        ------
        TrainingError
            When nothing can be learned from these rows: one sentence that says why.
        """
        began = time.monotonic()
        problem = make_problem(as_frame(X_train), y_train, metric=self.wishes.metric, groups=groups, moments=timestamps)
        self.results = self.search(problem, began=began)
        if X_val is not None and y_val is not None:
            self.results["validation_score"] = self.results["best_model"].score(
                as_frame(X_val), y_val, self.wishes.metric
            )
        return self.results

    def search(
        self, problem: Problem, *, began: float, save: Callable[[Any, Delivered], None] | None = None
    ) -> Results:
        """As `optimize`, for a problem that was made already; `save` is called in the worker that delivers."""
        with Study(self.study_file) as study:
            outcome = _run(self._session(problem, study, began, save))
            return describe(outcome, problem, study, self.wishes)

    async def _session(
        self, problem: Problem, study: Study, began: float, save: Callable[[Any, Delivered], None] | None
    ) -> Outcome:
        one_thread_each()
        async with self._executor() as pool:
            session = Session(
                problem, self.wishes, executor=pool, study=study, began=began, progress=self.progress, save=save
            )
            return await session.run()

    def _executor(self) -> ProcessPool | RayExecutor:
        if self._address is None:
            return ProcessPool(size=self.wishes.jobs, grace=GRACE, preload=PRELOAD)
        return RayExecutor(self._address, most=self.wishes.jobs, grace=GRACE)

    def load_study(self) -> list[Trial]:
        """The finished trials of the study, from its file."""
        if self.study_file is None:
            raise ConfigError("this optimizer keeps no study; give it a study_name")
        return read_study(self.study_file)

    def predict(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """What the best model answers, as the data writes it."""
        return self._model.predict(as_frame(X))

    def predict_proba(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """The best model's probabilities, columns in the order of its classes."""
        return self._model.predict_proba(as_frame(X))

    @property
    def _model(self) -> Predictor:
        if self.results is None:
            raise ConfigError("there is no model yet; call optimize first")
        return self.results["best_model"]


def create_automl_optimizer(
    objective_metric: str | Sequence[str] = "roc_auc",
    n_trials: int | None = None,
    timeout: float | None = None,
    cv_folds: int = 5,
    **options: Any,
) -> AutoMLOptimizer:
    """Make an optimizer; arguments as of `AutoMLOptimizer`.

    Examples
    --------
    >>> create_automl_optimizer(objective_metric="roc_auc", n_trials=100, timeout=3600).wishes.folds
    5
    """
    return AutoMLOptimizer(objective_metric, n_trials, timeout, cv_folds, **options)


def as_frame(rows: Any) -> Any:
    """Rows as a pandas frame with names of text."""
    import pandas as pd  # noqa: PLC0415 - at its place of use

    if isinstance(rows, pd.DataFrame):
        return rows.rename(columns=str)
    if hasattr(rows, "to_pandas"):
        return rows.to_pandas().rename(columns=str)
    return pd.DataFrame(rows).rename(columns=lambda place: f"x{place}")


def unpickle(model: bytes) -> Any:
    """The pipeline that a worker of this search has made."""
    return pickle.loads(model)  # noqa: S301 - made by our own worker


def _run(session: Any) -> Outcome:
    """Run to the end, in a thread of its own where this one has a loop already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(session)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, session).result()


def _refuse_objectives(objectives: Sequence[str]) -> None:
    known = (*CLASS_METRICS, *NUMBER_METRICS)
    for name in objectives:
        if name not in known and name not in COSTS:
            raise ConfigError(f"there is no metric {name!r}; choose one of {', '.join(known)}")
    metrics = [name for name in objectives if name in known]
    if not metrics:
        raise ConfigError(f"objective_metric needs a metric beside costs; add one of {', '.join(known)}")
    if len({name in NUMBER_METRICS for name in metrics}) > 1:
        raise ConfigError(f"{', '.join(metrics)} do not go together: some measure classes, some numbers")


def _refuse_numbers(n_trials: int | None, timeout: float | None, cv_folds: int, n_jobs: int) -> None:
    if n_trials is not None and n_trials < 1:
        raise ConfigError(f"n_trials is {n_trials}; at least one trial is needed")
    if timeout is not None and not timeout > 0:
        raise ConfigError(f"timeout is {timeout} seconds; give more than none")
    if not FEWEST_FOLDS <= cv_folds <= MOST_FOLDS:
        raise ConfigError(f"cv_folds is {cv_folds}; give {FEWEST_FOLDS} to {MOST_FOLDS}")
    if n_jobs < 1:
        raise ConfigError(f"n_jobs is {n_jobs}; give 1 or more")


def _algorithms(wanted: Sequence[str] | None) -> tuple[str, ...]:
    there = (*installed(), "ridge")
    if wanted is None:
        return there
    unknown = [name for name in wanted if name not in there]
    if unknown:
        raise ConfigError(f"algorithm {unknown[0]!r} is not installed or not known; there are {', '.join(there)}")
    return tuple(wanted)


def leading(results: Mapping[str, Any], rows: int = 10) -> list[dict[str, Any]]:
    """The first rows of a leaderboard."""
    return list(results["leaderboard"])[:rows]
