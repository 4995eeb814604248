"""Which hyperparameters mattered, for each algorithm by itself, from the trials that were made of it.

PED-ANOVA compares how the best trials are spread over a parameter's range with how all trials are: a parameter whose
good values are a small part of its range matters.

Reference
---------
S. Watanabe, A. Bansal, F. Hutter, "PED-ANOVA: efficiently quantifying hyperparameter importance in arbitrary
subspaces", IJCAI (2023).
"""

from __future__ import annotations

from collections.abc import Sequence

from duetmind_adaptive.drift.metrics import higher_is_better
from duetmind_adaptive.training.automl.proposals import Proposals
from duetmind_adaptive.training.automl.study import Trial

#: fewer finished trials of an algorithm say nothing
FEWEST_TRIALS = 8


def param_importance(trials: Sequence[Trial], metric: str) -> dict[str, dict[str, float]]:
    """Algorithm to parameter to its share of the importance; algorithms with few trials are left out.

    Parameters
    ----------
    trials
        Of a study.
    metric
        What their scores are.
    """
    found = dict[str, dict[str, float]]()
    for algorithm in dict.fromkeys(trial.algorithm for trial in trials):
        done = [trial for trial in trials if trial.algorithm == algorithm and trial.score is not None]
        if len(done) >= FEWEST_TRIALS:
            shares = _shares(algorithm, done, metric)
            if shares:
                found[algorithm] = shares
    return found


def _shares(algorithm: str, trials: Sequence[Trial], metric: str) -> dict[str, float]:
    import optuna  # noqa: PLC0415 - costs time that a short search does not have

    proposals = Proposals((algorithm,), seed=0)
    sign = 1 if higher_is_better(metric) else -1
    for trial in trials:
        proposals.tell(trial.algorithm, trial.params, None if trial.score is None else sign * trial.score)
    study = proposals.study(algorithm)
    if len(study.trials) < FEWEST_TRIALS or len({trial.value for trial in study.trials}) < 2:
        return {}
    evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {str(name): round(float(share), 4) for name, share in shares.items()}
