"""A local TI-ONE for a test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from pulumi_tione._client import Client
from pulumi_tione._settings import Settings
from pulumi_tione.emulator import Emulator


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A local TI-ONE without limits, in which time passes twenty times as fast."""
    with Emulator(speed=20, requests_a_second=None) as running:
        yield running


def client_of(emulator: Emulator, region: str = "ap-guangzhou") -> Client:
    """A client of the local TI-ONE, which does not sleep between attempts."""
    return Client(Settings(lambda _: None, emulator.environment), region, sleep=lambda _: None)


SMALLEST_BODY: Mapping[str, Any] = {
    "ChargeType": "POSTPAID_BY_HOUR",
    "FrameworkName": "PYTORCH",
    "FrameworkEnvironment": "torch2.1-py3.10-cuda12.1-gpu",
    "TrainingMode": "DDP",
    "StartCmdInfo": {"StartCmd": "", "PsStartCmd": "", "WorkerStartCmd": "sleep 5"},
    "ResourceConfigInfos": [{"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1}],
}
"""The body of CreateTrainingTask for the smallest task, but for its name."""


def accepted(emulator: Emulator, action: str) -> list[Mapping[str, Any]]:
    """The bodies of the requests of an action that the local TI-ONE accepted."""
    return [request["body"] for request in emulator.requests() if request["action"] == action and request["accepted"]]
