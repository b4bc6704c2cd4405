"""State in a file: what was acknowledged is there after any end of the emulator, and nothing else is."""

from __future__ import annotations

import random
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from pulumi_tione.emulator import Emulator
from pulumi_tione.emulator.command import READY
from pulumi_tione.emulator.state.storage import StateFileError

Body = Callable[..., dict[str, Any]]


def _call(
    endpoint: str, action: str, body: dict[str, Any], token: tuple[str, str, str] | None = None
) -> dict[str, Any]:
    profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=endpoint.removeprefix("http://")))
    service, version = ("tione", "2021-11-11") if "Task" in action else ("sts", "2018-08-13")
    credential = Credential(*(token or ("AKIDemulator", "emulator")))
    client = CommonClient(service, version, credential, "ap-guangzhou", profile)
    response: dict[str, Any] = client.call_json(action, body)["Response"]
    return response


def test_a_task_is_there_again_after_a_restart(tmp_path: Path, body: Body) -> None:
    file = tmp_path / "state"
    with Emulator(state_file=file, manual_clock=True) as emulator:
        emulator.plan_runs("bert", outcome="FAILED", failure_reason="loss is NaN", output=[(1, "line")])
        request = body(Tags=[{"TagKey": "team", "TagValue": "nlp"}], StartCmdInfo={"WorkerStartCmd": "sleep 50"})
        _call(emulator.endpoint, "CreateTrainingTask", request)
        emulator.advance(10)
        emulator.plan_runs("bert", change={"Remark": "changed"})
        before = emulator.tasks()
    with Emulator(state_file=file, manual_clock=True) as emulator:
        after = emulator.tasks()
        assert [{**task, "RuntimeInSeconds": 0} for task in after] == [
            {**task, "RuntimeInSeconds": 0} for task in before
        ]
        emulator.advance(60)
        [task] = emulator.tasks()
        assert (task["Status"], task["FailureReason"]) == ("FAILED", "loss is NaN")
        assert _call(emulator.endpoint, "CreateTrainingTask", body(Name="next"))["Id"] > task["Id"]


def test_time_goes_on_from_where_it_was(tmp_path: Path, body: Body) -> None:
    file = tmp_path / "state"
    with Emulator(state_file=file, manual_clock=True) as emulator:
        emulator.advance(86400)
        _call(emulator.endpoint, "CreateTrainingTask", body())
        before = emulator.now()
    with Emulator(state_file=file, manual_clock=True) as emulator:
        assert emulator.now() >= before


def test_names_keys_tags_and_what_was_registered_are_there_again(tmp_path: Path, body: Body) -> None:
    file = tmp_path / "state"
    role = {"RoleArn": "qcs::cam::uin/100000000001:roleName/train", "RoleSessionName": "ci"}
    with Emulator(state_file=file) as emulator:
        emulator.set(deleted_names_are_free=False, tag_values_of_a_key=1)
        emulator.register("vpc", "vpc-1")
        emulator.register("subnet", "subnet-1", vpc="vpc-1")
        emulator.unregister("vpc", "vpc-1")
        _call(emulator.endpoint, "CreateTrainingTask", body(Tags=[{"TagKey": "a b", "TagValue": "c"}]))
        emulator.remove("bert")
        issued = _call(emulator.endpoint, "AssumeRole", role)["Credentials"]
    with Emulator(state_file=file) as emulator:
        emulator.set(tag_values_of_a_key=1)
        assert _refusal(emulator, body()) == "InvalidParameterValue.DuplicateName"
        assert _refusal(emulator, body(Name="x", Tags=[{"TagKey": "a b", "TagValue": "d"}])) == (
            "InternalError.BindingTagsFailed"
        )
        assert _refusal(emulator, body(Name="y", VpcId="vpc-2", SubnetId="subnet-1")) == "OperationDenied.SubnetIllegal"
        key = (issued["TmpSecretId"], issued["TmpSecretKey"], issued["Token"])
        assert _call(emulator.endpoint, "GetCallerIdentity", {}, key)["Type"] == "CAMRole"


def _refusal(emulator: Emulator, request: dict[str, Any]) -> str:
    with pytest.raises(TencentCloudSDKException) as caught:
        _call(emulator.endpoint, "CreateTrainingTask", request)
    return str(caught.value.code)


