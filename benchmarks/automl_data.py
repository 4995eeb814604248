"""Tables for the AutoML benchmark, split by a seed: the open sets beside the repository, or scikit-learn's."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.model_selection import train_test_split

#: measured on only, never shipped
DATA = Path(__file__).parents[2] / "shared" / "data" / "automl"
TARGET = "target"
TEST_SHARE = 0.3


def tables(*, quick: bool) -> dict[str, pd.DataFrame]:
    """Name to table; the small ones where the open sets are not there."""
    files = sorted(DATA.glob("*.parquet"))
    if files and not quick:
        return {file.stem: pd.read_parquet(file) for file in files}
    found: dict[str, pd.DataFrame] = {}
    for name, load in (("breast_cancer", load_breast_cancer), ("wine", load_wine)):
        bunch = load(as_frame=True)
        found[name] = bunch.data.assign(**{TARGET: bunch.target})
    return found


def split(table: pd.DataFrame, seed: int, folder: Path) -> tuple[Path, Path]:
    """Stratified files of 70 % and 30 % of the rows; classes are codes."""
    codes = {name: code for code, name in enumerate(sorted(table[TARGET].unique()))}
    coded = table.assign(**{TARGET: table[TARGET].map(codes).astype(int)})
    parts = train_test_split(coded, test_size=TEST_SHARE, random_state=seed, stratify=coded[TARGET])
    folder.mkdir(parents=True, exist_ok=True)
    files = folder / "train.parquet", folder / "test.parquet"
    for part, file in zip(parts, files, strict=True):
        part.reset_index(drop=True).to_parquet(file)
    return files
