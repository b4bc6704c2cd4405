"""The provider as the engine meets it: `python -m pulumi.dynamic`, spoken to over gRPC."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub

from pulumi_tione.emulator import Emulator
from pulumi_tione.provider import TrainingTaskProvider

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How an unknown value travels."""

OWNER = {"organization": "acme", "project": "nlp", "stack": "dev", "resource": "bert"}
SMALLEST: dict[str, Any] = {
    "chargeType": "POSTPAID_BY_HOUR",
    "frameworkName": "PYTORCH",
    "frameworkEnvironment": "torch2.1-py3.10-cuda12.1-gpu",
    "trainingMode": "DDP",
    "startCmdInfo": {"workerStartCmd": "sleep 5"},
    "resourceConfigInfos": [{"role": "WORKER", "instanceType": "TI.S.MEDIUM.POST", "instanceNum": 1}],
    "owner": OWNER,
}
"""The inputs of the smallest pay-as-you-go task, as the engine has them from the resource."""


@dataclass
class Provider:
    """What the engine asks a provider; plain dicts in and out, the provider's own key added and taken away."""

    stub: ResourceProviderStub
    blob: str

    def check(
        self, news: Mapping[str, Any], olds: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, str]]:
        answer = self.stub.Check(provider_pb2.CheckRequest(news=self._sent(news), olds=self._sent(olds or {})))
        # The engine shows a value of `{<nil>}` at a nested property: the path is in the reason instead.
        assert not any(failure.property for failure in answer.failures)
        return self._received(answer.inputs), dict(failure.reason.partition(": ")[::2] for failure in answer.failures)

    def checked(self, news: Mapping[str, Any], olds: Mapping[str, Any] | None = None) -> dict[str, Any]:
        inputs, failures = self.check(news, olds)
        assert failures == {}
        return inputs

    def diff(self, task_id: str, outputs: Mapping[str, Any], news: Mapping[str, Any]) -> tuple[bool, list[str]]:
        request = provider_pb2.DiffRequest(id=task_id, olds=self._sent(outputs), news=self._sent(news))
        answer = self.stub.Diff(request)
        return answer.changes == provider_pb2.DiffResponse.DIFF_SOME, list(answer.replaces)

    def create(self, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        answer = self.stub.Create(provider_pb2.CreateRequest(properties=self._sent(inputs)))
        return answer.id, self._received(answer.properties)

    def read(self, task_id: str, outputs: Mapping[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any]]:
        answer = self.stub.Read(provider_pb2.ReadRequest(id=task_id, properties=self._sent(outputs)))
        return answer.id, self._received(answer.properties), self._received(answer.inputs)

    def update(self, task_id: str, outputs: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
        request = provider_pb2.UpdateRequest(id=task_id, olds=self._sent(outputs), news=self._sent(news))
        return self._received(self.stub.Update(request).properties)

    def delete(self, task_id: str, outputs: Mapping[str, Any]) -> None:
        self.stub.Delete(provider_pb2.DeleteRequest(id=task_id, properties=self._sent(outputs)))

    def _sent(self, values: Mapping[str, Any]) -> Struct:
        """What travels to a provider that does not accept secrets: the engine opens them."""
        return json_format.ParseDict({**_opened(values), "__provider": self.blob}, Struct())

    def _received(self, values: Struct) -> dict[str, Any]:
        return {name: value for name, value in json_format.MessageToDict(values).items() if name != "__provider"}


def update_after_a_failure(
    provider: Provider, emulator: Emulator, task_id: str, outputs: Mapping[str, Any], changed: Mapping[str, Any]
) -> dict[str, Any]:
    """Update a task, once with an error of the service, which must be shown as it is, and once without."""
    emulator.faults.add("EnableTrainingTaskClsConfig", code="InternalError.NotAllow", message="the real error")
    with pytest.raises(grpc.RpcError, match="the real error"):
        provider.update(task_id, outputs, changed)
    emulator.faults.clear()
    return provider.update(task_id, outputs, changed)


def _opened(value: Any) -> Any:
    if isinstance(value, Mapping):
        is_secret = value.get("4dabf18193072939515e22adb298388d") == "1b47061264138c4ac30d75fd1eb44270"
        return value["value"] if is_secret else {key: _opened(part) for key, part in value.items()}
    return [_opened(part) for part in value] if isinstance(value, list) else value


@pytest.fixture
def provider(emulator: Emulator) -> Iterator[Provider]:
    """The provider's process, configured for the local TI-ONE."""
    with running_provider(emulator, "-m", "pulumi.dynamic") as provider:
        yield provider


_HASTY = """
import runpy, sys, threading, time
sleep, wait, monotonic = time.sleep, threading.Event.wait, time.monotonic
skipped = [0.0]
def shortened(seconds):
    skipped[0] += max(seconds - 0.01, 0)
    return min(seconds, 0.01)
time.sleep, time.monotonic = lambda seconds: sleep(shortened(seconds)), lambda: monotonic() + skipped[0]
threading.Event.wait = lambda event, timeout=None: wait(event, None if timeout is None else shortened(timeout))
sys.argv = ["pulumi.dynamic"]
runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def hasty_provider(emulator: Emulator) -> Iterator[Provider]:
    """The provider's process, whose pauses are short and pass for long ones: it may try for minutes."""
    with running_provider(emulator, "-c", _HASTY) as provider:
        yield provider


@contextmanager
def running_provider(emulator: Emulator, *python: str) -> Iterator[Provider]:
    environment = {
        **os.environ,
        "TIONE_ENDPOINT": emulator.endpoint,
        "TENCENTCLOUD_SECRET_ID": emulator.key.secret_id,
        "TENCENTCLOUD_SECRET_KEY": emulator.key.secret_key,
        "TENCENTCLOUD_REGION": "ap-guangzhou",
    }
    command = [sys.executable, "-u", *python]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                stub = ResourceProviderStub(channel)
                stub.Configure(provider_pb2.ConfigureRequest(args=Struct()), wait_for_ready=True)
                yield Provider(stub, serialize_provider(TrainingTaskProvider()))
        finally:
            process.kill()
