"""Asks a saved model: `python -m benchmarks.automl_inside ARTIFACT TEST` prints one JSON object."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import pandas as pd

from benchmarks.automl_data import TARGET
from benchmarks.automl_score import measured
from duetmind_adaptive.registry.artifact import load_artifact


def main() -> None:
    """Load, answer, measure."""
    artifact, test = Path(sys.argv[1]), sys.argv[2]
    model = load_artifact(artifact, hashlib.sha256(artifact.read_bytes()).hexdigest())
    print(
        json.dumps(
            {**measured(model.predict_proba, pd.read_parquet(test), TARGET), "mb": artifact.stat().st_size / 1e6}
        )
    )


if __name__ == "__main__":
    main()
