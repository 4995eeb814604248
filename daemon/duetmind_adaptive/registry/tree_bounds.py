"""Looks into the trees of a loaded model before anything walks them.

scikit-learn follows a tree's child and feature numbers without checking them: a crafted file could crash the process
or never end. A sound tree's children come after their parent and inside the tree, so one comparison per node tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from duetmind_adaptive.errors import ArtifactError

LEAF = -1
#: the classes that hold nodes: of forests, of histogram boosting, and all the trees of a search's booster together
TREES = ("Tree", "TreePredictor", "HistogramTrees")
#: packages whose objects are looked into
OPEN_PACKAGES = ("sklearn", "duetmind_adaptive")


def check_trees(model: object) -> None:
    """Raise ArtifactError if any tree in `model` points outside itself or its inputs."""
    for tree, features in _trees(model, 0, set()):
        if type(tree).__name__ == "Tree":
            inner = tree.children_left != LEAF
            _check(tree.children_left, tree.children_right, tree.feature, inner, features)
        elif type(tree).__name__ == "TreePredictor":
            _check_histogram_tree(tree.nodes, len(tree.raw_left_cat_bitsets), features)
        else:
            for nodes in _apart(tree.nodes, np.asarray(tree.ends, dtype=np.int64).ravel()):
                _check_histogram_tree(nodes, 0, tree.n_features_in_)


def _trees(value: object, features: int, seen: set[int]) -> Iterator[tuple[Any, int]]:
    """Every tree in `value`, with the number of inputs of the estimator it belongs to."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if type(value).__name__ in TREES:
        yield value, features
        return
    features = getattr(value, "n_features_in_", features)
    for part in _parts(value):
        yield from _trees(part, features, seen)


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.dtype == object):
        yield from value
    elif type(value).__module__.partition(".")[0] in OPEN_PACKAGES:
        yield from getattr(value, "__dict__", {}).values()


def _apart(nodes: NDArray[Any], ends: NDArray[np.int64]) -> list[NDArray[Any]]:
    """The nodes of each tree."""
    sizes = np.diff(ends, prepend=0)
    _require(bool((sizes > 0).all()) and int(sizes.sum()) == len(nodes))
    return np.split(nodes, ends[:-1])


def _check_histogram_tree(nodes: NDArray[Any], bitsets: int, features: int) -> None:
    inner = nodes["is_leaf"] == 0
    left, right = nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)
    _check(left, right, nodes["feature_idx"], inner, features)
    by_category = inner & (nodes["is_categorical"] != 0)
    _require(bool((nodes["bitset_idx"][by_category] < bitsets).all()))


def _check(
    left: NDArray[Any], right: NDArray[Any], feature: NDArray[Any], inner: NDArray[np.bool_], features: int
) -> None:
    places = np.arange(len(left))[inner]
    _require(len(left) > 0)
    for child in (left[inner], right[inner]):
        _require(bool(((child > places) & (child < len(left))).all()))
    _require(bool(((feature[inner] >= 0) & (feature[inner] < features)).all()))


def _require(sound: bool) -> None:
    if not sound:
        raise ArtifactError("the artifact holds a tree that points outside itself; it was damaged or tampered with")
