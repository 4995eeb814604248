"""Free text as the weights of its words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer

#: words of a column that become columns, the commonest ones: more would crowd out the other features
WORDS = 100


class TextVectorizer(TransformerMixin, BaseEstimator):
    """TF-IDF weights of the commonest words of each column; a missing text has none.

    Unlike scikit-learn's `TfidfVectorizer`, which it uses, it takes a frame of columns, missing values, and a column
    in which there is no word at all.

    Parameters
    ----------
    words : int
        How many words of each column are kept.

    Examples
    --------
    >>> notes = pd.DataFrame({"note": ["late again", "paid late", None]})
    >>> vectorizer = TextVectorizer().fit(notes)
    >>> vectorizer.get_feature_names_out().tolist()
    ['note__again', 'note__late', 'note__paid']
    >>> vectorizer.transform(notes).toarray().round(2).tolist()[1:]
    [[0.0, 0.61, 0.8], [0.0, 0.0, 0.0]]
    """

    def __init__(self, words: int = WORDS) -> None:
        self.words = words

    def fit(self, X: pd.DataFrame, y: object = None) -> TextVectorizer:  # noqa: N803, ARG002 - scikit-learn's names
        """Learn the words of each column and how rare they are."""
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        self.vectorizers_ = [self._learn(X.iloc[:, at]) for at in range(X.shape[1])]
        return self

    def transform(self, X: pd.DataFrame) -> sparse.csr_matrix:  # noqa: N803 - scikit-learn's name
        """Weights, shape (rows, words of all columns)."""
        parts = [
            vectorizer.transform(_texts(X.iloc[:, at])) if vectorizer else sparse.csr_matrix((len(X), 0))
            for at, vectorizer in enumerate(self.vectorizers_)
        ]
        return sparse.csr_matrix(sparse.hstack(parts, format="csr"))

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's signature
        """`COLUMN__word` for each column that `transform` gives."""
        names = [
            f"{column}__{word}"
            for column, vectorizer in zip(self.feature_names_in_, self.vectorizers_, strict=True)
            for word in (vectorizer.get_feature_names_out() if vectorizer else ())
        ]
        return np.asarray(names, dtype=object)

    def _learn(self, values: pd.Series) -> Any:
        texts = _texts(values)
        vectorizer = TfidfVectorizer(max_features=self.words)
        analyse = vectorizer.build_analyzer()
        return vectorizer.fit(texts) if any(analyse(text) for text in texts) else None


def _texts(values: pd.Series) -> list[str]:
    return values.astype(object).where(values.notna(), "").tolist()
