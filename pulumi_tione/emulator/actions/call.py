"""What an action is given to work with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pulumi_tione.emulator.accounts import Caller
from pulumi_tione.emulator.cloud import Cloud
from pulumi_tione.emulator.tasks import Operator, Task


@dataclass(frozen=True)
class Call:
    """A request that conforms to the definition, from a caller whose signature was right."""

    cloud: Cloud
    caller: Caller
    region: str
    body: dict[str, Any]
    now: datetime

    def task(self, parameter: str = "Id") -> Task:
        """The task that the request names."""
        return self.cloud.task_of(self.caller, self.region, self.body.get("TiProjectId"), self.body[parameter])

    def operator(self, operation: str) -> Operator:
        return Operator(operation, self.caller.sub_uin, self.caller.name)
