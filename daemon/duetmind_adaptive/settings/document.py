"""A YAML file read safely, with the line of every key, so that an error can say where it is.

Stricter than PyYAML's own loading: a repeated key, a key that is not text, an alias that contains itself and
a document that unfolds to an absurd size are errors, each one sentence with its line.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from duetmind_adaptive.errors import ConfigError

KeyPath = tuple[str | int, ...]

#: libyaml's scanner where PyYAML was built with it: ten times the speed of the Python one, same nodes
_Loader: type[yaml.CSafeLoader | yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: values a file may unfold to; a thousand models need about 30,000
_MAX_VALUES = 500_000
_PLAIN = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:omap", "tag:yaml.org,2002:set"}


@dataclass(frozen=True, kw_only=True)
class Document:
    """What a file holds and where: `origins` names the place of every value, as `file:line`."""

    #: as the user named the file
    name: str
    data: dict[str, Any]
    origins: dict[KeyPath, str] = field(default_factory=dict[KeyPath, str])

    def where(self, path: KeyPath) -> str:
        """The place of the value at `path`, or of what would hold it.

        >>> Document(name="c.yaml", data={}, origins={("http",): "c.yaml:3"}).where(("http", "port"))
        'c.yaml:3'
        """
        for end in range(len(path), 0, -1):
            if path[:end] in self.origins:
                return self.origins[path[:end]]
        return self.name


def read_document(path: Path) -> Document:
    """Read the YAML mapping in `path`.

    Raises
    ------
    ConfigError
        One sentence, if the file cannot be read, is not UTF-8, not YAML, empty, or not a mapping.
    """
    text = _read_text(path)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise ConfigError(f"{path}: the file is empty; 'duetmind init DIR' writes one to start from")
        if not isinstance(node, yaml.MappingNode):
            raise ConfigError(f"{path}:{_line(node)}: found {_kind(node)}, allowed: a mapping of sections")
        origins: dict[KeyPath, str] = {}
        data = _Builder(loader, str(path), origins).mapping(node, ())
    except yaml.YAMLError as error:
        raise ConfigError(_syntax_error(path, text, error)) from error
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply to be a configuration") from None
    finally:
        loader.dispose()
    return Document(name=str(path), data=data, origins=origins)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; 'duetmind init DIR' writes one to start from") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


class _Builder:
    """Turns nodes into values, noting the place of each."""

    def __init__(self, loader: yaml.CSafeLoader | yaml.SafeLoader, name: str, origins: dict[KeyPath, str]) -> None:
        self._loader = loader
        self._name = name
        self._origins = origins
        #: nodes being built, to notice one inside itself
        self._open: set[int] = set()
        #: mappings whose merge keys are applied already: an alias shows the same node again
        self._flat: set[int] = set()

    def mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        """The mapping of `node`; merge keys (`<<`) are applied, its own keys win."""
        if id(node) not in self._flat:
            self._refuse_repeated_keys(node)
            self._loader.flatten_mapping(node)
            self._flat.add(id(node))
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            self._note((*path, key), key_node)
            result[key] = self.value(value_node, (*path, key))
        return result

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        """The value of any node."""
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) in self._open:
            raise ConfigError(f"{self._name}:{_line(node)}: an alias contains itself")
        if node.tag not in _PLAIN:
            raise ConfigError(f"{self._name}:{_line(node)}: the tag {node.tag} is not allowed in a configuration")
        self._open.add(id(node))
        try:
            return self.mapping(node, path) if isinstance(node, yaml.MappingNode) else self._sequence(node, path)
        finally:
            self._open.discard(id(node))

    def _sequence(self, node: yaml.Node, path: KeyPath) -> list[Any]:
        result: list[Any] = []
        for index, item in enumerate(node.value):
            self._note((*path, index), item)
            result.append(self.value(item, (*path, index)))
        return result

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        try:
            return self._loader.construct_object(node)
        except ValueError as error:
            raise ConfigError(f"{self._name}:{_line(node)}: cannot read {node.value!r}: {error}") from None

    def _refuse_repeated_keys(self, node: yaml.MappingNode) -> None:
        lines: dict[str, int] = {}
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self._key(key_node)
            if key in lines:
                raise ConfigError(
                    f"{self._name}:{_line(key_node)}: the key {key!r} is already given in line {lines[key]}"
                )
            lines[key] = _line(key_node)

    def _key(self, node: yaml.Node) -> str:
        key: Hashable = self._scalar(node) if isinstance(node, yaml.ScalarNode) else None
        if not isinstance(key, str):
            shown = node.value if isinstance(node, yaml.ScalarNode) else _kind(node)
            raise ConfigError(f"{self._name}:{_line(node)}: the key {shown} is not text; put it in quotes")
        return key

    def _note(self, path: KeyPath, node: yaml.Node) -> None:
        self._origins[path] = f"{self._name}:{_line(node)}"
        if len(self._origins) > _MAX_VALUES:
            raise ConfigError(f"{self._name}: unfolds to more than {_MAX_VALUES:,} values; use fewer aliases")


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a single value"


def _syntax_error(path: Path, text: str, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return f"{path}: not YAML: {' '.join(str(error).split())}"
    return f"{path}:{mark.line + 1}: {_syntax_problem(text, mark.line, error)}"


def _syntax_problem(text: str, line: int, error: yaml.YAMLError) -> str:
    lines = text.splitlines()
    written = lines[line] if line < len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())]:
        return "indented with a tab; YAML allows only spaces"
    problem, context = getattr(error, "problem", None), getattr(error, "context", None)
    return "not YAML: " + ", ".join(part for part in (context, problem) if part)
