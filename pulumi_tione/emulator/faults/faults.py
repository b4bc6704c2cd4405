"""Faults that tests request: which calls fail, how, and whether the action still takes effect.

Here a fault is declared and matched with a call. Its effects happen in `http/gateway.py` (codes, and whether the action
takes effect), `faults/distortion.py` (the response's members) and `http/server.py` (delays and lost connections).

A new fault is a field of `Fault`, read where its effect happens. A fault applies to one call unless `times` is set.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Literal, get_type_hints

from pulumi_tione.emulator.api.definition import definition
from pulumi_tione.emulator.json_types import check_type

_numbers = itertools.count(1)


@dataclass
class Fault:
    """One fault. The first group of fields selects the calls, the second describes what happens to them."""

    action: str = "*"
    """The action, or `*` for all."""
    matching: dict[str, Any] = field(default_factory=dict)
    """Only calls whose request has these members, such as `{"Id": "train-…"}`."""
    first: int = 1
    """The first matching call that it applies to, counted from when the fault was added."""
    every: int = 1
    """Every n-th call from `first` on: 2 is every second one."""
    times: int | None = 1
    """The number of calls that it applies to; None until it is removed."""
    seconds: float | None = None
    """How long it lasts, from the first call that it applied to."""
    probability: float = 1.0
    seed: int | None = None
    """Makes a probability reproducible."""

    effect: bool | None = None
    """Whether the action is carried out. By default not with `code` or `status`, else yes."""
    connection: Literal["close", "cut"] | None = None
    """`close`: the connection ends without a response. `cut`: it ends in the middle of the response."""
    bytes_every_seconds: float | None = None
    """Sends the response byte by byte, one in this number of seconds."""
    delay_seconds: float = 0.0
    """How long the response is delayed."""
    code: str | None = None
    """An error code instead of the response."""
    message: str | None = None
    """The error's message; `{body}` in it is replaced by the request's body."""
    status: int | None = None
    """An HTTP status instead of 200, with an HTML page unless `body` is set."""
    body: str | None = None
    """This text instead of the response."""
    content_type: str | None = None
    """This content type instead of the service's own."""
    without: list[str] = field(default_factory=list)
    """Members that are removed from the response, such as `Id` or `TrainingTaskSet.*.Id`."""
    members: dict[str, Any] = field(default_factory=dict)
    """Members that are replaced in the response, such as `FailedResources` or `TrainingTaskDetail.Status`."""
    at_most: dict[str, int] = field(default_factory=dict)
    """Lists that are cut to a number of elements, and strings that are cut to a number of UTF-16 units."""
    lower_case: list[str] = field(default_factory=list)
    """Strings that are in lower case in the response."""
    endless: Literal["repeating", "new"] | None = None
    """Every page of a list is full, whatever its offset: its elements repeat, or new ones are made up."""
    hidden_list_calls: int = 0
    """The number of list calls that do not show the task that this call creates."""

    number: int = field(default_factory=lambda: next(_numbers))
    calls_seen: int = 0
    calls_met: int = 0
    first_met_at: datetime | None = None

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self.invented_numbers = itertools.count(1)
        """Numbers for elements that are made up."""

    @classmethod
    def from_json(cls, settings: Mapping[str, Any]) -> Fault:
        """Parse the fields of a fault; a ValueError describes what is wrong."""
        allowed = {each.name for each in fields(cls)} - {"number", "calls_seen", "calls_met", "first_met_at"}
        unknown = sorted(set(settings) - allowed)
        if unknown:
            raise ValueError(f"unknown: {', '.join(unknown)}; known: {', '.join(sorted(allowed))}")
        annotations = get_type_hints(cls)
        for name, value in settings.items():
            check_type(name, value, annotations[name])
        fault = cls(**settings)
        fault.check()
        return fault

    def check(self) -> None:
        """Raise a ValueError if a value of the right type is out of range."""
        if self.action != "*" and self.action not in definition().actions:
            raise ValueError(f"there is no action {self.action}")
        minimums = {"first": 1, "times": 0, "every": 1, "seconds": 0, "delay_seconds": 0, "hidden_list_calls": 0}
        for name, number in {**minimums, "bytes_every_seconds": 0}.items():
            value = getattr(self, name)
            if value is not None and value < number:
                raise ValueError(f"{name} is {number} or more, not {value}")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability is from 0 to 1, not {self.probability}")
        if self.status is not None and not 200 <= self.status <= 599:
            raise ValueError(f"status is from 200 to 599, not {self.status}")
        for path, length in self.at_most.items():
            if length < 0:
                raise ValueError(f"at_most is 0 or more, not {length} for {path}")

    def to_json(self) -> dict[str, Any]:
        settings = asdict(self)
        settings["first_met_at"] = self.first_met_at.isoformat() if self.first_met_at else None
        return settings

    @property
    def takes_effect(self) -> bool:
        if self.effect is not None:
            return self.effect
        return self.code is None and self.status is None

    @property
    def description(self) -> str:
        """A short text for the record."""
        parts = [
            f"connection {self.connection}" if self.connection else "",
            f"code {self.code}" if self.code else "",
            f"status {self.status}" if self.status else "",
            "another body" if self.body is not None else "",
            f"content type {self.content_type}" if self.content_type else "",
            f"endless, {self.endless}" if self.endless else "",
            f"with {', '.join(self.members)}" if self.members else "",
            f"cut {', '.join(self.at_most)}" if self.at_most else "",
            f"lower case {', '.join(self.lower_case)}" if self.lower_case else "",
            f"without {', '.join(self.without)}" if self.without else "",
            f"after {self.delay_seconds:g} s" if self.delay_seconds else "",
            f"a byte every {self.bytes_every_seconds:g} s" if self.bytes_every_seconds is not None else "",
            f"hidden from {self.hidden_list_calls} lists" if self.hidden_list_calls else "",
        ]
        text = "; ".join(part for part in parts if part) or "nothing"
        return text if self.takes_effect else f"{text}; without effect"

    def matches(self, action: str, body: Mapping[str, Any]) -> bool:
        """Count a call if the fault is for its action and its members."""
        if self.action not in ("*", action):
            return False
        if any(name not in body or body[name] != value for name, value in self.matching.items()):
            return False
        self.calls_seen += 1
        return True

    def applies(self, now: datetime) -> bool:
        """Return whether the fault applies to the call just counted."""
        if self.calls_seen < self.first or (self.calls_seen - self.first) % self.every:
            return False
        if self.times is not None and self.calls_met >= self.times:
            return False
        is_over = (
            self.seconds is not None and self.first_met_at and now > self.first_met_at + timedelta(seconds=self.seconds)
        )
        if is_over or self._random.random() >= self.probability:
            return False
        self.calls_met += 1
        self.first_met_at = self.first_met_at or now
        return True


class Faults:
    """All faults. If several match a call, the first one applies."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def __iter__(self) -> Iterator[Fault]:
        return iter(tuple(self._faults))

    def add(self, action: str = "*", **settings: Any) -> Fault:
        """Add a fault: `faults.add("CreateTrainingTask", connection="close")` loses one response after its effect."""
        fault = Fault.from_json({"action": action, **settings})
        self._faults = [*self._faults, fault]
        return fault

    def remove(self, number: int) -> None:
        self._faults = [fault for fault in self._faults if fault.number != number]

    def clear(self) -> None:
        self._faults = []

    def match(self, action: str, body: Mapping[str, Any], now: datetime) -> Fault | None:
        """Return the fault that applies to a call; pass every call of an action once."""
        matching = [fault for fault in self._faults if fault.matches(action, body)]
        return next((fault for fault in matching if fault.applies(now)), None)
