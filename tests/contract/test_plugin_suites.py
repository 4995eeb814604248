"""The built-in plug-ins pass the suites that are shipped for others, and the suites find what is wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from plugged import install

from duetmind_adaptive import plugins
from duetmind_adaptive.testing import (
    AlertChannelSuite,
    AlgorithmSuite,
    DetectorSuite,
    ResponseActionSuite,
    SourceSuite,
    TransformerSuite,
)

NOBODY = {"host": "127.0.0.1", "port": 9, "sender": "a@example.com", "recipients": ["b@example.com"]}


class TestLogChannel(AlertChannelSuite):
    name = "log"


class TestEmailChannelThatNobodyAnswers(AlertChannelSuite):
    name, options, reached = "email", NOBODY, False


class TestRetrainModel(ResponseActionSuite):
    name = "retrain_model"


class TestRollback(ResponseActionSuite):
    name = "rollback"


class TestPromoteVersion(ResponseActionSuite):
    name = "promote_version"


class TestScaleResources(ResponseActionSuite):
    name = "scale_resources"


class TestRandomForest(AlgorithmSuite):
    name, options = "random_forest", {"n_estimators": 10}


class TestLogisticRegression(AlgorithmSuite):
    name = "logistic_regression"


class TestSvm(AlgorithmSuite):
    name = "svm"


class TestHistGradientBoosting(AlgorithmSuite):
    name, options = "hist_gradient_boosting", {"max_iter": 10}


class TestWinsorise(TransformerSuite):
    name = "winsorise"


class TestFrequency(TransformerSuite):
    name, columns = "frequency", ("word",)


class TestCategoryCodes(TransformerSuite):
    name, columns = "category_codes", ("word",)


class TestSqlTable(SourceSuite):
    name = "sql"

    @pytest.fixture(autouse=True)
    def _table(self, tmp_path: Path) -> None:
        with sqlite3.connect(tmp_path / "loans.db") as database:
            frame = pd.DataFrame({"id": [3, 1, 2, 5, 4], "x": np.linspace(0, 1, 5)})
            frame.to_sql("loans", database, index=False)
        self.options = {"url": f"sqlite:///{tmp_path / 'loans.db'}", "table": "loans", "key": "id"}


# ---------------------------------------------------------------- what the suites find

FAULTY = """
from random import random
from duetmind_adaptive.contracts import Delivered, Detected


class Eager:
    "Says that there is drift far too often."
    def detect(self, reference, window):
        yield Detected(column="number", statistic=1.0, p_value=hash(str(window[0][0])) % 100 / 1000)


class Blind:
    "Sees nothing."
    def detect(self, reference, window):
        yield Detected(statistic=0.0, p_value=1.0)


class Moody:
    def detect(self, reference, window):
        yield Detected(statistic=random())


class Shuffled:
    def rows(self):
        return 10
    def read(self, first, last):
        return {"n": [random() for _ in range(first, last)]}


class Silent:
    name = "silent"
    def wants(self, event):
        return True
    async def respond(self, event, operations):
        return None


class Forgetful:
    name = "office"
    async def send(self, alert, attempt):
        return Delivered() if alert.status == "opened" else None
    async def close(self): ...
"""
POINTS = {
    plugins.DETECTORS: {"eager": "faulty:Eager", "blind": "faulty:Blind", "moody": "faulty:Moody"},
    plugins.SOURCES: {"shuffled": "faulty:Shuffled"},
    plugins.ACTIONS: {"silent": "faulty:Silent"},
    plugins.CHANNELS: {"forgetful": "faulty:create"},
}


@pytest.mark.parametrize(
    ("suite", "name", "test_and_says"),
    [
        (DetectorSuite, "eager", ("test_its_p_values_are_honest", "number: .* of 200 p-values are at most 0.01 while")),
        (DetectorSuite, "blind", ("test_it_finds_what_everybody_would", "everything changed, and it gave")),
        (DetectorSuite, "moody", ("test_it_says_the_same_again", "the same tables gave other results")),
        (SourceSuite, "shuffled", ("test_parts_put_together_are_the_whole_also_of_another_one", "one by one the rows")),
        (ResponseActionSuite, "silent", ("test_a_response_answers_with_an_outcome_and_a_repeat_does_no_more", "None")),
        (AlertChannelSuite, "forgetful", ("test_a_send_answers_with_an_outcome", "send answered None")),
        (
            AlgorithmSuite,
            "gone",
            ("test_it_is_installed_and_is_what_its_group_asks_for", "no algorithm 'gone'"),
        ),
    ],
)
def test_a_suite_names_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suite: type[Any], name: str, test_and_says: tuple[str, str]
) -> None:
    test, says = test_and_says
    made = "\n\ndef create(name, options):\n    return Forgetful()\n"
    install(tmp_path, "faulty", POINTS, faulty=FAULTY + made)
    monkeypatch.syspath_prepend(tmp_path)
    facts: Mapping[str, Any] = {"name": name}
    with pytest.raises((AssertionError, plugins.PluginError), match=says):
        getattr(type("Faulty", (suite,), dict(facts))(), test)()
