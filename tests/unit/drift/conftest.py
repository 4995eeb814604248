"""Real streams for the drift room: the shared folder's where it is mounted, else the bundled one."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "data"
BUNDLED = ROOT / "daemon" / "duetmind_adaptive" / "data" / "bank_marketing.parquet"
#: the bundled set's own reference period and window borders
BANK_REFERENCE = 24_064
BANK_WINDOWS = (24_064, 27_690, 30_430, 33_000, 36_224, 37_887, 39_568, 41_188)


@dataclass(frozen=True)
class Stream:
    """A reference, what came after it, and which columns are features."""

    reference: pa.Table
    production: pa.Table
    features: list[str]


def bank_stream() -> Stream:
    table = pq.read_table(BUNDLED)
    features = [name for name in table.column_names if name not in {"timestamp", "target"}]
    return Stream(table.slice(0, BANK_REFERENCE), table.slice(BANK_REFERENCE), features)


@pytest.fixture(scope="session")
def bank() -> Stream:
    """A stream that drifts from its first production window on."""
    return bank_stream()


@pytest.fixture(scope="session")
def shuffled() -> Stream:
    """A stream whose rows are in random order, so that nothing drifts."""
    sidecar = SHARED / "diabetes_130us_shuffled.json"
    if not sidecar.exists():
        stream = bank_stream()
        whole = pa.concat_tables([stream.reference, stream.production])
        whole = whole.take(np.random.default_rng(20).permutation(whole.num_rows))
        return Stream(whole.slice(0, BANK_REFERENCE), whole.slice(BANK_REFERENCE), stream.features)
    facts = json.loads(sidecar.read_text())
    table = pq.read_table(SHARED / facts["file"])
    split = facts["windows"]["reference"]["end_row"]
    return Stream(table.slice(0, split), table.slice(split), facts["features"])
