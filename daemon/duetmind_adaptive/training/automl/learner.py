"""A search as a learner: what a retrain fits when its model says `automl`, begun with what served so far.

A retrain fits twice: the challenger, which has to prove itself, and once more on the newest rows. The first fit is a
search that begins with the champion's configurations; the second tries only those that the first was blended from.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sklearn.pipeline import Pipeline

from duetmind_adaptive.settings.pipeline import AutomlSettings
from duetmind_adaptive.training.automl.optimizer import AutoMLOptimizer
from duetmind_adaptive.training.automl.portfolio import Configuration, installed
from duetmind_adaptive.training.automl.problem import make_problem
from duetmind_adaptive.training.automl.results import Results
from duetmind_adaptive.training.custom_pipeline.casting import ColumnCaster
from duetmind_adaptive.training.examples import Examples

#: of the time there is: what the search gets, and what each fit after it gets; the rest is for everything else
SEARCH, AGAIN = 0.6, 0.3


class SearchLearner:
    """Fits by a search; the counterpart of `fitting.Learner`.

    Parameters
    ----------
    settings
        Metric, trials and folds.
    task
        As in the configuration.
    kinds
        Feature name to its kind.
    seconds
        For all fits together.
    ordered
        Whether rows are in the order of time, so that folds are answered by models of older rows.
    first
        Configurations to begin with: those of the champion.
    seed
        Of the search.
    """

    def __init__(
        self,
        settings: AutomlSettings,
        task: str,
        kinds: Mapping[str, str],
        *,
        seconds: float,
        ordered: bool = False,
        first: Sequence[Configuration] = (),
        seed: int = 0,
    ) -> None:
        self._settings = settings
        self._metric = metric_of(settings, task)
        self._kinds = dict(kinds)
        self._seconds = seconds
        self._ordered = ordered
        self._seed = seed
        there = (*installed(), "ridge")
        #: what the last fit was blended from, the weightiest first; the next one begins with it
        self.found: tuple[Configuration, ...] = tuple(each for each in first if each[0] in there)
        #: of each fit so far, what its search came to
        self.searches: list[dict[str, Any]] = []

    def fit(self, examples: Examples) -> Pipeline:
        """A fitted pipeline; its input is a raw frame.

        Raises
        ------
        TrainingError
            When nothing can be learned from these rows.
        """
        again = bool(self.searches)
        optimizer = AutoMLOptimizer(
            self._metric,
            n_trials=max(len(self.found), 1) if again else self._settings.n_trials,
            timeout=self._seconds * (AGAIN if again else SEARCH),
            cv_folds=self._settings.cv_folds,
            random_state=self._seed,
            warm_start=self.found,
        )
        moments = examples.rows if self._ordered else None
        problem = make_problem(examples.frame, examples.target, metric=self._metric, moments=moments)
        results = optimizer.search(problem, began=time.monotonic())
        self.found = blended(results)
        self.searches.append({"trials": results["trials"], "score": results["ensemble"]["score"]})
        cast = ColumnCaster(self._kinds).fit(examples.frame)
        return Pipeline([("cast", cast), *results["best_model"].pipeline.steps])

    def document(self) -> dict[str, Any]:
        """What a version keeps of its search, for people and for the next search."""
        return {
            "metric": self._metric,
            "searches": self.searches,
            "configurations": [list(each) for each in self.found],
        }


def metric_of(settings: AutomlSettings, task: str) -> str:
    """The search's metric; R² where a search of classes is set up and the task predicts numbers."""
    numbers = {"r2", "mae", "rmse"}
    return settings.objective_metric if (settings.objective_metric in numbers) == (task == "regression") else "r2"


def blended(results: Results) -> tuple[Configuration, ...]:
    """Algorithm and parameters of each trial in the delivered model, the weightiest first."""
    params = {trial["trial"]: (str(trial["algorithm"]), dict(trial["params"])) for trial in results["leaderboard"]}
    members = sorted(results["ensemble"]["members"], key=lambda member: -member["weight"])
    return tuple(params[member["trial"]] for member in members if member["trial"] in params)
