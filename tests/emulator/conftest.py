"""What the tests of the emulator share: one whose clock stands still, and clients that were not made for it."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from pulumi_tione.emulator import Emulator, Key, Status
from pulumi_tione.emulator.api.definition import Action, definition
from pulumi_tione.emulator.api.error_codes import is_listed
from pulumi_tione.emulator.api.schema import deviations_of_response
from pulumi_tione.emulator.tasks.transitions import TERMINAL

Json = dict[str, Any]

INSTALL = Path(__file__).parents[2] / "tools" / "clients" / "install.py"


@pytest.fixture
def conforming() -> Iterator[Callable[[Emulator], Emulator]]:
    """Makes an emulator's every answer be held against the definition of its response."""
    deviations: list[str] = []

    def watch(emulator: Emulator) -> Emulator:
        def check(action: Action, response: Json) -> None:
            deviations.extend(deviations_of_response(definition(), action.service, action.response, response))
            codes = [failed["Code"] for failed in response.get("FailedResources", ())]
            deviations.extend(f"{action.name}: {code}" for code in codes if not is_listed(action.name, code))

        emulator.gateway.on_answer = check
        return emulator

    yield watch
    assert deviations == []


@pytest.fixture
def emulator(conforming: Callable[[Emulator], Emulator]) -> Iterator[Emulator]:
    with conforming(Emulator(manual_clock=True, requests_a_second=None)) as emulator:
        yield emulator


@pytest.fixture
def profile(emulator: Emulator) -> ClientProfile:
    """How the official SDK reaches the emulator."""
    protocol, _, authority = emulator.endpoint.partition("://")
    trusted = None if emulator.ca_file is None else str(emulator.ca_file)
    return ClientProfile(
        httpProfile=HttpProfile(protocol=protocol, endpoint=authority, reqTimeout=10, certification=trusted)
    )


@pytest.fixture
def call(emulator: Emulator, profile: ClientProfile) -> Callable[..., Json]:
    """Calls an action by the official SDK: `call("StopTrainingTask", {"Id": …})`.

    Gives what is within `Response`, raises what the SDK raises.
    """

    def call(action: str, body: Json | None = None, *, region: str = "ap-guangzhou", key: Key | None = None) -> Json:
        known, key = definition().actions[action], key or emulator.key
        credential = Credential(key.secret_id, key.secret_key, key.token)
        client = CommonClient(known.service, known.version, credential, region, profile)
        response: Json = client.call_json(action, body or {})["Response"]
        return response

    return call


@pytest.fixture
def refusal(call: Callable[..., Json]) -> Callable[..., tuple[str, str]]:
    """Calls an action that must be refused; gives the code and the message."""

    def refusal(action: str, body: Json | None = None, **how: Any) -> tuple[str, str]:
        with pytest.raises(TencentCloudSDKException) as caught:
            call(action, body, **how)
        assert caught.value.requestId
        return caught.value.code, caught.value.message

    return refusal


@pytest.fixture
def create(call: Callable[..., Json]) -> Callable[..., str]:
    """Creates the smallest task, with other members on demand; gives its id."""

    def create(name: str = "bert", **members: Any) -> str:
        task_id: str = call("CreateTrainingTask", smallest(Name=name, **members))["Id"]
        return task_id

    return create


@pytest.fixture
def detail(call: Callable[..., Json]) -> Callable[..., Json]:
    def detail(task_id: str, **how: Any) -> Json:
        of_task: Json = call("DescribeTrainingTask", {"Id": task_id}, **how)["TrainingTaskDetail"]
        return of_task

    return detail


@pytest.fixture
def body() -> Callable[..., Json]:
    """The smallest request for a task, with other members on demand."""
    return smallest


