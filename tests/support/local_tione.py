"""The fixture `emulator`: a local TI-ONE in the test's own process, and what tests need with it.

It has no rate limit, and its tasks change their status twenty times as fast. `client_of` returns a client of it.

The fake without HTTP is `fake_api.py`. A test that needs another clock or limits makes an `Emulator` of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from pulumi_tione._api.client import Client
from pulumi_tione._api.credentials import STS
from pulumi_tione._api.sdk import SdkClient
from pulumi_tione._config.settings import Settings
from pulumi_tione._config.sources import Credentials
from pulumi_tione.emulator import Emulator


class _Watch(logging.Handler):
    """Collects the failures of emulators, of which there should be none."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.failures: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.failures.append(f"{record.getMessage()}\n{record.exc_info}")


@pytest.fixture(autouse=True)
def no_failure_of_the_emulator() -> Iterator[None]:
    """Whatever a test does, no emulator of this process may fail at it, or answer with a code that is not the action's.

    Such an answer is a failure as well: see `Gateway`.
    """
    watch = _Watch()
    logger = logging.getLogger("pulumi_tione.emulator")
    logger.addHandler(watch)
    yield
    logger.removeHandler(watch)
    assert watch.failures == []


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A local TI-ONE without limits, in which time passes twenty times as fast."""
    with Emulator(speed=20, requests_a_second=None) as running:
        yield running


def client_of(emulator: Emulator, region: str = "ap-guangzhou") -> Client:
    """A client of the local TI-ONE, which does not sleep between attempts."""
    return Client(Settings(lambda _: None, emulator.environment), region, sleep=lambda _: None)


def temporary_credentials(emulator: Emulator, uin: str = "100000000001", seconds: int = 43200) -> dict[str, str]:
    """Temporary keys of an account, by the names of settings."""
    key = next(key for key in emulator.keyring if key.caller.uin == uin and key.token is None)
    client = SdkClient(Settings(lambda _: None, emulator.environment), STS, "ap-guangzhou")
    role = {"RoleArn": f"qcs::cam::uin/{uin}:roleName/ci", "RoleSessionName": "ci", "DurationSeconds": seconds}
    keys = client.send("AssumeRole", role, Credentials(key.secret_id, key.secret_key))["Credentials"]
    return {"secretId": keys["TmpSecretId"], "secretKey": keys["TmpSecretKey"], "securityToken": keys["Token"]}


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
