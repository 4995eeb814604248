"""From a configuration to a scikit-learn pipeline: casting, preprocessing, learners, ensembles."""
