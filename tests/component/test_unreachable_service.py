"""A wait for a task of a service that cannot be reached."""

from __future__ import annotations

import asyncio
import socket

import pytest

from pulumi_tione._api.client import Client
from pulumi_tione._api.sdk import EMULATOR_HINT
from pulumi_tione._config.settings import Settings
from pulumi_tione._wait.poller import StatusPoller
from pulumi_tione._wait.waiter import WaitTarget, wait
from pulumi_tione.errors import TaskError


def test_a_wait_ends_after_a_minute_and_names_the_source_of_the_endpoint() -> None:
    with socket.socket() as reserved:  # bound and not listening: nobody else can listen there
        reserved.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        environment = {"TIONE_ENDPOINT": endpoint, "TENCENTCLOUD_SECRET_ID": "id", "TENCENTCLOUD_SECRET_KEY": "key"}
        seconds = [0.0]

        async def sleep(pause: float) -> None:
            seconds[0] += pause

        client = Client(Settings(lambda _: None, environment), "ap-guangzhou", sleep=lambda _: None)
        poller = StatusPoller(client, None, sleep=sleep, jitter=lambda: 1.0)
        shown: list[str] = []
        target = WaitTarget("train-1", "bert", "100000000001", ("SUCCEED",))
        with pytest.raises(TaskError) as caught:
            asyncio.run(wait(target, poller, shown.append, lambda: seconds[0]))
    assert 60 <= seconds[0] < 90
    for part in ("could not be read for", endpoint, "TIONE_ENDPOINT", EMULATOR_HINT):
        assert part in str(caught.value)
    assert 1 <= len(shown) <= 3
