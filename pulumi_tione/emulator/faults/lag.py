"""How far reads lag behind writes: by a time or by a number of calls, for each kind of read.

`state/history.py` keeps the earlier states that lagging reads see.

The kinds are the fields of `Lag`: lists, details, tags, pods, logs. Writes never lag.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Calls:
    """A lag by a number of calls: this number of further calls of that kind still show the earlier state."""

    number: int

    def __post_init__(self) -> None:
        number: object = self.number
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise ValueError(f"a lag is by 0 or more calls, not {number!r}")


Delay = float | Calls
"""Seconds of the wall clock, or a number of calls."""


@dataclass(frozen=True)
class Lag:
    """The lag of each kind of read: `Lag(lists=30, details=Calls(2))`. Writes always use the current state."""

    lists: Delay = 0.0
    """DescribeTrainingTasks."""
    details: Delay = 0.0
    """DescribeTrainingTask."""
    tags: Delay = 0.0
    """GetResources of the tag service, and the tags that lists and details show."""
    pods: Delay = 0.0
    """DescribeTrainingTaskPods."""
    logs: Delay = 0.0
    """DescribeLogs and DescribeEvents."""

    def __post_init__(self) -> None:
        for kind in KINDS:
            delay = getattr(self, kind)
            if isinstance(delay, Calls):
                continue
            if isinstance(delay, bool) or not isinstance(delay, int | float):
                raise TypeError(f"the lag of {kind} is a number of seconds or of calls, not {delay!r}")
            if not 0 <= delay < math.inf:
                raise ValueError(f"the lag of {kind} is 0 or more seconds, not {delay:g}")

    @classmethod
    def of_all(cls, delay: Delay) -> Lag:
        """Return a lag that is the same for every kind of read."""
        return cls(**dict.fromkeys(KINDS, delay))

    @classmethod
    def from_json(cls, delays: Mapping[str, Any]) -> Lag:
        """Parse a lag such as `{"all": 3, "lists": 30, "details": {"calls": 2}}`; an error describes what is wrong."""
        unknown = sorted(set(delays) - {"all", *KINDS})
        if unknown:
            raise ValueError(f"unknown: {', '.join(unknown)}; known: all, {', '.join(KINDS)}")
        delays = {kind: _delay(delay) for kind, delay in delays.items()}
        every = delays.pop("all", 0.0)
        return cls(**{**dict.fromkeys(KINDS, every), **delays})

    @classmethod
    def from_text(cls, text: str) -> Lag:
        """Parse an option such as `3`, `lists=30,details=2calls` or `3,lists=30`."""
        delays: dict[str, Any] = {}
        for part in text.split(","):
            kind, separator, length = part.rpartition("=")
            kind = kind.strip() if separator else "all"
            if kind in delays:
                raise ValueError(f"{kind} is given twice")
            delays[kind] = _length(length)
        return cls.from_json(delays)

    def to_json(self) -> dict[str, Any]:
        delays = {kind: getattr(self, kind) for kind in KINDS}
        return {kind: {"calls": delay.number} if isinstance(delay, Calls) else delay for kind, delay in delays.items()}

    @property
    def is_none(self) -> bool:
        """Whether every read shows the current state."""
        return not any(delay.number if isinstance(delay, Calls) else delay for delay in map(self.of, KINDS))

    def of(self, kind: str) -> Delay:
        delay: Delay = getattr(self, kind)
        return delay


KINDS = tuple(field.name for field in fields(Lag))
"""The kinds of reads that lag, each on its own."""


def _delay(delay: Any) -> Any:
    """Convert a delay from JSON; `Lag` checks its value."""
    if isinstance(delay, Mapping) and set(delay) == {"calls"}:
        return Calls(delay["calls"])
    return delay


def _length(text: str) -> Any:
    by_calls = re.fullmatch(r"\s*(\d+)\s*calls?\s*", text)
    if by_calls is not None:
        return {"calls": int(by_calls[1])}
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"a lag is a number of seconds, or of calls such as 2calls, not {text!r}") from None
