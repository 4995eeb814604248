"""What a challenger may be made of: the newest rows of some span, all rows weighed by age, or a version from before.

All candidates end where the validation rows begin and are compared on those. A span is chosen first (`training.spans`);
weights by age and versions that served before take its place only where their losses are lower by more than one
standard error, row by row: they are more ways of being lucky.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sklearn.pipeline import Pipeline

from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.tasks.former import Former, formers
from duetmind_adaptive.tasks.requests import TrainRequest
from duetmind_adaptive.tasks.shown import Shown
from duetmind_adaptive.tasks.training_data import TrainingData
from duetmind_adaptive.training.examples import Examples
from duetmind_adaptive.training.fitting import Learner
from duetmind_adaptive.training.recency import HALF_LIVES, recency_weights
from duetmind_adaptive.training.spans import SHORTEST, Split, candidate_spans, choose_span, clearly_lower

First = TypeVar("First")
Rival = TypeVar("Rival")


class Fits(Protocol):
    """Whatever fits models: a configured pipeline (`fitting.Learner`), or a search (`automl.learner.SearchLearner`)."""

    def fit(self, examples: Examples) -> Pipeline:
        """A fitted pipeline, whose first step casts raw frames."""
        ...


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to learn: from so many of the newest rows, and how fast their weight halves, in rows (None = not at all)."""

    span: int
    half_life: int | None = None

    def fit(self, learner: Fits, examples: Examples) -> tuple[Pipeline, Examples]:
        """Learn from the newest of the examples; also what was learned from."""
        part = examples.part(max(0, len(examples) - self.span), len(examples))
        if self.half_life is None or not isinstance(learner, Learner):
            return learner.fit(part), part
        return learner.fit(part, recency_weights(len(part), self.half_life)), part


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """What was tried out, and what came out best."""

    #: the best way to learn
    recipe: Recipe
    #: a version from before that does better than that; None where none does
    former: Former | None
    #: what the best of all answers to the validation rows
    shown: Shown
    #: how many rows there were to learn from
    rows: int
    #: mean loss on the validation rows: of each span, of each half-life in rows, of each version from before
    spans: dict[int, float]
    half_lives: dict[int, float]
    versions: dict[int, float]

    @property
    def fits(self) -> int:
        """How many models were fitted."""
        return len(self.spans) + len(self.half_lives)

    @property
    def words(self) -> str:
        """What was tried and chosen, for people."""
        others = f", {len(self.half_lives)} weights by age" if self.half_lives else ""
        others += f", {len(self.versions)} versions from before" if self.versions else ""
        what, half = f"{self.recipe.span} rows", self.recipe.half_life
        what += f" whose weight halves every {half}" if half else ""
        return f"tried {len(self.spans)} spans{others} and chose {what}"


def try_out(
    request: TrainRequest, data: TrainingData, split: Split, window: int, learner: Fits, *, weighs: bool
) -> Trials:
    """Fit every candidate, have it and the versions from before answer the validation rows, and choose.

    Parameters
    ----------
    split
        Where the validation rows begin and end.
    window
        Rows of a window.
    learner
        Fits the candidates.
    weighs
        Whether what is fitted in the end can weigh rows.

    Raises
    ------
    TrainingError
        When the rows before the validation rows are too few to learn from.
    """
    validation = data.examples.part(split.validation, split.hold_out)
    older = data.examples.part(0, split.validation)
    spans = {span: Shown.by(fitted, validation) for span, fitted in _spans(older, window, learner).items()}
    span = choose_span({each: shown.losses() for each, shown in spans.items()})
    weighed = _weighed(older, window, learner) if weighs else {}
    ages = {half_life: Shown.by(fitted, validation) for half_life, fitted in weighed.items()}
    aged = [(Recipe(len(data.examples), age), shown) for age, shown in ages.items()]
    recipe, shown = _choose((Recipe(span), spans[span]), aged)
    before = list(formers(request, data, validation))
    former, shown = _choose((None, shown), before)
    versions = {each.version.version: _mean(answers) for each, answers in before}
    return Trials(recipe, former, shown, len(older), _means(spans), _means(ages), versions)


def _choose(first: tuple[First, Shown], rivals: Sequence[tuple[Rival, Shown]]) -> tuple[First | Rival, Shown]:
    """The best rival if it is clearly better than the first, else the first."""
    best = min(rivals, key=lambda each: _mean(each[1]), default=None)
    return best if best is not None and clearly_lower(best[1].losses(), first[1].losses()) else first


def _spans(older: Examples, window: int, learner: Fits) -> dict[int, Pipeline]:
    """A candidate for each span that ends where the validation rows begin."""
    lengths = candidate_spans(window, int((older.rows >= 0).sum()), len(older))
    parts = {span: older.part(len(older) - span, len(older)) for span in lengths}
    candidates = {span: learner.fit(part) for span, part in parts.items() if part.teach}
    if not candidates:
        raise TrainingError(
            f"the {len(older)} labelled rows before those to be judged on have too few of some class to learn "
            "from; wait for more labels"
        )
    return candidates


def _weighed(older: Examples, window: int, learner: Fits) -> dict[int, Pipeline]:
    """A candidate for each half-life, in rows, of all rows."""
    lives = {max(window, SHORTEST) * windows for windows in HALF_LIVES}
    return {life: Recipe(len(older), life).fit(learner, older)[0] for life in sorted(lives) if older.teach}


def _mean(shown: Shown) -> float:
    return float(shown.losses().mean())


def _means(shown: dict[int, Shown]) -> dict[int, float]:
    return {name: _mean(each) for name, each in shown.items()}
