"""The types that a search's model holds, for the allow-list by which artifacts are loaded.

All are plain holders of arrays, numbers and estimators: making one runs no code but assigning its attributes.
"""

from __future__ import annotations

_HERE = "duetmind_adaptive.training.automl"

TYPES = (
    f"{_HERE}.blend.BlendClassifier",
    f"{_HERE}.blend.BlendRegressor",
    f"{_HERE}.dense.DenseInputs",
    f"{_HERE}.families.forests.Forest",
    f"{_HERE}.families.histogram_trees.HistogramTrees",
    f"{_HERE}.families.lightgbm_trees.LightgbmTrees",
    f"{_HERE}.families.linear.Linear",
    f"{_HERE}.families.networks.Network",
    f"{_HERE}.families.xgboost_trees.XgboostTrees",
    f"{_HERE}.matrix.MatrixCoder",
    f"{_HERE}.target_means.TargetMeans",
    f"{_HERE}.tree_inputs.TreeInputs",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
)
