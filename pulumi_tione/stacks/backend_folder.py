"""A backend in a folder, read without the Pulumi CLI: one run of the CLI for each of many stacks takes too long.

Nothing here writes. What this version does not know is left to the CLI.

`env list` and `env reap` use it (`environments/overview.py`), and `locks.py`. Every write goes through `pulumi_cli.py`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi_tione._timestamps import parse_time
from pulumi_tione.stacks.pulumi_cli import Lock, StackName

_ORGANIZATION = "organization"
"""The only organization of such a backend."""

_SUFFIXES = (".json", ".json.gz")


@dataclass(frozen=True)
class BackendFolder:
    """The folder `.pulumi` of a backend."""

    folder: Path

    @classmethod
    def at(cls, url: str, working_directory: Path, environment: Mapping[str, str]) -> BackendFolder | None:
        """Return the backend at an address; None if it is no folder."""
        scheme, _, path = url.partition("://")
        if scheme != "file":
            return None
        path = path.partition("?")[0]
        if path == "~" or path.startswith("~/"):
            path = environment.get("HOME", "~") + path[1:]
        return cls(working_directory / path / ".pulumi")

    @property
    def url(self) -> str:
        """Its address in absolute form."""
        return self.folder.parent.resolve().as_uri()

    def has_stacks_of(self, project: str) -> bool:
        """Check whether the stacks of a project can be read here: they have a folder, which older backends lack."""
        return (self.folder / "meta.yaml").is_file() and (self.folder / "stacks" / project).is_dir()

    def stacks(self, project: str) -> list[StackName]:
        """Return all stacks of a project."""
        names = {
            path.name.removesuffix(suffix)
            for path in (self.folder / "stacks" / project).iterdir()
            for suffix in _SUFFIXES
            if path.name.endswith(suffix)
        }
        return [StackName(_ORGANIZATION, project, name) for name in sorted(names)]

    def export(self, stack: StackName) -> dict[str, Any]:
        """Return the state of a stack, in the form of `pulumi stack export`.

        Raises:
            ValueError: the file is none of a stack.
            OSError: it cannot be read.
        """
        content = json.loads(self._content(stack))
        try:
            return {"version": content["version"], "deployment": content["checkpoint"].get("latest") or {}}
        except (AttributeError, KeyError, TypeError):
            raise ValueError("it is no checkpoint") from None

    def _content(self, stack: StackName) -> bytes:
        plain, zipped = (self._path(stack, suffix) for suffix in _SUFFIXES)
        return plain.read_bytes() if plain.exists() else gzip.decompress(zipped.read_bytes())

    def tags(self, stack: StackName) -> dict[str, str]:
        """Return the tags of a stack.

        Raises:
            ValueError: the file has no tags.
        """
        path = self._path(stack, ".pulumi-tags")
        if not path.exists():
            return {}
        tags = json.loads(path.read_text(encoding="utf-8"))["tags"]
        return {str(name): str(value) for name, value in tags.items()}

    def is_locked(self, stack: StackName) -> bool:
        """Check whether a stack has a lock, also one that cannot be read."""
        return any(self._lock_files(stack))

    def locks(self, stack: StackName) -> list[Lock]:
        """Return the locks of a stack that can be read."""
        found = []
        for path in self._lock_files(stack):
            try:
                content = json.loads(path.read_text(encoding="utf-8"))
                taken = parse_time(str(content["timestamp"]))
                found.append(Lock(int(content["pid"]), str(content["username"]), str(content["hostname"]), taken))
            except (OSError, ValueError, KeyError, TypeError):  # it has just been released
                continue
        return found

    def _lock_files(self, stack: StackName) -> Iterator[Path]:
        return (self.folder / "locks" / stack.qualified).glob("*.json")

    def _path(self, stack: StackName, suffix: str) -> Path:
        return self.folder / "stacks" / stack.project / f"{stack.stack}{suffix}"
