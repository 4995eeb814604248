"""Named pipeline configurations, each in versions: those that ship with the package, and one's own in a folder.

    FOLDER/NAME/0001.yaml, 0002.yaml, …

A version is a file that is written once and never changed; two processes that register at the same time get two
versions. Without a folder the registry lasts as long as the object.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from duetmind_adaptive.errors import ConfigError
from duetmind_adaptive.settings.named_pipelines import SHIPPED, shipped_names
from duetmind_adaptive.settings.problems import did_you_mean
from duetmind_adaptive.training.custom_pipeline.configuration import Configured, PipelineConfig, as_config

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class PipelineRegistry:
    """The guide's registry of reusable configurations.

    Parameters
    ----------
    folder : str or Path, optional
        Where one's own are kept; made when it is not there.

    Examples
    --------
    >>> registry = PipelineRegistry()
    >>> list(registry)
    ['advanced_pipeline', 'medical_classification', 'my_pipeline']
    >>> registry.register(PipelineConfig(name="mine")), registry.register(PipelineConfig(name="mine", task="binary"))
    (1, 2)
    >>> registry.get("mine", version=1).task is None, registry.get("mine").task
    (True, 'binary')
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = Path(folder) if folder is not None else None
        self._held: dict[str, list[PipelineConfig]] = {}

    def register(self, config: Configured) -> int:
        """Keep a configuration under its name.

        Parameters
        ----------
        config : PipelineConfig, mapping, str or Path
            The configuration, its plain values, or the YAML file that holds it.

        Returns
        -------
        int
            Its version: 1 for a new name, else one more than the last; the last one's when nothing is new.

        Raises
        ------
        ConfigError
            When it is no configuration, its name is no file name, or it cannot be written.
        """
        given = as_config(config)
        kept = PipelineConfig.from_dict(given.model_dump(mode="json", exclude_defaults=True) | {"name": given.name})
        if not _NAME.fullmatch(kept.name):
            raise ConfigError(
                f"{kept.name!r} cannot name a pipeline; use letters, digits, dots, dashes and underscores"
            )
        versions = self.versions(kept.name)
        if versions and self.get(kept.name).to_dict() == kept.to_dict():
            return versions[-1]
        if self.folder is None:
            self._held.setdefault(kept.name, []).append(kept)
            return len(versions) + 1
        return _write(self.folder / kept.name, kept.to_yaml(), len(versions) + 1)

    def get(self, name: str, version: int | None = None) -> PipelineConfig:
        """The configuration of that name, by default its newest version.

        Raises
        ------
        ConfigError
            When there is no such name or version.
        """
        versions = self.versions(name)
        if not versions:
            names = list(self)
            raise ConfigError(
                f"there is no pipeline {name!r}; there are: {', '.join(names)}{did_you_mean(name, names)}"
            )
        wanted = versions[-1] if version is None else version
        if wanted not in versions:
            raise ConfigError(f"pipeline {name!r} has no version {wanted}; it has {', '.join(map(str, versions))}")
        shipped = int(name in shipped_names())
        if wanted <= shipped:
            return PipelineConfig.from_yaml(SHIPPED / f"{name}.yaml")
        if self.folder is None:
            return self._held[name][wanted - shipped - 1]
        return PipelineConfig.from_yaml(self.folder / name / _file_name(wanted))

    def versions(self, name: str) -> list[int]:
        """The versions of a name, oldest first; empty for a name that there is not."""
        shipped = [1] if name in shipped_names() else []
        if self.folder is None:
            return [*shipped, *range(len(shipped) + 1, len(shipped) + 1 + len(self._held.get(name, [])))]
        if not _NAME.fullmatch(name):
            return shipped
        files = (self.folder / name).glob("[0-9][0-9][0-9][0-9]*.yaml")
        return sorted({*shipped, *(int(file.stem) for file in files if file.stem.isdigit())})

    def __iter__(self) -> Iterator[str]:
        folders = [path.name for path in self.folder.iterdir()] if self.folder and self.folder.is_dir() else []
        yield from sorted({*shipped_names(), *self._held, *(name for name in folders if self.versions(name))})

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self.versions(name))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _file_name(version: int) -> str:
    return f"{version:04}.yaml"


def _write(folder: Path, text: str, version: int) -> int:
    """Write the text as the first version from `version` on that nobody else has taken; whole or not at all."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder, prefix=".", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            while True:
                try:
                    (folder / _file_name(version)).hardlink_to(file.name)
                except FileExistsError:
                    version += 1
                else:
                    return version
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written ({error.strerror}); choose another folder") from error
