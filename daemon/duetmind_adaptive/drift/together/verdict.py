"""The verdict on a window's columns together: four tests, each with a smallest change that counts.

The tests share the probability of a false alarm evenly (Bonferroni), and the correlation test does so over its pairs.
What chance and natural change allow comes from the reference's blocks (`learned`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.check_report import Multivariate
from duetmind_adaptive.drift.together.learned import Centre, Learned, scored_halves, spaced
from duetmind_adaptive.records import TestResult
from duetmind_adaptive.stats.batch_means import Mean, Part, mean_of_rows, welch
from duetmind_adaptive.stats.domain_classifier import ToldApart, tell_apart
from duetmind_adaptive.stats.normal_scores import Scores, normal_scores
from duetmind_adaptive.stats.pca_reconstruction import reconstruction_errors
from duetmind_adaptive.stats.rank_correlation import rank_correlations

Floats = NDArray[np.float64]

#: smallest changes that count: of a correlation, of the reconstruction error relative to itself, of the mean features
#: relative to their length, and of the classifier's AUC above 0.5 (0.556 is what a shift of 0.2 sd gives)
LEAST = {"rank_correlation": 0.15, "pca_reconstruction": 0.1, "mmd": 0.03, "domain_classifier": 0.055}
#: columns and pairs that a report names
NAMED = 5
#: degrees of freedom of an AUC's sampling variance, about those of batch means
_FREEDOM = 31.0


class Changed(NamedTuple):
    """One test: its statistic, its p-value and the size of the change in the unit of `LEAST`."""

    statistic: float
    p_value: float
    size: float


def examine(learned: Learned, window: Floats, sources: Sequence[str], *, alpha: float) -> Multivariate:
    """Test whether columns of a window go together as in the reference.

    Parameters
    ----------
    learned
        The reference's side.
    window
        Encoded rows, shape (n, d), n ≥ 20, d ≥ 2, in the order of time.
    sources
        The column that each of the d numbers comes from.
    alpha
        Largest probability of a false alarm.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> learned = Learned.of(list(rng.normal(size=(5, 1000, 3))))
    >>> x = rng.normal(size=(1000, 3))
    >>> examine(learned, x, "abc", alpha=0.001).drift
    False
    >>> x[:, 2] = 0.6 * x[:, 0] + 0.8 * x[:, 2]  # margins as before
    >>> found = examine(learned, x, "abc", alpha=0.001)
    >>> found.drift, found.features[0][0]
    (True, 'a × c')
    """
    scores = normal_scores(window)
    told = tell_apart(learned.rows, spaced(window))
    correlation, pair = _correlation(learned.correlations, scores, sources)
    changed = {
        "rank_correlation": correlation,
        "pca_reconstruction": _plane(learned, scores),
        "mmd": _kernel(learned, window),
        "domain_classifier": _classifier(learned, told),
    }
    telling = [name for name, test in changed.items() if _tells(name, test, alpha / len(changed))]
    features = _leans(told, sources)
    return Multivariate(
        drift=bool(telling),
        tests={name: TestResult(statistic=test.statistic, p_value=test.p_value) for name, test in changed.items()},
        auc=told.auc,
        features=features,
        reason=_sentence(telling, told.auc, features, pair),
    )


def _tells(name: str, test: Changed, alpha: float) -> bool:
    return test.p_value <= alpha and test.size >= LEAST[name]


def _correlation(centre: Centre, scores: Scores, sources: Sequence[str]) -> tuple[Changed, str]:
    """The pair of columns whose correlation changed most surely, and by how much, in words."""
    found = rank_correlations(scores)
    t, p = centre.shift(found, len(scores.values))
    names = np.array(list(sources))
    a, b = np.triu_indices(len(names), 1)
    apart = names[a] != names[b]
    a, b = a[apart], b[apart]
    if not a.size:
        return Changed(0.0, 1.0, 0.0), ""
    change = np.abs(found.value - centre.value)[a, b]
    counts = change >= LEAST["rank_correlation"]
    surest = int(np.argmin(np.where(counts, p[a, b], 1 + p[a, b])))
    at = a[surest], b[surest]
    words = f"{names[at[0]]} and {names[at[1]]} correlate {found.value[at]:.2f} instead of {centre.value[at]:.2f}"
    return Changed(float(t[at]), min(float(p[at]) * a.size, 1.0), float(change[surest])), words


def _plane(learned: Learned, scores: Scores) -> Changed:
    found = mean_of_rows(reconstruction_errors(scores.values, learned.plane))
    t, p = learned.errors.shift(found, len(scores.values))
    usual = float(learned.errors.value)
    return Changed(float(t), float(p), abs(float(found.value) - usual) / usual if usual > 0 else 0.0)


def _kernel(learned: Learned, window: Floats) -> Changed:
    """One half of the window says in which direction its mean features differ, the other whether they do."""
    first, second = (learned.features(half.values) for half in scored_halves(window))
    witness = first.mean(axis=0) - learned.taught
    centre = Centre.of([mean_of_rows(block @ witness) for block in learned.held], len(learned.held[0]))
    found = mean_of_rows(second @ witness)
    further = (found.value - centre.value) / learned.unrest
    t, p = centre.shift(Mean(centre.value + further, found.variance, found.freedom), len(second))
    square = max(float(found.value - centre.value), 0.0)
    return Changed(square, float(p) / 2 if t > 0 else 1.0, square**0.5)


def _classifier(learned: Learned, told: ToldApart) -> Changed:
    """Whether the window is told apart better than single blocks of the reference are from the others."""
    natural = learned.natural_aucs
    parts = [Part(np.array(told.variance), _FREEDOM)]
    usual = 0.5
    if natural.size:
        usual = max(0.5, float(natural.mean()))
        parts.append(Part(np.array(natural.var(ddof=1) * (1 + 1 / natural.size)), natural.size - 1.0))
    t, p = welch(np.array(told.auc - usual), *parts)
    return Changed(told.auc, float(p) / 2 if t > 0 else 1.0, told.auc - usual)


def _leans(told: ToldApart, sources: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """What the classifier leans on, indicators of one column taken together."""
    shares = dict[str, float]()
    for a, b in np.argwhere(told.leans > 0):
        first, second = sources[int(a)], sources[int(b)]
        name = first if first == second else f"{first} × {second}"
        shares[name] = shares.get(name, 0.0) + float(told.leans[a, b])
    largest = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    return tuple(largest[:NAMED])


def _sentence(telling: Sequence[str], auc: float, features: Sequence[tuple[str, float]], pair: str) -> str:
    if not telling:
        return ""
    if "rank_correlation" in telling:
        return f"The columns go together differently: {pair} (a classifier tells them apart with AUC {auc:.2f})."
    named = ", ".join(name for name, _ in features[:3])
    return f"The columns together are unlike the reference: a classifier tells them apart (AUC {auc:.2f}) by {named}."
