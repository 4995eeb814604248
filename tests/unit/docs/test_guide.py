"""The guide's Python, as written: each block in an interpreter of its own, in the order of the page.

What a block leaves to the reader (data, functions, modules of their own) is supplied before it, and what it promises is
looked at after it; the block itself is not changed. Names that an example uses without importing them are in the module
that it imports from.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "docs" / "guide.md"
SHARED = ROOT.parent / "shared" / "spec" / "000_2e8eb8960aa84839.txt"

#: seconds after which a block hangs
PATIENCE = 280


@dataclass(frozen=True)
class Supplied:
    """What stands before a block, and what is looked at after it."""

    before: str
    after: str
    #: whether it needs the extra `ray`
    ray: bool = False


TABLE = """
import numpy as np
import pandas as pd
rng = np.random.default_rng(0)
def rows(count, shift=0.0):
    x = rng.normal(size=(count, 4))
    frame = pd.DataFrame(x, columns=list("abcd"))
    frame["a"] += shift
    return frame, (x[:, 0] + 0.5 * rng.normal(size=count) > 0).astype(int)
"""

MONITOR = """
import asyncio
from duetmind_adaptive.training.enhanced_drift_monitoring import (
    AlertChannel, AlertConfig, ResponseAction, ResponseConfig
)
"""

ORCHESTRA = """
def training_function(data, config):
    return sum(data) + config["more"]
data, config = [1, 2, 3], {"more": 4}
"""

#: an application with a production monitor of its own; after two turns of the endless loop it is interrupted
THEIR_MLOPS = """
import sys, types
theirs = types.ModuleType("mlops.monitoring.production_monitor")
theirs.create_production_monitor = lambda: None
for name in ("mlops", "mlops.monitoring"):
    sys.modules[name] = types.ModuleType(name)
sys.modules[theirs.__name__] = theirs
production_data, production_metrics = rows(1000)[0], {"accuracy": 0.9}
retrained, turns, alert = [], [], None
alert_config = AlertConfig(enabled_channels=[AlertChannel.LOG])
response_config = ResponseConfig(
    enabled_actions=[ResponseAction.RETRAIN_MODEL], retrain_config={"callback": retrained.append}
)
async def get_current_production_data():
    return rows(500, 2.0)[0]
async def get_current_metrics():
    turns.append("one more")
    if len(turns) > 2:
        raise KeyboardInterrupt
    return {"accuracy": 0.9 if retrained else 0.6}
sleep = asyncio.sleep
async def no_hour(seconds, *rest):
    await sleep(0 if seconds == 3600 else seconds, *rest)
asyncio.sleep = no_hour
"""

#: rows with a diagnosis that can be told from them, and the file that they lie in
PATIENTS = """
reference_data, ill = rows(600)
baseline_metrics = {"accuracy": 0.8, "roc_auc": 0.85}
reference_data.assign(diagnosis=ill).to_csv("data.csv", index=False)
reference_data.assign(diagnosis=ill).to_csv("alzheimer_data.csv", index=False)
"""

#: what every workflow leaves: a version that serves, its file, and the folder for the daemon
SERVES = """
from pathlib import Path
assert results["workflow_id"] == workflow_id and results["version"] == 2 and results["serves"], results
assert results["better_than_chance"] and 0.8 < results["metrics"]["roc_auc"] <= 1, results["metrics"]
assert list(results["tasks"])[:4] == ["load", "validate", "split", "preprocess"], results["tasks"]
assert list(results["tasks"])[-3:] == ["evaluate", "register", "monitor"], results["tasks"]
from duetmind_adaptive import load_model
assert set(load_model(results["model_path"]).predict(reference_data)) == {0, 1}
assert Path("automation/duetmind.yaml").exists() and Path("automation/models/model/champion").exists()
"""

#: a training pipeline of the reader's own
THEIR_PIPELINE = """
import sys, types
theirs = types.ModuleType("training.train_alzheimers")
theirs.AlzheimerTrainingPipeline = object
sys.modules["training"] = types.ModuleType("training")
sys.modules[theirs.__name__] = theirs
"""

#: the block's own data as the file that it reads, as its reader would have written it
WRITTEN = """
import pandas as pd
to_frame = pd.DataFrame
def written(*given, **more):
    frame = to_frame(*given, **more)
    frame.to_csv("data.csv", index=False)
    pd.DataFrame = to_frame
    return frame
