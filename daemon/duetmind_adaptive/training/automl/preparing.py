"""The first task of a search, in a worker: the frame becomes a matrix in files that all workers map into memory."""

from __future__ import annotations

import hashlib
import pickle
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from duetmind_adaptive.training.automl.matrix import MatrixCoder
from duetmind_adaptive.training.automl.orders import Prepared

#: rows that the finished model is timed on
TIMED_ROWS = 1_000


def prepare(home: Path, kinds: Mapping[str, str]) -> Prepared:
    """Code `frame.pickle` beside `y.npy` and `folds.npy`, which are there already.

    Parameters
    ----------
    home
        The search's folder.
    kinds
        Of the columns that are learned from.
    """
    began, began_processor = time.perf_counter(), time.process_time()
    frame: pd.DataFrame = pickle.loads((home / "frame.pickle").read_bytes())  # noqa: S301 - written by this search
    coder = MatrixCoder(dict(kinds))
    matrix = coder.fit_transform(frame)
    np.save(home / "x.npy", matrix)
    (home / "coder.pickle").write_bytes(pickle.dumps(coder, protocol=pickle.HIGHEST_PROTOCOL))
    sample = frame.iloc[np.resize(np.arange(len(frame)), TIMED_ROWS)]
    (home / "sample.pickle").write_bytes(pickle.dumps(sample, protocol=pickle.HIGHEST_PROTOCOL))
    (home / "frame.pickle").unlink()
    digest = hashlib.sha256(repr(sorted(kinds.items())).encode())
    for name in ("x", "y", "folds"):
        digest.update((home / f"{name}.npy").read_bytes())
    return Prepared(
        fingerprint=digest.hexdigest()[:32],
        categories=coder.categories,
        columns=matrix.shape[1],
        wall=time.perf_counter() - began,
        processor=time.process_time() - began_processor,
    )