def test_a_state_file_is_its_owners_and_one_emulators(tmp_path: Path) -> None:
    file = tmp_path / "state"
    with Emulator(state_file=file):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        with pytest.raises(StateFileError, match="in use by another emulator"):
            Emulator(state_file=file)
    Emulator(state_file=file).stop()


def test_a_file_that_is_no_state_is_an_error_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "state"
    file.write_text("this is no database, it is a text that somebody wrote" * 10)
    with pytest.raises(StateFileError, match="state"):
        Emulator(state_file=file)
    with pytest.raises(StateFileError, match="cannot be opened"):
        Emulator(state_file=tmp_path / "no folder" / "state")
    of_future = tmp_path / "future"
    database = sqlite3.connect(of_future)
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StateFileError, match="99"):
        Emulator(state_file=of_future)


def test_the_program_shows_of_a_bad_state_file_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pulumi_tione.emulator", "--port", "0", "--state", str(tmp_path / "no" / "state")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)


class _Client:
    """Creates and deletes tasks until its emulator is killed, and remembers what was acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: set[str] = set()
        self.deleted: set[str] = set()
        self.unacknowledged: set[str] = set()
        self._number = 0

    def work(self, endpoint: str, until: threading.Event, body: Body) -> None:
        while not until.is_set():
            self._create_or_delete(endpoint, body)

    def _create_or_delete(self, endpoint: str, body: Body) -> None:
        try:
            self._create(endpoint, body)
            if self._number % 2:
                self._delete(endpoint)
        except (TencentCloudSDKException, requests.RequestException) as error:
            if getattr(error, "code", "ClientNetworkError") != "ClientNetworkError":
                raise

    def _create(self, endpoint: str, body: Body) -> None:
        self._number += 1
        self.acknowledged.add(_call(endpoint, "CreateTrainingTask", body(Name=f"task-{self._number}"))["Id"])

    def _delete(self, endpoint: str) -> None:
        victim = min(self.acknowledged - self.unacknowledged)
        self.unacknowledged.add(victim)
        try:
            _call(endpoint, "DeleteTrainingTask", {"Id": victim})
        except TencentCloudSDKException as error:
            if error.code != "InternalError.NotAllow":
                raise
            self.unacknowledged.discard(victim)  # it was created a moment ago, and is still active
            return
        self.acknowledged.discard(victim)
        self.deleted.add(victim)


@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.long)])
def test_no_kill_loses_an_acknowledged_task_or_brings_a_deleted_one_back(
    tmp_path: Path, body: Body, kills: int
) -> None:
    client, chance = _Client(), random.Random(kills)
    request = lambda **members: body(StartCmdInfo={"WorkerStartCmd": "exit 0"}, **members)  # noqa: E731
    for _ in range(kills):
        process, endpoint = _started(tmp_path / "state")
        held = _ids(endpoint)
        assert client.acknowledged - client.unacknowledged <= held
        assert held.isdisjoint(client.deleted)
        until = threading.Event()
        worker = threading.Thread(target=client.work, args=(endpoint, until, request))
        worker.start()
        time.sleep(chance.uniform(0.02, 0.2))
        process.kill()
        until.set()
        worker.join()
        process.communicate()
    assert client.acknowledged
    assert client.deleted


def _started(file: Path) -> tuple[subprocess.Popen[str], str]:
    # Nothing is submitted for long: tasks end at once, and can be deleted.
    command = [sys.executable, "-m", "pulumi_tione.emulator", "--port", "0", "--no-limits", "--speed", "1000"]
    process = subprocess.Popen([*command, "--state", str(file)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(READY):
            return process, line.removeprefix(READY).strip()
    raise AssertionError("the emulator did not start")


def _ids(endpoint: str) -> set[str]:
    ids: set[str] = set()
    while True:
        request = {"Limit": 50, "Offset": len(ids), "OrderField": "CreateTime"}
        answer = _call(endpoint, "DescribeTrainingTasks", request)
        ids |= {task["Id"] for task in answer["TrainingTaskSet"]}
        if len(ids) >= answer["TotalCount"]:
            return ids