def smallest(**members: Any) -> Json:
    node = {"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1}
    return {"Name": "bert", "ChargeType": "POSTPAID_BY_HOUR", "ResourceConfigInfos": [node], **members}


@dataclass
class Answer:
    """What a raw client gets."""

    status: int
    content_type: str | None
    text: str
    date: str | None = None

    @property
    def response(self) -> Json:
        within: Json = json.loads(self.text)["Response"]
        return within

    @property
    def code(self) -> str | None:
        code: str | None = self.response.get("Error", {}).get("Code")
        return code

    @property
    def message(self) -> str:
        message: str = self.response["Error"]["Message"]
        return message


@pytest.fixture
def raw(emulator: Emulator) -> Callable[..., Answer]:
    """A client of the standard library that signs by itself, and can be asked to do it wrong."""

    def raw(
        action: str = "DescribeTrainingTasks",
        body: bytes = b"{}",
        *,
        method: str = "POST",
        path: str = "/",
        version: str = "2021-11-11",
        region: str = "ap-guangzhou",
        service: str = "tione",
        content_type: str = "application/json",
        host: str | None = None,
        signed_host: str | None = None,
        signed_body: bytes | None = None,
        seconds_off: int = 0,
        date: str | None = None,
        secret_id: str | None = None,
        secret_key: str | None = None,
        changed_headers: dict[str, str | None] | None = None,
        lower_case: bool = False,
    ) -> Answer:
        authority = emulator.endpoint.removeprefix("http://")
        host = host or authority
        now = int(time.time()) + seconds_off
        scope_date = date or f"{datetime.fromtimestamp(now, timezone.utc):%Y-%m-%d}"
        scope = f"{scope_date}/{service}/tc3_request"
        digest = hashlib.sha256(body if signed_body is None else signed_body).hexdigest()
        canonical = f"POST\n/\n\ncontent-type:{content_type}\nhost:{signed_host or host}\n\ncontent-type;host\n{digest}"
        text = f"TC3-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        secret = f"TC3{secret_key or emulator.key.secret_key}".encode()
        for part in (scope_date, service, "tc3_request", text):
            secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
        headers: dict[str, str | None] = {
            "Host": host,
            "Content-Type": content_type,
            "X-TC-Action": action,
            "X-TC-Version": version,
            "X-TC-Region": region,
            "X-TC-Timestamp": str(now),
            "Authorization": f"TC3-HMAC-SHA256 Credential={secret_id or emulator.key.secret_id}/{scope}, "
            f"SignedHeaders=content-type;host, Signature={secret.hex()}",
            **(changed_headers or {}),
        }
        connection = http.client.HTTPConnection(authority, timeout=10)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                if value is not None:
                    connection.putheader(name.lower() if lower_case else name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            date = answer.getheader("Date")
            return Answer(answer.status, answer.getheader("Content-Type"), answer.read().decode(), date)
        finally:
            connection.close()

    return raw


@pytest.fixture
def cos(tmp_path: Path) -> Path:
    """A folder that stands for COS, with one bucket, `data-125`."""
    folder = tmp_path / "cos"
    (folder / "data-125").mkdir(parents=True)
    return folder


@pytest.fixture
def executing(conforming: Callable[[Emulator], Emulator], cos: Path) -> Iterator[Emulator]:
    """An emulator that really runs its tasks, without waiting for nodes. Nothing of them may remain."""
    durations = {Status.SUBMITTING: 0.0, Status.PENDING: 0.0, Status.STOPPING: 0.3}
    emulator = Emulator(run=True, cos=cos, requests_a_second=None, durations=durations)
    assert emulator.execution is not None
    folder = emulator.execution.folder
    with conforming(emulator):
        yield emulator
    assert processes_below(folder) == []
    assert not folder.exists()


@pytest.fixture(scope="session")
def processes() -> Callable[[Path], list[str]]:
    return processes_below


def processes_below(folder: Path) -> list[str]:
    """The command lines of processes that a task in a folder started, and of their supervisors."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = process.joinpath("cmdline").read_bytes()
            files = process.joinpath("fd").iterdir() if b"supervisor.main()" in command else ()
            beside = any(os.readlink(file).startswith(str(folder)) for file in files)
            if beside or str(folder).encode() in process.joinpath("environ").read_bytes():
                found.append(command.decode())
    return found


@pytest.fixture
def eventually() -> Callable[[Callable[[], Any]], Any]:
    """Asks again and again, as processes take their time, until there is an answer; gives it."""

    def eventually(ask: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + 10
        while not (answer := ask()):
            assert time.monotonic() < deadline, "nothing came"
            time.sleep(0.01)
        return answer

    return eventually


@pytest.fixture
def reach(detail: Callable[..., Json], eventually: Callable[..., Any]) -> Callable[..., Json]:
    """Waits for a task to come to a status, and no other terminal one; returns its detail."""

    def reach(task_id: str, status: str) -> Json:
        def ask() -> Json | None:
            result = detail(task_id)
            return result if result["Status"] in (status, *TERMINAL) else None

        result: Json = eventually(ask)
        assert result["Status"] == status, result["FailureReason"]
        return result

    return reach


@pytest.fixture
def printed(call: Callable[..., Json], detail: Callable[..., Json]) -> Callable[..., list[str]]:
    """What a task's latest run printed, or one of its pods, such as `worker-0`."""

    def printed(task_id: str, pod: str | None = None, **how: Any) -> list[str]:
        run = detail(task_id)["LatestInstanceId"]
        which = {"PodName": f"{run}-{pod}"} if pod else {}
        request = {"Service": "TRAIN", "ServiceId": run, "Order": "ASC", "Limit": 1000, **which, **how}
        return [line["Message"] for line in call("DescribeLogs", request)["Content"]]

    return printed


@pytest.fixture
def group() -> Callable[..., Json]:
    """A group of nodes, as a request names it."""

    def group(count: int, role: str = "WORKER", **members: Any) -> Json:
        return {"Role": role, "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": count, **members}

    return group


@pytest.fixture
def place() -> Callable[..., Json]:
    """A path in the bucket, as a request names it."""

    def place(path: str, bucket: str = "data-125") -> Json:
        return {"Bucket": bucket, "Region": "ap-guangzhou", "Paths": [path]}

    return place


@pytest.fixture(scope="session")
def tccli_folder() -> Path:
    """Where `bin/tccli` is."""
    return _installed("tccli")


@pytest.fixture(scope="session")
def node_folder() -> Path:
    """Where `bin/node` is, and the SDK for it in `node_modules`."""
    return _installed("node")


@pytest.fixture(scope="session")
def tikit_folder() -> Path:
    """Where `bin/python` is, which has the vendor's kit."""
    return _installed("tikit")


@pytest.fixture(scope="session")
def go_folder() -> Path:
    """Where the program `ask` is."""
    return _installed("go")


@pytest.fixture(scope="session")
def java_folder() -> Path:
    """Where the class `Ask` is, and what it needs in `lib`."""
    return _installed("java")


def _installed(client: str) -> Path:
    done = subprocess.run([sys.executable, INSTALL, client], capture_output=True, text=True)
    if done.returncode:
        pytest.fail(done.stderr.splitlines()[-1], pytrace=False)
    return Path(done.stdout.strip())
