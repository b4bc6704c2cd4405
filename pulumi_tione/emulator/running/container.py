"""The container of a node: a folder laid out like the real one, and the process in it.

Which command the process runs is decided in `roles.py`, its variables in `environment.py`, what is copied in and out in
`cos.py`. Mounts other than COS are not there (`_UNSUPPORTED_SOURCES`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from .cos import Cos, CosError, copy, within
from .environment import ADDRESS
from .process import Process, ProcessLostError
from .roles import Node
from .spool import note

CODE = "opt/ml/code"
DATA = "opt/ml/input/data"
HYPERPARAMETERS = "opt/ml/input/config/hyperparameters.json"
OUTPUT = "opt/ml/output"
OUTPUT_DATA = "data"
HOME = "root"
"""The folders and the file that a program finds, below the folder that replaces `/` [D the data, I the others]."""

_UNSUPPORTED_SOURCES = (
    "DataSetSource",
    "CFSSource",
    "HDFSSource",
    "GooseFSSource",
    "CFSTurboSource",
    "LocalDiskSource",
    "CBSSource",
    "HostPathSource",
    "PublicDataSource",
    "WeDataHDFSSource",
    "AIMarketAlgoDataSource",
    "AIMarketAlgoPreModelSource",
)
"""What can be mounted apart from COS; none of it is on this machine."""


class Condition(NamedTuple):
    """The state of a container at one time; statuses are spelt as the API spells those of pods [D]."""

    status: str
    address: str
    started_at: datetime | None
    ended_at: datetime | None


class Container:
    """A node, from an empty folder until only its output is left.

    It belongs to the thread of its attempt; any thread may read its `condition`.
    """

    def __init__(self, node: Node, folder: Path) -> None:
        self.node = node
        self.root = folder / "root"
        self.spool = folder / "spool"
        self.process: Process | None = None
        self.started_at: datetime | None = None
        self.ended_at: datetime | None = None
        self._ending_since: datetime | None = None
        self._last_status = ""

    def condition(self, now: datetime) -> Condition:
        """Return its state now, or at an earlier time."""
        begin, ending, end = (
            at if at is not None and at <= now else None for at in (self.started_at, self._ending_since, self.ended_at)
        )
        if end is not None:
            status = self._last_status
        elif ending is not None:
            status = "TERMINATING"
        else:
            status = "PENDING" if begin is None else "RUNNING"
        return Condition(status, "" if begin is None else ADDRESS, begin, end)

    def prepare(self, body: Mapping[str, Any], cos: Cos | None, check: Callable[[], None]) -> None:
        """Create the folders, with the code, the data and the parameters of a task."""
        for folder in (CODE, DATA, f"{OUTPUT}/{OUTPUT_DATA}", HOME):
            (self.root / folder).mkdir(parents=True)
        if body.get("TuningParameters"):
            parameters = self.root / HYPERPARAMETERS
            parameters.parent.mkdir()
            parameters.write_text(body["TuningParameters"], encoding="utf-8")
        note(self.spool, *self._prepare(body, cos, check))

    def _prepare(self, body: Mapping[str, Any], cos: Cos | None, check: Callable[[], None]) -> Iterator[str]:
        if body.get("CodePackagePath"):
            package = _source(cos, body["CodePackagePath"])
            yield from copy(package, self.root / CODE, check)
            if package.is_file():
                yield f"{package.name} is not unpacked"
        for repository in body.get("CodeRepos") or ():
            yield f"the code repository {repository['Id']} is not cloned here"
        for mount in body.get("DataConfigs") or ():
            path = mount.get("MappingPath") or f"/{DATA}"
            target = within(self.root, path)
            target.mkdir(parents=True, exist_ok=True)
            if mount.get("COSSource"):
                yield from copy(_source(cos, mount["COSSource"]), target, check)
            for source in _UNSUPPORTED_SOURCES:
                if mount.get(source):
                    yield f"there is no {source} here: {path} is an empty folder"

    def start(self, environment: Mapping[str, str], now: datetime, *, shows_opt_ml: bool) -> None:
        """Start the node's process, if it has a command."""
        if self.node.command is None:
            note(self.spool, "this node has no command of its own in this training mode: it waits for the first one")
        else:
            folder = Path("/", CODE) if shows_opt_ml else self.root / CODE
            self.process = Process(
                self.node.command, environment, self.root, folder, self.spool, shows_opt_ml=shows_opt_ml
            )
        self.started_at = now

    def end(self, grace_seconds: float, now: datetime) -> None:
        """End the node, by force after a while; any thread may call this repeatedly."""
        if self.ended_at is None and self._ending_since is None:
            self._ending_since = now
        if self.process is not None:
            self.process.end(grace_seconds)

    def record_exit(self, now: datetime) -> str | None:
        """Record that the process has ended; return the failure, if there is one."""
        assert self.process is not None
        failure = None
        try:
            exit_code = self.process.exit_code()
            if exit_code != 0:
                failure = f"Pod {self.node.pod.name} ended with exit code {exit_code}."
        except ProcessLostError as error:
            failure = f"Pod {self.node.pod.name} {error}."
        is_ending = self._ending_since is not None
        if is_ending:
            failure = None
        self.finish("TERMINATED" if is_ending else "FAILED" if failure else "SUCCEEDED", now)
        return failure

    def finish(self, status: str, now: datetime) -> None:
        """Set the final status."""
        if self.ended_at is None:
            self._last_status = status
            self.ended_at = now

    def write_output(self, target: Path, check: Callable[[], None]) -> None:
        """Copy the node's output to its destination."""
        # The content of `data` goes into the output folder itself [D]; anything next to it keeps its name.
        note(self.spool, *copy(self.root / OUTPUT, target, check, without=OUTPUT_DATA))
        note(self.spool, *copy(self.root / OUTPUT / OUTPUT_DATA, target, check))

    def clear(self) -> None:
        """Remove everything except what the node printed."""
        shutil.rmtree(self.root, ignore_errors=True)


def _source(cos: Cos | None, place: Mapping[str, Any]) -> Path:
    if cos is None:
        raise CosError(f"the bucket {place['Bucket']} is not known: no folder stands for COS")
    return cos.source(place["Bucket"], place["Paths"][0])
