"""What the reference shows of how its columns go together, and how much of that varies by itself.

It is cut into blocks that last as long as a window, each looked at as a window is. Their mean is what a window is held
against; what they vary by more than their own batches explain is natural: seasons, slow dependence. With one block
nothing is learned of that, and only the batches within each side count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.stats.batch_means import Mean, Part, batch_edges, mean_of_rows, welch
from duetmind_adaptive.stats.domain_classifier import tell_apart
from duetmind_adaptive.stats.mmd import RandomFeatures
from duetmind_adaptive.stats.normal_scores import Scores, normal_scores
from duetmind_adaptive.stats.pca_reconstruction import components, reconstruction_errors
from duetmind_adaptive.stats.rank_correlation import rank_correlations

Floats = NDArray[np.float64]

#: seed of the random features: the same reference is always looked at in the same way
SEED = 20_240_229
#: blocks that are told apart from the others, at most, and rows that a classifier sees of either side
TOLD_APART, CLASSIFIED_ROWS = 6, 2_000


@dataclass(frozen=True, slots=True, eq=False)
class Centre:
    """Means of functions of a row over the reference, and what a window's may differ from them by."""

    value: Floats
    #: what is not known of `value`
    uncertain: Part
    #: variance from block to block beyond that of rows
    natural: Part
    #: variance of rows: of a mean, times the rows it is over
    by_row: Floats

    @classmethod
    def of(cls, blocks: Sequence[Mean], rows: int) -> Centre:
        """From the means of blocks of `rows` each."""
        variances = np.mean([block.variance for block in blocks], axis=0)
        values = np.array([block.value for block in blocks])
        mean, none = values.mean(axis=0), np.zeros_like(variances)
        if len(blocks) == 1:
            return cls(mean, Part(variances, blocks[0].freedom), Part(none, 1.0), variances * rows)
        between, freedom = values.var(axis=0, ddof=1), float(len(blocks) - 1)
        beyond = between - variances
        natural = np.maximum(beyond, max(float(beyond.mean()), 0.0))
        return cls(mean, Part(between / len(blocks), freedom), Part(natural, freedom), variances * rows)

    def shift(self, window: Mean, rows: int) -> tuple[Floats, Floats]:
        """Student's t and p-value, two-sided, of a window of `rows` rows lying apart from the reference's blocks."""
        sampling = np.maximum(window.variance, self.by_row / rows)
        return welch(window.value - self.value, Part(sampling, window.freedom), self.uncertain, self.natural)


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """The reference's side of the tests."""

    correlations: Centre
    plane: Floats
    errors: Centre
    features: RandomFeatures
    #: mean features of the rows that witnesses are learned on
    taught: Floats
    #: features of the other rows, block by block
    held: tuple[Floats, ...]
    #: how much more than chance allows the blocks themselves differ by this measure, ≥ 1
    unrest: float
    #: encoded rows of all blocks, one after the other, for a classifier
    rows: Floats
    #: how well classifiers tell single blocks from the others; empty for a few blocks
    natural_aucs: Floats

    @classmethod
    def of(cls, blocks: Sequence[Floats]) -> Learned:
        """Learn from encoded blocks, each shape (n, d), n ≥ 20, d ≥ 2, in the order of time."""
        scored = [normal_scores(block) for block in blocks]
        length = len(blocks[0])
        halves = [scored_halves(block) for block in blocks]
        taught = [rank_correlations(first).value for first, _ in halves]
        plane = components(np.mean(taught, axis=0))
        errors = [mean_of_rows(reconstruction_errors(second.values, plane)) for _, second in halves]
        features = RandomFeatures.fit(np.concatenate([each.values for each in scored]), np.random.default_rng(SEED))
        firsts = np.array([features(first.values).mean(axis=0) for first, _ in halves])
        held = tuple(features(second.values) for _, second in halves)
        return cls(
            correlations=Centre.of([rank_correlations(each) for each in scored], length),
            plane=plane,
            errors=Centre.of(errors, len(halves[0][1].values)),
            features=features,
            taught=firsts.mean(axis=0),
            held=held,
            unrest=_unrest(firsts, np.array([each.mean(axis=0) for each in held])),
            rows=spaced(np.concatenate(blocks)),
            natural_aucs=_natural_aucs(blocks),
        )


def scored_halves(rows: Floats) -> tuple[Scores, Scores]:
    """Every other batch of rows, to learn on, and those between, to test on.

    Each half is scored by itself: ranks that the two share would make one the mirror of the other.
    """
    edges = batch_edges(len(rows))
    odd = np.repeat(np.arange(len(edges) - 1) % 2 == 1, np.diff(edges))
    if not odd.any():
        odd = np.arange(odd.size) % 2 == 1
    return normal_scores(rows[~odd]), normal_scores(rows[odd])


def spaced(rows: Floats) -> Floats:
    """As many of the rows as a classifier looks at, evenly spaced."""
    return (
        rows if len(rows) <= CLASSIFIED_ROWS else rows[np.linspace(0, len(rows) - 1, CLASSIFIED_ROWS).astype(np.intp)]
    )


def _natural_aucs(blocks: Sequence[Floats]) -> Floats:
    if len(blocks) < 3:
        return np.empty(0)
    chosen = np.unique(np.linspace(0, len(blocks) - 1, TOLD_APART).astype(np.intp))
    others = ([block for place, block in enumerate(blocks) if place != one] for one in chosen)
    return np.array(
        [
            tell_apart(spaced(np.concatenate(rest)), spaced(blocks[one])).auc
            for one, rest in zip(chosen, others, strict=True)
        ]
    )


def _unrest(firsts: Floats, seconds: Floats) -> float:
    """Root mean square of what the witness of each block finds in its other half, in deviations of the other blocks."""
    if len(firsts) < 3:
        return 1.0
    found = (firsts - firsts.mean(axis=0)) @ (seconds - seconds.mean(axis=0)).T
    own = np.diag(found)
    spread = np.sqrt((np.sum(found**2, axis=1) - own**2) / (len(firsts) - 1))
    return max(1.0, float(np.sqrt(np.mean((own / np.maximum(spread, 1e-12)) ** 2))))
