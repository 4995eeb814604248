"""One check of the drift workload by a peer: `PEER_PYTHON drift_peer.py NAME CONFIG FOLDER` prints one JSON object.

Runs in the peer's own environment, so it imports nothing of this project. Told apart are the import and the
comparison of two data frames that are in memory; the process, once through, is what a script costs.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

#: share of NannyML's chunks that must alert for a column to be called drifted
CHUNKS_ALERTING = 0.5


def evidently(reference: Any, current: Any, config: str, numbers: list[str], words: list[str]) -> tuple[set[str], bool]:
    """Its data-drift preset: as it comes, or with KS and chi-square; columns whose test fails, and the data set's."""
    peer, presets = import_module("evidently"), import_module("evidently.presets")
    methods = {"num_method": "ks", "cat_method": "chisquare"} if config == "ks_chi2" else {}
    definition = peer.DataDefinition(numerical_columns=numbers, categorical_columns=words)
    sides = [peer.Dataset.from_pandas(side, data_definition=definition) for side in (current, reference)]
    found = peer.Report([presets.DataDriftPreset(**methods)], include_tests=True).run(*sides).dict()
    flagged, verdict = set(), False
    for test in found["tests"]:
        failed, parameters = test["status"] == "FAIL", test["metric_config"]["params"]
        if "column" not in parameters:
            verdict = failed
        elif failed:
            flagged.add(parameters["column"])
    return flagged, verdict


def nannyml(reference: Any, current: Any, config: str, numbers: list[str], words: list[str]) -> tuple[set[str], bool]:
    """Its univariate calculator with ten chunks: Jensen-Shannon as it comes, or KS and chi-square."""
    of_numbers, of_words = ("kolmogorov_smirnov", "chi2") if config == "ks_chi2" else ("jensen_shannon",) * 2
    calculator = import_module("nannyml").UnivariateDriftCalculator(
        column_names=numbers + words,
        treat_as_categorical=words,
        continuous_methods=[of_numbers],
        categorical_methods=[of_words],
    )
    frame = calculator.fit(reference).calculate(current).filter(period="analysis").to_df()
    methods = {**dict.fromkeys(numbers, of_numbers), **dict.fromkeys(words, of_words)}
    shares = {name: frame[name][method]["alert"].astype(float).mean() for name, method in methods.items()}
    return {name for name, share in shares.items() if share >= CHUNKS_ALERTING}, any(shares.values())


def main() -> None:
    """Import the peer, read the files, compare, print."""
    name, config, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    began = time.perf_counter()
    import_module(name)
    imported = time.perf_counter() - began
    pd = import_module("pandas")
    sides = [pd.read_parquet(folder / f"{side}.parquet") for side in ("reference", "current")]
    numbers = [column for column in sides[0] if column.startswith("num")]
    words = [column for column in sides[0] if column.startswith("cat")]
    began = time.perf_counter()
    flagged, verdict = {"evidently": evidently, "nannyml": nannyml}[name](*sides, config, numbers, words)
    seconds = time.perf_counter() - began
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answer = {"import": imported, "seconds": seconds, "mb": megabytes}
    print(json.dumps({**answer, "flagged": sorted(flagged), "drift": bool(verdict)}))


if __name__ == "__main__":
    main()
