"""The guide's ensemble methods: several learners that answer together."""

from __future__ import annotations

from typing import Any

#: copies of the learner, each on its own bootstrap sample
BAGS = 10
STACKING_FOLDS = 3


def make_bagging(model: Any, task: str, *, seed: int) -> Any:
    """Ten of `model`, each on a bootstrap sample."""
    from sklearn import ensemble  # noqa: PLC0415 - costs time only ensembles need

    bagging = ensemble.BaggingRegressor if task == "regression" else ensemble.BaggingClassifier
    return bagging(model, n_estimators=BAGS, random_state=seed)


def make_voting(members: list[tuple[str, Any]], task: str) -> Any:
    """The mean of the members' probabilities, or of their numbers."""
    from sklearn import ensemble  # noqa: PLC0415 - as above

    if task == "regression":
        return ensemble.VotingRegressor(members)
    return ensemble.VotingClassifier(members, voting="soft")


def make_stacking(members: list[tuple[str, Any]], task: str) -> Any:
    """The members, weighted by what their answers out of fold were worth."""
    from sklearn import ensemble  # noqa: PLC0415 - as above

    stacking = ensemble.StackingRegressor if task == "regression" else ensemble.StackingClassifier
    return stacking(members, cv=STACKING_FOLDS)


def make_companions(task: str, seed: int) -> list[tuple[str, Any]]:
    """Who answers beside the learner when nobody is named: a forest and a linear model, which err differently."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor  # noqa: PLC0415 - as above
    from sklearn.linear_model import LogisticRegression, Ridge  # noqa: PLC0415 - as above
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415 - as above
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415 - as above

    if task == "regression":
        forest, linear = RandomForestRegressor(random_state=seed), Ridge()
    else:
        forest, linear = RandomForestClassifier(random_state=seed), LogisticRegression(max_iter=1000)
    return [("forest", forest), ("linear", make_pipeline(StandardScaler(), linear))]
