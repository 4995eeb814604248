"""How a version comes about: the first from the reference, later ones from recent rows, proved against the champion.

A later version goes through four steps on labelled rows in time order:

    … older rows | validation | hold-out |  now

1. each candidate (`tasks.candidates`: spans, weights by age, versions that served before) is measured on the validation
   rows, and one is chosen;
2. what was chosen is fitted again, ending where the hold-out begins: the challenger. A version from before is not;
3. challenger and champion answer the hold-out, which neither was trained on, and the gate compares them;
4. a challenger that is better is fitted once more on the same number of rows up to now, hold-out included; a version
   from before stays as it is.

Step 4 trades a purist's point for a better model: what serves is the recipe that won, not the very artifact. After
an abrupt change the hold-out holds half of all rows of the new regime, and without them the version that wins is out of
date when it starts (measured on four streams: mean metric 0.802 with step 4, 0.771 without). The baseline is
the challenger's, of step 3, hence honest; a rejected challenger is kept as it was in step 3.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
from sklearn.pipeline import Pipeline

from duetmind_adaptive.records import GateResult, MetricReading, VersionRef
from duetmind_adaptive.settings.model import Model
from duetmind_adaptive.tasks.candidates import Fits, Trials, try_out
from duetmind_adaptive.tasks.former import Former
from duetmind_adaptive.tasks.judging import first_to_judge, gate, judged_rows
from duetmind_adaptive.tasks.requests import TrainRequest
from duetmind_adaptive.tasks.shown import Shown
from duetmind_adaptive.tasks.training_data import TrainingData, window_rows
from duetmind_adaptive.training.examples import Examples
from duetmind_adaptive.training.fitting import Learner
from duetmind_adaptive.training.spans import split_rows

#: of the reference, measured by a first model that learned from the rows before
BASELINE_SHARE = 0.3
#: the profile of a later version describes its newest rows, at most these windows of them and at least these rows
PROFILE_WINDOWS, PROFILE_ROWS = 16, 2000


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
    #: the version from before that it is; `learned` is empty then
    former: Former | None = None


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
    """Choose what to learn from, learn from it, prove it against the champion.

    `seen`: the champion learned from rows before it. `quick` compares the candidates where `learner` takes long.
    """
    model, examples = request.model, data.examples
    window = window_rows(model, data)
    split = split_rows(examples.rows, seen=first_to_judge(request, seen), window=window, least=model.gate_rows)
    hold_out = examples.part(split.hold_out, len(examples))
    trials = try_out(request, data, split, window, quick or learner, weighs=_weighs(learner))
    shown = trials.former.show(data, hold_out) if trials.former else None
    if trials.former and shown is not None:
        made = _again(trials.former, trials, shown, gate(request, data, champion, shown), model)
    else:
        made = _anew(request, data, learner, champion, trials, hold_out=split.hold_out)
    baseline, shown = made.baseline, made.shown
    if baseline is None:  # with too few rows to judge on, what the candidate did on the validation rows is the best
        shown = trials.shown
        baseline = shown.baseline(model)
    learned = made.former.loaded.manifest.train_size if made.former else len(made.learned)
    return replace(
        made,
        baseline=baseline,
        shown=shown,
        profiled=data.newest(max(PROFILE_ROWS, min(learned + len(hold_out), PROFILE_WINDOWS * window))),
        judged_rows=judged_rows(hold_out),
        extra={
            "spans": {str(length): loss for length, loss in trials.spans.items()},
            "half_lives": {str(length): loss for length, loss in trials.half_lives.items()},
            "versions": {str(number): loss for number, loss in trials.versions.items()},
            "fits": trials.fits + made.extra["fits"],
            "hold_out": list(judged_rows(hold_out) or ()) or None,
        },
    )


def _anew(
    request: TrainRequest,
    data: TrainingData,
    learner: Fits,
    champion: VersionRef,
    trials: Trials,
    *,
    hold_out: int,
) -> Made:
    """Steps 2 to 4: fit, prove, and fit once more what proved itself; the hold-out begins at a place in the line."""
    model, examples, recipe = request.model, data.examples, trials.recipe
    pipeline, learned = recipe.fit(learner, examples.part(0, hold_out))
    shown = Shown.by(pipeline, examples.part(hold_out, len(examples)))
    verdict = gate(request, data, champion, shown)
    better = verdict.verdict == "better"
    if better:  # what was every row there was is every row there is
        whole = recipe.span >= trials.rows
        pipeline, learned = (replace(recipe, span=len(examples)) if whole else recipe).fit(learner, examples)
    return Made(
        pipeline=pipeline,
        learned=learned,
        baseline=shown.baseline(model),
        metrics=shown.metrics(model),
        shown=shown,
        profiled=data.reference,
        gate=verdict,
        notes=(f"Learned from {len(learned)} rows; {trials.words}.",),
        extra={"fits": 1 + better},
    )


def _again(former: Former, trials: Trials, shown: Shown, verdict: GateResult, model: Model) -> Made:
    """Step 3 for a version that served before: it is fitted already, and stays as it is."""
    number = former.version.version
    said = f"Version {number}, which served before, answers the newest rows better than what was fitted anew."
    return Made(
        pipeline=former.loaded.pipeline,
        learned=shown.examples.part(0, 0),
        baseline=shown.baseline(model),
        metrics=shown.metrics(model),
        shown=shown,
        profiled=pa.table({}),
        gate=replace(verdict, reason=f"{said} {verdict.reason}"),
        notes=(f"The model of version {number}; {trials.words}, and that version did better.",),
        extra={"fits": 0},
        former=former,
    )


def _weighs(learner: Fits) -> bool:
    return isinstance(learner, Learner) and learner.weighs()