pd.DataFrame = written
"""

#: by the heading that a block stands below
SUPPLIED = {
    "1. AutoML Integration (`automl.py`)": Supplied(
        TABLE + "X_train, y_train = rows(300)\nX_val, y_val = rows(150)\n",
        "assert 0.8 < results['best_score'] <= 1, results['best_score']\nassert results['best_algorithm']\n",
    ),
    "2. Pipeline Customization (`custom_pipeline.py`)": Supplied(
        TABLE + "X, y = rows(200)\nX['job'] = rng.choice(['a', 'b'], 200)\n",
        "assert pipeline.fit(X, y).score(X, y) > 0.9\n",
    ),
    "3. Scalable Orchestration (`orchestration.py`)": Supplied(
        ORCHESTRA,
        "import os\nassert results[task_id] == 10, results\n"
        "assert 'cores' in results.tasks[task_id].note or os.cpu_count() >= 4, results.tasks[task_id]\n",
        ray=True,
    ),
    "4. Enhanced Drift Monitoring (`enhanced_drift_monitoring.py`)": Supplied(
        MONITOR
        + TABLE
        + "ref_data, current_data = rows(1000)[0], rows(500, 2.0)[0]\n"
        + "baseline = {'accuracy': 0.9, 'roc_auc': 0.95}\n"
        + "current_metrics = {'accuracy': 0.7, 'roc_auc': 0.8}\n",
        "assert results['drift'] and results['kinds'] == ['data', 'model'], results\n"
        "assert results['recommended_actions'] == ['retrain_model']\n"
        "assert '`host`' in monitor.warnings[0] and '`recipients`' in monitor.warnings[0]\n"
        "assert results['alerts'][0].delivered == {'log': 'delivered: written to the log'}\n",
    ),
    "5. Integrated System (`automation_system.py`)": Supplied(TABLE + PATIENTS, SERVES),
    "Quick Start": Supplied(
        WRITTEN,
        "assert results['better_than_chance'] is False and not results['serves'], results\n"
        "assert 'no better than chance' in results['notes'][0], results['notes']\n"
        "assert results['stopped_by'] in {'nothing more to gain', 'time'}, results['stopped_by']\n",
    ),
    "Training Pipeline Integration": Supplied(
        TABLE + PATIENTS + THEIR_PIPELINE, SERVES + "assert set(results['scores']) == {'automl', 'pipeline'}, results\n"
    ),
    "MLOps Integration": Supplied(
        MONITOR + TABLE + THEIR_MLOPS,
        "try:\n    asyncio.run(monitoring_loop())\nexcept KeyboardInterrupt:\n    pass\n"
        "assert len(retrained) == 1, retrained\nassert len(enhanced_monitor.history) == 2\n",
    ),
    "Debug Mode": Supplied(
        "",
        MONITOR
        + TABLE
        + "from duetmind_adaptive.training.enhanced_drift_monitoring import create_enhanced_drift_monitor\n"
        "import io\n"
        "said = io.StringIO()\n"
        "logging.getLogger().handlers[0].setStream(said)\n"
        "create_enhanced_drift_monitor(rows(500)[0]).detect_comprehensive_drift(rows(500, 2.0)[0])\n"
        "assert 'INFO:duetmind_adaptive.service.decisions:policy.decided' in said.getvalue(), said.getvalue()\n",
    ),
}


def blocks() -> list[tuple[str, str]]:
    """Every Python block of the guide in its order, with the heading that it stands below."""
    text = GUIDE.read_text()
    headings = [(match.start(), match[1]) for match in re.finditer(r"^##+ (.*)$", text, flags=re.MULTILINE)]
    found = re.finditer(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return [([name for at, name in headings if at < match.start()][-1], match[1]) for match in found]


BLOCKS = blocks()


def run(heading: str, folder: Path, *, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run the block below a heading, with what is supplied, in a fresh interpreter."""
    (block,) = (code for name, code in BLOCKS if name == heading)
    parts = (before + SUPPLIED[heading].before, block, SUPPLIED[heading].after)
    (folder / "parts.json").write_text(json.dumps(parts))
    # one namespace, three pieces of code: the block is compiled as it stands on the page
    script = (
        "import json\n"
        "names = {'__name__': '__main__'}\n"
        "for name, code in zip(('before', 'block', 'after'), json.load(open('parts.json'))):\n"
        "    exec(compile(code, name, 'exec'), names)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=PATIENCE, cwd=folder
    )


def test_the_page_is_the_guide() -> None:
    if SHARED.exists():
        assert GUIDE.read_text() == SHARED.read_text().replace("from src.", "from ")
    assert "from src." not in GUIDE.read_text()


def test_every_block_is_run() -> None:
    names = [name for name, _ in BLOCKS]
    assert len(set(names)) == len(names) == 9
    assert set(SUPPLIED) == set(names)


@pytest.mark.parametrize("heading", [name for name, _ in BLOCKS if name in SUPPLIED and not SUPPLIED[name].ray])
def test_a_block_runs_as_written(heading: str, tmp_path: Path) -> None:
    done = run(heading, tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]


def test_without_ray_the_block_that_asks_for_it_says_what_to_install(tmp_path: Path) -> None:
    heading = next(name for name, supplied in SUPPLIED.items() if supplied.ray)
    done = run(heading, tmp_path, before="import sys\nsys.modules['ray'] = None\n")
    assert done.returncode == 1
    assert "ImportError" in done.stderr.splitlines()[-1]
    assert "duetmind-adaptive[ray]" in done.stderr.splitlines()[-1]


@pytest.mark.ray
def test_with_ray_it_runs_on_all_the_cores_there_are_and_says_so(tmp_path: Path) -> None:
    heading = next(name for name, supplied in SUPPLIED.items() if supplied.ray)
    done = run(heading, tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
