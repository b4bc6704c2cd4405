"""Who may have a command run, and that none outlives the emulator (case C32).

Who may send requests at all is in `test_access.py`.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from pulumi_tione.emulator import DEFAULT_KEY, Emulator, Key, Status
from pulumi_tione.emulator.command import READY
from pulumi_tione.emulator.running import folders

Refusal = Callable[..., tuple[str, str]]
Processes = Callable[[Path], list[str]]
Eventually = Callable[..., Any]
Make = Callable[..., dict[str, Any]]

AT_ONCE = {Status.SUBMITTING: 0.0, Status.PENDING: 0.0}

STUBBORN = "trap '' TERM; setsid sleep 300 & sleep 300 & echo ready; sleep 300"


@pytest.fixture
def emulator(executing: Emulator) -> Emulator:
    return executing


def test_the_key_is_made_at_the_start(emulator: Emulator, refusal: Refusal, body: Make) -> None:
    with Emulator(run=True) as second:
        keys = {emulator.key, second.key, DEFAULT_KEY}
    assert len({key.secret_id for key in keys}) == len({key.secret_key for key in keys}) == 3
    assert len(emulator.key.secret_key) >= 32
    assert emulator.environment["TENCENTCLOUD_SECRET_KEY"] == emulator.key.secret_key
    assert refusal("CreateTrainingTask", body(), key=DEFAULT_KEY)[0] == "AuthFailure.SecretIdNotFound"
    guessed = Key(emulator.key.secret_id, DEFAULT_KEY.secret_key)
    assert refusal("CreateTrainingTask", body(), key=guessed)[0] == "AuthFailure.SignatureFailure"
    assert emulator.tasks() == []


def test_nobody_can_issue_himself_keys(raw: Callable[..., Any], emulator: Emulator) -> None:
    body = {
        "RoleArn": "qcs::cam::uin/100000000001:roleName/train",
        "RoleSessionName": "ci",
        "ProviderId": "OIDC",
        "WebIdentityToken": "e30.e30.e30",
    }
    answer = raw(
        "AssumeRoleWithWebIdentity",
        json.dumps(body).encode(),
        version="2018-08-13",
        service="sts",
        changed_headers={"Authorization": "SKIP"},
    )
    assert answer.code == "AuthFailure.InvalidAuthorization"


def test_temporary_keys_of_an_earlier_emulator_are_worth_nothing(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Emulator(state_file=state) as emulator:
        issued = emulator.gateway.service.issue_temporary_key(emulator.key.caller, emulator.now().replace(year=2100))
        emulator.gateway.service.commit()
    with Emulator(state_file=state) as emulator:
        assert issued.secret_id in {key.secret_id for key in emulator.keyring}
    with Emulator(state_file=state, run=True) as emulator:
        assert issued.secret_id not in {key.secret_id for key in emulator.keyring}


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ({"host": "0.0.0.0"}, "loopback"),  # noqa: S104
        ({"host": "::"}, "loopback"),
        ({"host": "192.168.1.2"}, "loopback"),
        ({"host": "example.com"}, "loopback"),
        ({"keys": [DEFAULT_KEY]}, "key is made at the start"),
        ({"speed": 10.0}, "time is real"),
        ({"manual_clock": True}, "time is real"),
    ],
)
def test_what_does_not_go_with_running_tasks_is_refused(arguments: dict[str, Any], result: str) -> None:
    with pytest.raises(ValueError, match=result):
        Emulator(run=True, **arguments)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
def test_a_loopback_address_will_do(host: str) -> None:
    with Emulator(run=True, host=host) as emulator:
        assert host in emulator.endpoint


@pytest.mark.parametrize("headers", [{"Host": "tione.example.com"}, {"Origin": "http://example.com"}])
def test_a_web_page_cannot_have_a_command_run(emulator: Emulator, headers: dict[str, str]) -> None:
    request = urllib.request.Request(emulator.endpoint, b"{}", headers, method="POST")
    with pytest.raises(urllib.error.HTTPError) as caught, urllib.request.urlopen(request):
        pass
    with caught.value:
        assert caught.value.code == 403


def test_nothing_is_executed_unless_asked_for(tmp_path: Path, body: Make) -> None:
    witness = tmp_path / "witness"
    with Emulator(manual_clock=True) as emulator:
        request = body(StartCmdInfo={"WorkerStartCmd": f"touch {witness}"})
        emulator.gateway.service.create(emulator.key.caller, "ap-guangzhou", request, emulator.now())
        emulator.advance(60)
        assert emulator.tasks()[0]["Status"] == "SUCCEED"
        assert emulator.execution is None
    assert not witness.exists()


def _with_a_task_that_runs(emulator: Emulator, request: dict[str, Any], eventually: Eventually, command: str) -> Path:
    """Return the folder of the runs."""
    assert emulator.execution is not None
    request = {**request, "StartCmdInfo": {"WorkerStartCmd": f"touch begun; {command}"}}
    emulator.gateway.service.create(emulator.key.caller, "ap-guangzhou", request, emulator.now())
    folder = emulator.execution.folder
    eventually(lambda: list(folder.rglob("begun")))
    return folder


def _remains() -> tuple[int, int]:
    gc.collect()
    return threading.active_count(), len(os.listdir("/proc/self/fd"))


def test_rounds_leave_no_process_thread_file_or_folder_behind_and_take_no_pauses(
    body: Make, eventually: Eventually, processes: Processes
) -> None:
    with Emulator(run=True):  # what Python itself opens once
        pass
    remains = _remains()
    pauses: list[float] = []
    for _ in range(5):
        with Emulator(run=True, durations=AT_ONCE) as emulator:
            folder = _with_a_task_that_runs(emulator, body(), eventually, "sleep 300 & sleep 300")
            before = time.monotonic()
        pauses.append(time.monotonic() - before)
        assert processes(folder) == []
        assert not folder.exists()
    assert min(pauses) < 0.4
    assert _remains() == remains


def test_what_does_not_end_when_asked_is_killed_soon(body: Make, eventually: Eventually, processes: Processes) -> None:
    with Emulator(run=True, durations={**AT_ONCE, Status.STOPPING: 60.0}) as emulator:
        folder = _with_a_task_that_runs(emulator, body(), eventually, STUBBORN)
        eventually(lambda: len(processes(folder)) >= 4)
        before = time.monotonic()
    assert time.monotonic() - before < 5
    assert processes(folder) == []


def test_an_emulator_that_runs_tasks_and_was_never_started_leaves_nothing_behind() -> None:
    remains = _remains()
    emulator = Emulator(run=True)
    assert emulator.execution is not None
    folder = emulator.execution.folder
    emulator.stop()
    assert not folder.exists()
    with Emulator() as first, pytest.raises(OSError, match="in use"):
        Emulator(run=True, port=int(first.endpoint.rpartition(":")[2]))
    assert _remains() == remains


@pytest.fixture
def program(cos: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def program(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "pulumi_tione.emulator", "--port", "0", "--run", *arguments]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield program
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_no_process_outlives_the_program(
    program: Callable[..., subprocess.Popen[str]],
    cos: Path,
    body: Make,
    eventually: Eventually,
    processes: Processes,
    number: signal.Signals,
) -> None:
    process = program("--cos", str(cos))
    assert process.stdout is not None
    printed: list[str] = []
    while not printed or not printed[-1].startswith(READY):
        printed.append(process.stdout.readline())
    result = dict(line.split()[-2:] for line in printed if "pulumi config set" in line)
    endpoint = printed[-1].removeprefix(READY).strip()
    [folder] = [Path(line.split()[-1]) for line in printed if "are executed" in line]

    profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=endpoint.removeprefix("http://")))
    credential = Credential(result["tione:secretId"], result["tione:secretKey"])
    client = CommonClient("tione", "2021-11-11", credential, "ap-guangzhou", profile)
    command = {"WorkerStartCmd": f"touch $TI_LOCAL_ROOT/begun; {STUBBORN}"}
    place = {"Bucket": "data-125", "Region": "ap-guangzhou", "Paths": ["/"]}
    with urllib.request.urlopen(f"{endpoint}/_emulator/tasks", b'{"seconds": {"SUBMITTING": 0, "PENDING": 0}}'):
        pass
    client.call_json("CreateTrainingTask", body(StartCmdInfo=command, Output=place))
    eventually(lambda: list(folder.glob("*/*/*/*/begun")))
    eventually(lambda: len(processes(folder)) >= 4)

    process.send_signal(number)
    assert process.wait(10) == (-signal.SIGKILL if number == signal.SIGKILL else 0)
    eventually(lambda: processes(folder) == [])
    # A killed program leaves its folder to the next one that starts, which may belong to another test.
    assert number == signal.SIGKILL or not folder.exists()
    shutil.rmtree(folder, ignore_errors=True)
    assert process.communicate() == ("", "")


@pytest.mark.parametrize(
    "arguments",
    [["--host", "0.0.0.0"], ["--key", "AKID:key"], ["--speed", "2"], ["--cos", "/nothing/here"]],  # noqa: S104
)
def test_the_program_shows_in_one_line_what_does_not_go(
    program: Callable[..., subprocess.Popen[str]], arguments: list[str]
) -> None:
    process = program(*arguments)
    out, errors = process.communicate(timeout=30)
    assert (process.returncode, out, errors.count("\n")) == (1, "", 1)


def test_the_folder_of_an_emulator_that_was_killed_is_removed_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    abandoned = tmp_path / f"{folders.PREFIX}abandoned"
    for folder in (abandoned / "run", tmp_path / f"{folders.PREFIX}in-the-making", tmp_path / "others"):
        folder.mkdir(parents=True)
    folders.claim(abandoned).close()  # as the system does where a process is killed
    with Emulator(run=True) as first:
        assert not abandoned.exists()
        with Emulator(run=True):
            assert first.execution is not None
            assert first.execution.folder.exists()
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["others", f"{folders.PREFIX}in-the-making"]
