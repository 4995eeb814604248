"""What other people use for the same work, each in a virtual environment of its own: their pins exclude ours.

An environment is made once, by pip, in `duetmind-peers` of the user's cache (XDG_CACHE_HOME, or the folder that
DUETMIND_PEERS names), and used again from then on. A peer that cannot be installed is left out of the table with its
reason: figures without peers are worth something, a benchmark that stops is not.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

#: what pip is asked for; NannyML's own pins bring its pandas, Evidently fails to import with pandas 3, and
#: NannyML needs what it does not name
PEERS = {
    "evidently": ("evidently==0.7.23", "pandas<3"),
    "nannyml": ("nannyml==0.13.1", "statsmodels"),
    "automl_lightgbm": ("lightgbm==4.7.0", "scikit-learn", "pandas", "pyarrow"),
    "automl_optuna": ("optuna==5.0.0", "lightgbm==4.7.0", "scikit-learn", "pandas", "pyarrow"),
    "automl_flaml": ("flaml[automl]==2.7.0", "scikit-learn", "pandas", "pyarrow"),
    "workflows_ray": ("ray==2.60.0",),
    "workflows_dask": ("distributed==2026.8.0",),
    "workflows_prefect": ("prefect==3.9.1",),
    "automl_autogluon": ("autogluon.tabular[lightgbm,xgboost,catboost]==1.6.3", "pyarrow"),
}
#: seconds that an installation may take: hundreds of megabytes come over the network
PATIENCE = 1_800
#: lines of pip's that are shown when it fails
LINES = 3


def peer_python(name: str) -> Path | None:
    """The interpreter that can import a peer; None, with the reason printed, when it cannot be installed.

    Parameters
    ----------
    name
        A key of `PEERS`.
    """
    home = _cache() / _folder_name(name)
    python = home / "bin" / "python"
    done = home / "installed"
    if done.exists() and python.exists():
        return python
    print(f"installing {' '.join(PEERS[name])} into {home} …", file=sys.stderr, flush=True)
    reason = _install(home, python, PEERS[name])
    if reason:
        print(f"{name} is left out: {reason}", file=sys.stderr, flush=True)
        shutil.rmtree(home, ignore_errors=True)
        return None
    done.touch()
    return python


def peer_environment() -> dict[str, str]:
    """Variables for a peer's process: one numeric thread, nothing of this project's paths, no calls home."""
    keep = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    quiet = {"NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore"}
    return keep | quiet | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def _cache() -> Path:
    named = os.environ.get("DUETMIND_PEERS")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "duetmind-peers"


def _folder_name(name: str) -> str:
    """Pins and interpreter in the name, so that another of either is another environment."""
    version = PEERS[name][0].partition("==")[2]
    return f"{name}-{version}-py{sys.version_info.major}.{sys.version_info.minor}"


def _install(home: Path, python: Path, wanted: tuple[str, ...]) -> str | None:
    """Make the environment; the reason when that failed."""
    try:
        venv.create(home, clear=True, with_pip=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--prefer-binary", *wanted]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    if done.returncode:
        return " / ".join(done.stderr.strip().splitlines()[-LINES:]) or f"pip ended with status {done.returncode}"
    return None
