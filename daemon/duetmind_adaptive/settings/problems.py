"""What is wrong with a configuration, each in one line: where, which key, what was found, what is allowed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.settings.document import Document, KeyPath
from duetmind_adaptive.settings.model import PIPELINE_INLINE
from duetmind_adaptive.settings.secrets import is_secret_key

SettingsT = TypeVar("SettingsT", bound=BaseModel)
_LIMIT = 60


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something wrong at one key; a warning does not keep the configuration from being used."""

    path: KeyPath
    text: str
    warning: bool = False

    def line(self, document: Document) -> str:
        """The problem as one line that says where it is.

        >>> Problem(path=("http", "port"), text="missing").line(Document(name="c.yaml", data={}))
        'c.yaml: http.port: missing'
        """
        key = format_path(self.path)
        return f"{document.where(self.path)}: {key}: {self.text}" if key else f"{document.where(())}: {self.text}"


def format_path(path: KeyPath) -> str:
    """A key path as people write it.

    >>> format_path(("alerts", "routes", 0, "channels"))
    'alerts.routes[0].channels'
    """
    parts = (f"[{part}]" if isinstance(part, int) else f".{_inert(part)}" for part in path)
    return "".join(parts).removeprefix(".")


def _inert(text: str) -> str:
    return text if text.isprintable() else repr(text)


def found(value: object, allowed: str | Iterable[str], *, near: Collection[str] = ()) -> str:
    """The sentence `found X, allowed: Y`, with the nearest of `near` when `value` looks like a slip of it.

    >>> found("binry", ["binary", "regression"], near=["binary", "regression"])
    "found 'binry', allowed: binary, regression; did you mean binary?"
    """
    listed = allowed if isinstance(allowed, str) else ", ".join(allowed)
    return f"found {show(value)}, allowed: {listed or 'none'}{did_you_mean(value, near)}"


def did_you_mean(value: object, near: Collection[str]) -> str:
    """`; did you mean …?`, or nothing when nothing in `near` is near.

    >>> did_you_mean("europe/berlin", ["Europe/Berlin"]), did_you_mean(3, ["three"])
    ('; did you mean Europe/Berlin?', '')
    """
    by_lower = {name.lower(): name for name in near}
    matches = get_close_matches(value.lower(), by_lower, n=1) if isinstance(value, str) else []
    return f"; did you mean {by_lower[matches[0]]}?" if matches else ""


def show(value: object) -> str:
    r"""A value as it may stand in an error: short, one line, control characters escaped.

    >>> show("a\nb"), show(None), show([1, 2]), show(True)
    ("'a\\nb'", 'nothing', 'a list', 'true')
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = value.isoformat() if isinstance(value, date) else repr(value)
    return text if len(text) <= _LIMIT else text[: _LIMIT - 1] + "…"


def validate(section: type[SettingsT], document: Document) -> SettingsT:
    """The document as `section`.

    Raises
    ------
    ConfigError
        With every problem of the document, each naming file, line and key.
    """
    try:
        return section.model_validate(document.data)
    except ValidationError as error:
        raise explain(error, section, document) from None


def explain(error: ValidationError, section: type[BaseModel], document: Document) -> ConfigError:
    """What pydantic found wrong with `document` as a `section`, in our words."""
    schema = section.model_json_schema()
    details = cast("list[dict[str, Any]]", error.errors(include_url=False))
    return error_of([_problem(detail, document, schema) for detail in details], document)


def error_of(problems: Sequence[Problem], document: Document) -> ConfigError:
    """All problems as one error: its message is the first one's line, its `problems` are all of them."""
    lines = sorted(dict.fromkeys(problem.line(document) for problem in problems), key=_line_number)
    more = f" (+{len(lines) - 1} more)" if len(lines) > 1 else ""
    return ConfigError(lines[0] + more, problems=lines)


def _line_number(text: str) -> int:
    number = re.match(r"[^:]*:(\d+): ", text)
    return int(number[1]) if number else 0


# ---------------------------------------------------------------- pydantic's errors in our words


def _problem(detail: dict[str, Any], document: Document, schema: dict[str, Any]) -> Problem:
    path = _key_path(detail["loc"], document.data, missing=detail["type"] == "missing")
    if detail["type"] == "extra_forbidden":
        keys = list(_properties(schema, path[:-1]))
        text = f"unknown key{did_you_mean(path[-1], keys)}; allowed here: {', '.join(keys)}"
    elif detail["type"] == "missing":
        text = _missing(path, schema)
    elif detail["type"] == "value_error" and isinstance(detail["input"], dict):
        text = str(detail["ctx"]["error"])
    else:
        value = "a value that is not shown" if any(map(is_secret_key, path)) else None
        options = _options(detail)
        sentence = found(detail["input"], options or _allowed(detail), near=options)
        text = sentence if value is None else f"found {value}, allowed: {_allowed(detail)}"
    return Problem(path=path, text=text)


def _key_path(loc: Sequence[str | int], data: object, *, missing: bool) -> KeyPath:
    """The keys in `loc` that the file has; pydantic also names the branches of unions there."""
    path: list[str | int] = []
    for index, part in enumerate(loc):
        if isinstance(data, dict) and part in data:
            data = cast("dict[str | int, object]", data)[part]
        elif isinstance(data, list) and isinstance(part, int) and part < len(cast("list[object]", data)):
            data = cast("list[object]", data)[part]
        elif not (missing and index == len(loc) - 1):
            continue
        path.append(part)
    return tuple(path)


def _missing(path: KeyPath, schema: dict[str, Any]) -> str:
    if isinstance(path[-1], int):
        return "missing, allowed: two values, as in [0, 1000] or [1000, null]"
    described = _properties(schema, path[:-1]).get(path[-1], {})
    options = _resolve(described, schema).get("enum")
    about = described.get("description") or "a value"
    return f"missing; give {about}" + (f": {', '.join(options)}" if options else "")


def _options(detail: dict[str, Any]) -> list[str]:
    return re.findall(r"'([^']*)'", detail["ctx"]["expected"]) if detail["type"] == "literal_error" else []


_WORDS = {
    "string_type": "text (in quotes, if it looks like a number, a date or yes and no)",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "finite_number": "a number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "too_long": "two values, as in [0, 1000] or [1000, null]",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than": "less than {lt:g}",
    "less_than_equal": "{le:g} or less",
    "value_error": "{error}",
}


def _allowed(detail: dict[str, Any]) -> str:
    kind = str(detail["type"])
    if detail["loc"][-1] == PIPELINE_INLINE:
        return "a name, a file or a mapping"
    if kind.startswith(("datetime", "date_", "timezone")):
        return "a time such as 2026-01-31 or 2026-01-31T12:00:00Z"
    return _WORDS.get(kind, str(detail["msg"])).format_map(detail.get("ctx", {}))


def _properties(schema: dict[str, Any], path: KeyPath) -> dict[str, Any]:
    """The keys that the section at `path` may have, with their schemas."""
    here = schema
    for part in path:
        here = _resolve(here, schema)
        items = here.get("items", {}) if isinstance(part, int) else here.get("additionalProperties", {})
        here = here.get("properties", {}).get(part, items)
    return _resolve(here, schema).get("properties", {})


def _resolve(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The object behind references and unions."""
    for union in ("anyOf", "oneOf", "allOf"):
        for branch in node.get(union, ()):
            resolved = _resolve(branch, schema)
            if "properties" in resolved or "items" in resolved or "enum" in resolved:
                return resolved
    if "$ref" in node:
        return _resolve(schema["$defs"][node["$ref"].rpartition("/")[2]], schema)
    return node
