"""The guide's ensemble methods: several learners that answer together."""

from __future__ import annotations

from typing import Any

#: copies of the learner, each on its own bootstrap sample
BAGS = 10
STACKING_FOLDS = 3


def make_ensemble(method: str, model: Any, task: str, *, seed: int) -> Any:
    """`model` itself (`none`), ten of it on bootstrap samples (`bagging`), or it beside a forest and a linear model.

    `voting` averages probabilities (predictions, for regression); `stacking` learns their weights out of fold.
    """
    if method == "none":
        return model
    from sklearn import ensemble  # noqa: PLC0415 - costs time only ensembles need

    regression = task == "regression"
    if method == "bagging":
        bagging = ensemble.BaggingRegressor if regression else ensemble.BaggingClassifier
        return bagging(model, n_estimators=BAGS, random_state=seed)
    members = [("model", model), *_companions(task, seed)]
    if method == "voting":
        return ensemble.VotingRegressor(members) if regression else ensemble.VotingClassifier(members, voting="soft")
    stacking = ensemble.StackingRegressor if regression else ensemble.StackingClassifier
    return stacking(members, cv=STACKING_FOLDS)


def _companions(task: str, seed: int) -> list[tuple[str, Any]]:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor  # noqa: PLC0415 - as above
    from sklearn.linear_model import LogisticRegression, Ridge  # noqa: PLC0415 - as above
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415 - as above
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415 - as above

    if task == "regression":
        forest, linear = RandomForestRegressor(random_state=seed), Ridge()
    else:
        forest, linear = RandomForestClassifier(random_state=seed), LogisticRegression(max_iter=1000)
    return [("forest", forest), ("linear", make_pipeline(StandardScaler(), linear))]
