"""How a version comes about: the first from the reference, later ones from recent rows, proved against the champion.

A later version goes through four steps on labelled rows in time order:

    … older rows | validation | hold-out |  now

1. each candidate span that ends before the validation rows is fitted and measured on them, and one is chosen;
2. that span is fitted again, ending where the hold-out begins: the challenger;
3. challenger and champion answer the hold-out, which neither was trained on, and the gate compares them;
4. a challenger that is better is fitted once more on the same number of rows up to now, hold-out included.

Step 4 trades a purist's point for a better model: what serves is the recipe that won, not the very artifact. After
an abrupt change the hold-out holds half of all rows of the new regime, and without them the version that wins is out of
date when it starts (measured on four streams: mean metric 0.802 with step 4, 0.771 without). The baseline is
the challenger's, of step 3, hence honest; a rejected challenger is kept as it was in step 3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from duetmind_adaptive.errors import TrainingError
from duetmind_adaptive.records import GateResult, MetricReading, VersionRef
from duetmind_adaptive.tasks.judging import first_to_judge, gate, judged_rows
from duetmind_adaptive.tasks.requests import TrainRequest
from duetmind_adaptive.tasks.shown import Shown
from duetmind_adaptive.tasks.training_data import TrainingData, window_rows
from duetmind_adaptive.training.examples import Examples
from duetmind_adaptive.training.fitting import answers
from duetmind_adaptive.training.spans import Split, candidate_spans, choose_span, split_rows

#: of the reference, measured by a first model that learned from the rows before
BASELINE_SHARE = 0.3
#: the profile of a later version describes its newest rows, at most these windows of them and at least these rows
PROFILE_WINDOWS, PROFILE_ROWS = 16, 2000


class Fits(Protocol):
    """Whatever fits models: a configured pipeline (`fitting.Learner`), or a search (`automl.learner.SearchLearner`)."""

    def fit(self, examples: Examples) -> Pipeline:
        """A fitted pipeline, whose first step casts raw frames."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Made:
    """What a recipe made, before it is written down."""

    pipeline: Pipeline
    #: what it learned from
    learned: Examples
    baseline: MetricReading | None
    metrics: dict[str, float]
    #: rows that later windows are compared with
    profiled: pa.Table
    #: what the baseline was measured on; None where no model could be fitted to the rows before
    shown: Shown | None
    gate: GateResult | None = None
    #: by the gate, `[first, last)`
    judged_rows: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict[str, Any])


def make_first(request: TrainRequest, data: TrainingData, learner: Fits) -> Made:
    """Learn from the whole reference; the baseline is measured on its last part by a model of the part before."""
    model, examples = request.model, data.examples
    reference = examples.part(0, int((examples.rows < 0).sum()))
    cut = int(len(reference) * (1 - BASELINE_SHARE))
    early, late = reference.part(0, cut), reference.part(cut, len(reference))
    shown = Shown.by(learner.fit(early), late) if early.teach else None
    pipeline = learner.fit(reference)
    return Made(
        pipeline=pipeline,
        learned=reference,
        baseline=shown.baseline(model) if shown else None,
        metrics=shown.metrics(model) if shown else {},
        profiled=data.reference,
        shown=shown,
        notes=() if shown else ("The baseline could not be measured: the reference's start is too small.",),
    )


def make_challenger(
    request: TrainRequest,
    data: TrainingData,
    learner: Fits,
    champion: VersionRef,
    seen: int,
    *,
    quick: Fits | None = None,
) -> Made:
    """Choose a span, learn from it, prove it against the champion.

    `seen`: the champion learned from rows before it. `quick` compares the spans where `learner` takes long.
    """
    model, examples = request.model, data.examples
    window = window_rows(model, data)
    split = split_rows(examples.rows, seen=first_to_judge(request, seen), window=window, least=model.gate_rows)
    validation = examples.part(split.validation, split.hold_out)
    candidates = _fit_spans(examples, split, window, quick or learner)
    losses = {length: _losses(candidate, validation) for length, candidate in candidates.items()}
    span = choose_span(losses)
    challenger = learner.fit(learned := examples.part(max(0, split.hold_out - span), split.hold_out))
    hold_out = examples.part(split.hold_out, len(examples))
    shown = Shown.by(challenger, hold_out)
    verdict = gate(request, data, champion, shown)
    pipeline = challenger
    if verdict.verdict == "better":
        first = 0 if span >= split.validation else len(examples) - span
        pipeline = learner.fit(learned := examples.part(first, len(examples)))
    baseline, metrics = shown.baseline(model), shown.metrics(model)
    if baseline is None:  # with too few rows to judge on, what the candidate did on the validation rows is the best
        shown = Shown.by(candidates[span], validation)
        baseline = shown.baseline(model)
    return Made(
        pipeline=pipeline,
        learned=learned,
        baseline=baseline,
        metrics=metrics,
        shown=shown,
        profiled=data.newest(max(PROFILE_ROWS, min(len(learned) + len(hold_out), PROFILE_WINDOWS * window))),
        gate=verdict,
        judged_rows=judged_rows(hold_out),
        notes=(f"Learned from {len(learned)} rows; tried {len(losses)} spans and chose {span} rows.",),
        extra={
            "spans": {str(length): float(loss.mean()) for length, loss in losses.items()},
            "fits": len(losses) + 1 + (pipeline is not challenger),
            "hold_out": list(judged_rows(hold_out) or ()) or None,
        },
    )


def _fit_spans(examples: Examples, split: Split, window: int, learner: Fits) -> dict[int, Pipeline]:
    """A candidate for each span that ends where the validation rows begin."""
    production = int((examples.rows[: split.validation] >= 0).sum())
    spans = candidate_spans(window, production, split.validation)
    parts = {span: examples.part(split.validation - span, split.validation) for span in spans}
    candidates = {span: learner.fit(part) for span, part in parts.items() if part.teach}
    if not candidates:
        raise TrainingError(
            f"the {split.validation} labelled rows before those to be judged on have too few of some class to learn "
            "from; wait for more labels"
        )
    return candidates


def _losses(pipeline: Pipeline, examples: Examples) -> NDArray[np.float64]:
    """Squared error of the number, or of the true class's probability: bounded, and steadier than right or wrong."""
    prediction, probabilities = answers(pipeline, examples)
    if probabilities is None:
        return (prediction - examples.target) ** 2
    return (1 - probabilities[np.arange(len(examples)), examples.target]) ** 2
