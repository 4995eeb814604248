"""AutoML: finds, tunes and blends models of a table within a time, in processes of its own (the guide's section 1)."""

from duetmind_adaptive.training.automl.optimizer import AutoMLOptimizer, create_automl_optimizer

__all__ = ["AutoMLOptimizer", "create_automl_optimizer"]
