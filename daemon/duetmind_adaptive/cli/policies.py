"""`duetmind backtest --compare` and `--suggest`: several policies on one history, side by side."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from duetmind_adaptive.cli.backtest import choose_model, replay
from duetmind_adaptive.cli.text import plain, print_json, print_table

COLUMNS = ("metric", "metric_static", "retrains", "promotions", "rollbacks", "alerts", "seconds")


def compare_policies(configs: tuple[Path, Path], model: str | None, *, as_json: bool) -> int:
    """Replay one model under two configs; exit status 1 if either found drift."""
    from duetmind_adaptive.settings.load import load_config

    found: list[dict[str, Any]] = []
    for path in configs:
        loaded = load_config(path, os.environ)
        found.append({"config": str(path), **replay(loaded, choose_model(loaded, model))})
    if as_json:
        print_json({"policies": found})
    else:
        _print([each["config"] for each in found], found)
    return int(any(window["drift"] for each in found for window in each["windows"]))


def suggest_policy(config: Path, model: str | None, *, as_json: bool) -> int:
    """Replay one model under many policies and name the one to take; exit status 0."""
    from duetmind_adaptive.drift.metrics import higher_is_better
    from duetmind_adaptive.service.suggesting import best, policies
    from duetmind_adaptive.settings.load import load_config

    loaded = load_config(config, os.environ)
    name = choose_model(loaded, model)
    tried: list[dict[str, Any]] = []
    for settings, variant in policies(loaded, name):
        if sys.stderr.isatty():
            print(f"replaying with {_words(settings)}", file=sys.stderr)
        tried.append({"settings": settings, **replay(variant, name)})
    place = best([each["summary"] for each in tried], higher=higher_is_better(tried[0]["metric"]))
    if as_json:
        brief = [{"settings": each["settings"], "summary": each["summary"]} for each in tried]
        print_json({"model": name, "metric": tried[0]["metric"], "tried": brief, "suggested": tried[place]["settings"]})
        return 0
    _print([_words(each["settings"]) for each in tried], tried)
    print(plain(f"take: {_words(tried[place]['settings'])}"))
    return 0


def _words(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}: {value}" for key, value in settings.items()) or "the config as it is"


def _print(names: Sequence[str], documents: Sequence[Mapping[str, Any]]) -> None:
    summaries = [document["summary"] for document in documents]
    rows = [[name, *(each[column] for column in COLUMNS)] for name, each in zip(names, summaries, strict=True)]
    print_table(("POLICY", *(column.upper().replace("_", " ") for column in COLUMNS)), rows)
