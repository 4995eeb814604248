"""`duetmind config check` and `duetmind config schema`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from duetmind_adaptive.cli.options import Json
from duetmind_adaptive.cli.text import plain, print_json
from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.settings.load import load_config
from duetmind_adaptive.settings.model import Loaded
from duetmind_adaptive.settings.secrets import resolve_secrets


def check(
    file: Annotated[Path, typer.Argument(help="The config file.", metavar="FILE")],
    *,
    json: Json = False,
) -> int:
    """Validate a config: every mistake with its line, its key, what was found and what is allowed.

    Environment variables such as DUETMIND__HTTP__PORT=9000 override the file, here as in the daemon. A config
    that cannot be used is exit status 2; warnings alone are 0.

    Examples
    --------
    duetmind config check duetmind.yaml
    duetmind config check duetmind.yaml --json
    """
    try:
        loaded = load_config(file, os.environ)
    except ConfigError as error:
        _print_errors(error.problems, json=json)
        raise
    warnings = [*loaded.warnings, *_missing_secrets(loaded)]
    if json:
        print_json({"valid": True, "models": list(loaded.models), "errors": [], "warnings": warnings})
        return 0
    for warning in warnings:
        print(f"warning: {plain(warning)}")
    count = len(loaded.models)
    print(f"{plain(file)}: valid, {count} model{'' if count == 1 else 's'}")
    return 0


def schema() -> int:
    """Print the JSON Schema of a config, for editors and generators.

    Examples
    --------
    duetmind config schema > duetmind.schema.json
    """
    from duetmind_adaptive.settings.schema import config_schema

    print_json(config_schema())
    return 0


def _print_errors(problems: tuple[str, ...], *, json: bool) -> None:
    if json:
        print_json({"valid": False, "models": [], "errors": list(problems), "warnings": []})
    elif len(problems) > 1:
        print("\n".join(map(plain, problems)), flush=True)
    sys.stdout.flush()


def _missing_secrets(loaded: Loaded) -> list[str]:
    """The secrets that the daemon will look for and that are not there now."""
    missing: list[str] = []
    wanted = {f"alerts.channels.{name}": channel.options for name, channel in loaded.channels.items()}
    if loaded.config.http.token is not None:
        wanted["http"] = {"token": loaded.config.http.token.model_dump(exclude_none=True)}
    for key, options in wanted.items():
        try:
            resolve_secrets(options, os.environ, loaded.path.parent)
        except ConfigError as error:
            missing.append(f"{loaded.path.name}: {key}.{error}")
    return missing
