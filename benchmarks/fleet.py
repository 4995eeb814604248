"""Many models that have their first version already, so that what is measured is checking, not beginning.

Two versions are made by the training job itself, one trained and one of a model deployed elsewhere; every other model
gets links to the files of its kind's and rows of its own.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from duetmind_adaptive.contracts import Transaction
from duetmind_adaptive.policy.reasons import Reason
from duetmind_adaptive.records import TrainingReport
from duetmind_adaptive.registry import versions
from duetmind_adaptive.registry.layout import folder_name, version_folder
from duetmind_adaptive.settings.load import load_config
from duetmind_adaptive.settings.model import Loaded, Model
from duetmind_adaptive.store.database import open_store
from duetmind_adaptive.tasks.requests import TrainRequest
from duetmind_adaptive.tasks.train import train_version


def give_first_versions(config: Path, now: datetime) -> None:
    """Make every model of the config as it is once its first version serves."""
    loaded = load_config(config, os.environ)
    reports: dict[bool, TrainingReport] = {}
    for name, model in loaded.models.items():
        kind = model.pipeline is not None
        if kind not in reports:
            reports[kind] = train_version(
                TrainRequest(model=model, job=_job(name), attempt=1, champion=None, upto_row=0, now=now)
            )
        else:
            _link(reports[kind], model)
    asyncio.run(_register(loaded, reports, now))


def _job(model: str) -> str:
    return f"first-{model}"


def _home(model: Model) -> Path:
    return version_folder(model.folder, folder_name(_job(model.name), 1))


def _link(report: TrainingReport, model: Model) -> None:
    _home(model).parent.mkdir(parents=True)
    shutil.copytree(report.folder, _home(model), copy_function=os.link)


async def _register(loaded: Loaded, reports: Mapping[bool, TrainingReport], now: datetime) -> None:
    def change(tx: Transaction) -> None:
        for name, model in loaded.models.items():
            job, report = _job(name), replace(reports[model.pipeline is not None], folder=_home(model))
            number = versions.register(tx, name, report, job=job, now=now)
            versions.promote(tx, name, number, request=job, reason=Reason.FIRST_VERSION, now=now)

    store = await open_store(loaded.store_url)
    await store.write(change)
    await store.close()
