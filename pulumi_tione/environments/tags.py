"""The tags of a stack that mark it as an environment. They work with every backend.

The value of a tag has at most 256 characters, so a long list is spread over several tags.

A command shows every 30 seconds that it lives. On another machine it counts as dead after 300 seconds without that; on
this one its process decides (`processes.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from pulumi_tione._config.secret_settings import holds_secrets
from pulumi_tione._durations import parse_duration
from pulumi_tione.errors import TioneError
from pulumi_tione.stacks.locations import Location

MAX_TAG_LENGTH = 256

ENVIRONMENT = "tione:environment"
BRANCH = "tione:branch"
TEMPLATE = "tione:template"
TIME_TO_LIVE = "tione:ttl"
KEPT = "tione:keep"
WITHOUT_BRANCH = "tione:without-branch"
HEARTBEAT = "tione:heartbeat"
STOPPED = "tione:stopped"
LOCATIONS = "tione:locations"

HEARTBEAT_SECONDS = 30.0
"""How often a command that works on an environment shows that it lives."""

DEAD_AFTER_SECONDS = 300.0
"""After how long without a heartbeat a command on another machine counts as dead."""

_CLOCK_SKEW_SECONDS = 5.0


@dataclass(frozen=True)
class Operation:
    """A command that works on an environment, or has: what its heartbeat shows."""

    kind: str
    """`up`, `down`, `stop` or `start`."""
    run: str
    """A random id; its processes carry it."""
    host: str
    pid: int
    start: str
    """When the process was started."""
    since: int
    """When it began, or when the dead one before it did; in seconds since 1970, as the others."""
    at: int
    """Its last heartbeat."""
    previous: str = ""
    """The run of the dead command before it, whose processes may still exist."""
    result: str = ""
    """`ok` or `failed` once it has ended; empty while it runs, and for ever if it was cut off."""
    deployed: bool = False
    """Whether an `up` of this environment has ever succeeded."""

    @classmethod
    def parsed(cls, text: str | None) -> Operation | None:
        """Read the value of the tag; None if it is none."""
        try:
            return cls(**json.loads(text or ""))
        except (ValueError, TypeError):
            return None

    def __str__(self) -> str:
        values = {name: value for name, value in asdict(self).items() if value not in ("", False)}
        return json.dumps(values, separators=(",", ":"))

    @property
    def has_ended(self) -> bool:
        return bool(self.result)

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs whose processes may still exist when this command is dead."""
        return (self.run, self.previous)

    def is_alive(self, host: str, process_start: Callable[[int], str | None], now: float) -> bool:
        """Check whether the command still works: by its process where that can be seen, or else by its heartbeat."""
        if self.has_ended:
            return False
        if self.host == host:
            return process_start(self.pid) == self.start
        return now - self.at < DEAD_AFTER_SECONDS

    def is_dead(self, host: str, process_start: Callable[[int], str | None], now: float) -> bool:
        """Check whether the command was cut off."""
        return not self.has_ended and not self.is_alive(host, process_start, now)

    def covers(self, moment: float) -> bool:
        """Check whether something happened while the command, or the dead one before it, may have worked."""
        return self.since - _CLOCK_SKEW_SECONDS <= moment <= self.at + HEARTBEAT_SECONDS + _CLOCK_SKEW_SECONDS

    def with_heartbeat(self, now: float) -> Operation:
        return replace(self, at=int(now))


@dataclass(frozen=True)
class EnvironmentTags:
    """What the tags of a stack show of its environment."""

    environment: str = ""
    """The random id of the environment."""
    branch: str = ""
    template: str = ""
    time_to_live: timedelta | None = None
    is_kept: bool = False
    is_without_branch: bool = False
    """Whether the branch did not exist when the environment was made."""
    operation: Operation | None = None
    stopped: tuple[str, ...] = ()
    """The ids of the tasks that `env stop` has stopped."""
    locations: tuple[Location, ...] = ()
    """Where an `up` may have created tasks, apart from the region and workspace that the settings select."""

    @classmethod
    def of(cls, tags: Mapping[str, str]) -> EnvironmentTags:
        """Read the tags of an environment among the tags of a stack."""
        ttl = tags.get(TIME_TO_LIVE)
        return cls(
            environment=tags.get(ENVIRONMENT, ""),
            branch=tags.get(BRANCH, ""),
            template=tags.get(TEMPLATE, ""),
            time_to_live=_duration(ttl),
            is_kept=tags.get(KEPT) == "true",
            is_without_branch=tags.get(WITHOUT_BRANCH) == "true",
            operation=Operation.parsed(tags.get(HEARTBEAT)),
            stopped=tuple(_joined(STOPPED, tags, " ").split()),
            locations=_locations(_joined(LOCATIONS, tags, "")),
        )

    @property
    def are_complete(self) -> bool:
        """Whether an `up` has come so far that there may be resources."""
        return bool(self.environment and self.branch)


def _duration(text: str | None) -> timedelta | None:
    try:
        return parse_duration(text) if text else None
    except ValueError:
        return None


def _tags_of(name: str, tags: Iterable[str]) -> list[str]:
    """Return the tags over which a long value is spread, in their order."""
    suffixes = {tag: tag.removeprefix(name).removeprefix(".") for tag in tags if tag.startswith(name)}
    return sorted(suffixes, key=lambda tag: int(suffixes[tag]) if suffixes[tag].isdecimal() else 0)


def _spread(name: str, values: Iterable[str]) -> dict[str, str]:
    return {name if number == 0 else f"{name}.{number}": value for number, value in enumerate(values)}


def _joined(name: str, tags: Mapping[str, str], separator: str) -> str:
    return separator.join(tags[tag] for tag in _tags_of(name, tags))


def stopped_tags(task_ids: Iterable[str]) -> dict[str, str]:
    """Return the tags that record the ids of stopped tasks."""
    values: list[str] = []
    for task_id in task_ids:
        if values and len(values[-1]) + 1 + len(task_id) <= MAX_TAG_LENGTH:
            values[-1] += f" {task_id}"
        else:
            values.append(task_id)
    return _spread(STOPPED, values)


def tags_to_remove(tags: Iterable[str], kept: Iterable[str] = ()) -> list[str]:
    """Return the tags with ids of stopped tasks, without those that are kept."""
    return [name for name in _tags_of(STOPPED, tags) if name not in set(kept)]


def locations_tags(locations: Iterable[Location]) -> dict[str, str]:
    """Return the tags that record where tasks may be, without those whose settings hold secrets."""
    values = [
        [each.region, each.workspace, each.task_settings]
        for each in dict.fromkeys(locations)
        if not holds_secrets(each.task_settings)
    ]
    text = json.dumps(values, separators=(",", ":"))
    return _spread(LOCATIONS, (text[start : start + MAX_TAG_LENGTH] for start in range(0, len(text), MAX_TAG_LENGTH)))


def _locations(text: str) -> tuple[Location, ...]:
    try:
        recorded = [Location.recorded({"inputs": dict(zip(_INPUTS, each, strict=True))}) for each in json.loads(text)]
    except (ValueError, TypeError, TioneError):
        return ()
    return tuple(each for each in recorded if each is not None)


_INPUTS = ("region", "tiProjectId", "settings")
"""The inputs of a task that select its location."""
