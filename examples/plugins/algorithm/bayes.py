"""Naive Bayes, for classes only: `model: {algorithm: bayes, hyperparameters: {var_smoothing: 0.001}}`."""

from duetmind_adaptive.contracts import Algorithm

BAYES = Algorithm(classifier="sklearn.naive_bayes:GaussianNB", regressor=None)
