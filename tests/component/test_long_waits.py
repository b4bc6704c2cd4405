"""A wait that lasts longer than the credentials that it began with.

The renewal of credentials is in `tests/unit/test_credential_resolver.py`.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from pulumi_tione._api import transport
from pulumi_tione._api.client import Client
from pulumi_tione._api.credentials import CredentialResolver
from pulumi_tione._api.rate_limit import RateLimiter
from pulumi_tione._config.settings import Settings
from pulumi_tione._wait.poller import StatusPoller
from pulumi_tione._wait.waiter import WaitTarget, wait
from pulumi_tione.emulator import Emulator, Status

QUARTER_OF_AN_HOUR = 900
TWO_HOURS = 7200


def test_a_wait_of_two_hours_with_keys_of_fifteen_minutes_makes_it_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    durations = {**dict.fromkeys((Status.SUBMITTING, Status.PENDING, Status.STARTING), 1.0), Status.RUNNING: TWO_HOURS}
    with Emulator(manual_clock=True, requests_a_second=None, durations=durations) as emulator:
        monkeypatch.setattr(RateLimiter, "wait", lambda *_: None)
        monkeypatch.setattr(
            transport,
            "resolver_of",
            lambda settings: CredentialResolver(settings, now=lambda: emulator.now().timestamp()),
        )
        role = {"roleArn": "qcs::cam::uin/100000000001:roleName/ci", "sessionDuration": QUARTER_OF_AN_HOUR}
        config = {"tione:assumeRole": json.dumps(role)}
        client = Client(Settings(config.get, emulator.environment), "ap-guangzhou", sleep=lambda _: None)
        task_id = client.create_training_task(
            {
                "Name": "long",
                "ChargeType": "POSTPAID_BY_HOUR",
                "ResourceConfigInfos": [{"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1}],
            }
        )

        async def pause(seconds: float) -> None:
            emulator.advance(seconds)

        target = WaitTarget(task_id, "long", "100000000001", ("SUCCEED",))
        poller = StatusPoller(client, None, sleep=pause, jitter=lambda: 1.0)
        shown: list[str] = []
        begun = emulator.now()
        detail = asyncio.run(wait(target, poller, shown.append, clock=lambda: emulator.now().timestamp()))

        assert detail["Status"] == "SUCCEED"
        assert (emulator.now() - begun).total_seconds() >= TWO_HOURS
        requests: list[dict[str, Any]] = emulator.requests()
        assert all(request["accepted"] for request in requests)
        keys = {request["secret_id"] for request in requests if request["action"] == "DescribeTrainingTasks"}
        assert 8 <= len(keys) <= 12
        assert not any("unknown" in message for message in shown)
