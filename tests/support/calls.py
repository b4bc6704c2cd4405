"""Calls of the engine, as the functions of `lifecycle/` get them in tests: time passes in a service's pauses alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from pulumi_tione._schema.identity import Owner, generated_name
from pulumi_tione.call_context import CallContext
from pulumi_tione.lifecycle.recorded_task import RecordedTask

OWNER = {"organization": "acme", "project": "nlp", "stack": "dev", "resource": "bert"}
NAME = generated_name(OWNER)
"""The computed name of the task of `OWNER`."""
INPUTS: dict[str, Any] = {
    "name": NAME,
    "region": "ap-guangzhou",
    "chargeType": "POSTPAID_BY_HOUR",
    "startCmdInfo": {"workerStartCmd": "sleep 5"},
    "resourceConfigInfos": [{"role": "WORKER", "instanceType": "TI.S.MEDIUM.POST", "instanceNum": 1.0}],
    "tags": {"team": "nlp"},
}
"""What check has passed, as it comes from the engine: numbers are floats."""


class _Timed(Protocol):
    def sleep(self, seconds: float) -> None: ...
    def clock(self) -> float: ...


def context_of(service: _Timed, **changes: Any) -> CallContext:
    """Return a context whose time is that of a service."""
    return CallContext(**{"pause": service.sleep, "clock": service.clock, **changes})


def recorded_task(
    service: Any, task_id: str, outputs: Mapping[str, Any], owner: Owner | None = None, **changes: Any
) -> RecordedTask[Any]:
    """Return a recorded task of a service that has a time of its own."""
    return RecordedTask(service, task_id, outputs, context_of(service, **changes), owner)
