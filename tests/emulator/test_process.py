"""Starting and stopping, as a library and as a program (case C32)."""

from __future__ import annotations

import gc
import json
import os
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from pulumi_tione.emulator import Emulator
from pulumi_tione.emulator.command import READY, main

Start = Callable[..., tuple["subprocess.Popen[str]", str, str]]


def _descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


def test_two_emulators_know_nothing_of_each_other(body: Callable[..., Any]) -> None:
    with Emulator() as first, Emulator() as second:
        first.gateway.service.create(first.key.caller, "ap-guangzhou", body(), first.now())
        assert len(first.tasks()) == 1
        assert second.tasks() == []
        assert first.endpoint != second.endpoint


def test_fifty_rounds_leave_nothing_behind_and_take_no_pauses(body: Callable[..., Any]) -> None:
    with Emulator():  # what Python itself opens once
        pass
    threads, descriptors, before = threading.active_count(), _descriptors(), time.monotonic()
    for _ in range(50):
        with Emulator() as emulator:
            emulator.gateway.service.create(emulator.key.caller, "ap-guangzhou", body(), emulator.now())
            with urllib.request.urlopen(f"{emulator.endpoint}/_emulator/tasks") as answer:
                assert len(json.load(answer)) == 1
    assert time.monotonic() - before < 5
    assert threading.active_count() == threads
    assert _descriptors() <= descriptors


def test_an_emulator_that_was_never_started_leaves_nothing_behind() -> None:
    descriptors = _descriptors()
    Emulator().stop()
    assert _descriptors() == descriptors


def test_stopping_twice_is_stopping() -> None:
    emulator = Emulator()
    emulator.start()
    emulator.stop()
    emulator.stop()


def test_a_used_port_is_an_error_at_once(tmp_path: Path) -> None:
    with Emulator() as emulator, pytest.raises(OSError, match="in use"):
        Emulator(port=int(emulator.endpoint.rpartition(":")[2]), record_file=tmp_path / "requests.jsonl")


def test_it_listens_on_loopback_unless_shown() -> None:
    with Emulator() as emulator:
        assert emulator.endpoint.startswith("http://127.0.0.1:")


@pytest.mark.skipif(not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists(), reason="no IPv6 here")
def test_it_can_listen_on_the_other_loopback() -> None:
    with Emulator(host="::1") as emulator:
        assert emulator.endpoint.startswith("http://[::1]:")
        with urllib.request.urlopen(f"{emulator.endpoint}/_emulator/settings") as answer:
            assert answer.status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "tione.example.com"},
        {"Host": "127.0.0.1.example.com"},
        {"Host": "127.0.0.1@example.com"},
        {"Host": "[::1"},
        {"Origin": "http://example.com"},
        {"Origin": "null"},
        {"Origin": "http://localhost.example.com"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/_emulator/requests", "/_emulator/clock"])
def test_a_foreign_host_or_web_page_is_turned_away(emulator: Emulator, headers: dict[str, str], path: str) -> None:
    before = emulator.now()
    request = urllib.request.Request(f"{emulator.endpoint}{path}", b'{"advance_seconds": 60}', headers, method="POST")
    with pytest.raises(urllib.error.HTTPError) as caught, urllib.request.urlopen(request):
        pass
    with caught.value:
        assert caught.value.code == 403
    assert emulator.requests() == []
    assert emulator.now() == before


@pytest.mark.parametrize(
    "headers", [{"Host": "localhost"}, {"Host": "LOCALHOST:80"}, {"User-Agent": "curl/8.5.0"}, {"Accept": "*/*"}]
)
def test_the_own_machine_is_welcome_under_its_names(emulator: Emulator, headers: dict[str, str]) -> None:
    request = urllib.request.Request(f"{emulator.endpoint}/_emulator/tasks", headers=headers)
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(("path", "status"), [("/_emulator/nothing", 404), ("/_emulator/clock", 405), ("/other", 404)])
def test_another_path_does_not_exist(emulator: Emulator, path: str, status: int) -> None:
    request = urllib.request.Request(f"{emulator.endpoint}{path}", method="DELETE")
    with pytest.raises(urllib.error.HTTPError) as caught, urllib.request.urlopen(request):
        pass
    with caught.value:
        assert caught.value.code == status


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the program; gives it, its address, and what it printed before it was ready."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> tuple[subprocess.Popen[str], str, str]:
        process = _program(["--port", "0", *arguments])
        started.append(process)
        assert process.stdout is not None
        printed: list[str] = []
        for line in process.stdout:
            if line.startswith(READY):
                return process, line.removeprefix(READY).strip(), "".join(printed)
            printed.append(line)
        raise AssertionError("".join(printed))

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _program(arguments: Sequence[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pulumi_tione.emulator", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_program_shows_how_to_reach_it_and_is_ready_then(start: Start) -> None:
    _, address, printed = start()
    with urllib.request.urlopen(f"{address}/_emulator/settings") as answer:
        assert answer.status == 200
    for result in (
        f"tione:endpoint {address}",
        "tione:secretId AKIDemulator",
        "tione:secretKey emulator",
        f"TIONE_ENDPOINT={address}",
        "TENCENTCLOUD_SECRET_ID=AKIDemulator",
        "TENCENTCLOUD_SECRET_KEY=emulator",
        "TENCENTCLOUD_REGION=ap-guangzhou",
    ):
        assert result in printed


def test_the_program_shows_what_to_trust(start: Start) -> None:
    process, address, printed = start("--tls")
    assert address.startswith("https://127.0.0.1:")
    [ca_file] = re.findall(r"NODE_EXTRA_CA_CERTS=(\S+)", printed)
    with urllib.request.urlopen(
        f"{address}/_emulator/settings", context=ssl.create_default_context(cafile=ca_file)
    ) as answer:
        assert answer.status == 200
    assert f'certification="{ca_file}"' in printed
    assert f'cat {ca_file} >> "$(python -m certifi)"' in printed
    process.terminate()
    process.wait(5)
    assert not Path(ca_file).exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_program_ends_quickly_when_asked_to(start: Start, number: signal.Signals) -> None:
    process, address, _ = start()
    body = json.dumps({"delay_seconds": 30, "times": None}).encode()
    with urllib.request.urlopen(f"{address}/_emulator/faults", body):
        pass
    with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))):  # a client that keeps its connection
        process.send_signal(number)
        assert process.wait(2) == 0
    assert process.communicate() == ("", "")


def test_the_program_ends_with_one_line_where_the_port_is_used() -> None:
    with Emulator() as emulator:
        port = emulator.endpoint.rpartition(":")[2]
        process = _program(["--port", port])
        out, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert out == ""
    assert errors.count("\n") == 1
    assert port in errors
    assert errors.endswith(". To use any free port, add --port 0\n")


def test_the_program_writes_the_record_where_it_is_shown(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    process, address, _ = start("--record", str(file))
    with urllib.request.urlopen(address, b'{"Name": "x"}'):
        pass
    process.terminate()
    process.wait(5)
    [entry] = [json.loads(line) for line in file.read_text().splitlines()]
    assert (entry["code"], entry["body"]) == ("MissingParameter", {"Name": "x"})


def test_the_programs_options_reach_the_emulator(start: Start) -> None:
    _, address, printed = start(
        *("--key", "AKIDmine:secret:300000000001", "--no-limits", "--keep-deleted-names", "--no-start-from-failed"),
        *("--no-instance-id-while-submitting", "--lag", "3,lists=30,details=2calls"),
    )
    assert "AKIDmine" in printed
    with urllib.request.urlopen(f"{address}/_emulator/settings") as answer:
        settings = json.load(answer)
    assert settings["requests_a_second"] is None
    assert settings["deleted_names_are_free"] is False
    assert settings["start_from_failed"] is False
    assert settings["instance_id_while_submitting"] is False
    with urllib.request.urlopen(f"{address}/_emulator/lag") as answer:
        assert json.load(answer) == {"lists": 30, "details": {"calls": 2}, "tags": 3, "pods": 3, "logs": 3}


@pytest.mark.parametrize(
    ("options", "result"), [(["--key", "lonely"], "ID:KEY"), (["--lag", "cats=3"], "cats"), (["--lag", "-1"], "--lag")]
)
def test_a_malformed_option_is_refused_by_the_program(options: list[str], result: str) -> None:
    process = _program(options)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert result in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("options", "parameter"),
    [
        (["--port", "99999"], "99999"),
        (["--port", "-1"], "-1"),
        (["--port", "http"], "http"),
        (["--speed", "0"], "--speed"),
        (["--speed", "inf"], "--speed"),
        (["--speed", "nan"], "--speed"),
        (["--speed", "-2"], "--speed"),
        (["--running", "-5"], "--running"),
        (["--running", "nan"], "--running"),
        (["--clock-offset", "1e300"], "--clock-offset"),
        (["--clock-offset", "nan"], "--clock-offset"),
        (["--lag", "lists=1,lists=2"], "lists is given twice"),
        (["--record", "/no/such/dir/x"], "cannot open /no/such/dir/x: No such file or directory"),
        (["--state", "/no/such/dir/x"], "/no/such/dir/x"),
        (["--cos", "/no/such/dir"], "/no/such/dir"),
        (["--host", "no.such.host.invalid"], "no.such.host.invalid"),
        (["--key", "AKID:x:y:z"], "--key"),
        (["--colour", "red"], "--colour"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_bad_option_is_one_line(
    options: list[str], parameter: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_: Emulator) -> None:
        raise AssertionError("it must not come so far")

    monkeypatch.setattr(Emulator, "start", start)
    try:
        code = main(["--port", "0", *options])
    except SystemExit as error:
        code = int(str(error.code))
    result = capsys.readouterr()
    assert code != 0
    assert result.out == ""
    assert result.err.count("\n") == 1
    assert parameter in result.err


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(b"no database at all " * 100),
        lambda file: file.write_bytes(file.read_bytes()[:5000]),
        lambda file: _change(file, "UPDATE documents SET document = '{' WHERE kind = 'task'"),
        lambda file: _change(file, "UPDATE documents SET document = '{}' WHERE kind = 'task'"),
        lambda file: _change(file, "UPDATE documents SET document = '[]' WHERE kind = 'tag'"),
        lambda file: _change(file, "UPDATE documents SET document = '5' WHERE kind = 'clock'"),
        lambda file: _change(file, "UPDATE documents SET document = 'null' WHERE kind = 'registered'"),
        lambda file: _change(file, "UPDATE documents SET key = 'x' WHERE kind = 'name'"),
        lambda file: _change(file, "DROP TABLE documents"),
    ],
)
def test_a_damaged_state_file_is_one_line(
    tmp_path: Path, body: Callable[..., Any], capsys: pytest.CaptureFixture[str], damage: Callable[[Path], object]
) -> None:
    file = tmp_path / "state"
    with Emulator(state_file=file, manual_clock=True) as emulator:
        service = emulator.gateway.service
        task = service.create(emulator.key.caller, "ap-guangzhou", body(), emulator.now())
        service.bind_tags(task, {"a": "b"})
        emulator.register("vpc", "vpc-1")
    damage(file)
    if file.read_bytes()[:6] == b"SQLite" and "documents" not in _tables(file):
        with Emulator(state_file=file) as emulator:  # an empty file is a new one
            assert emulator.tasks() == []
        return
    assert main(["--port", "0", "--state", str(file)]) == 1
    result = capsys.readouterr()
    assert result.err.count("\n") == 1
    assert str(file) in result.err


def _change(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute(statement)
        database.commit()


def _tables(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as database:
        try:
            return [name for (name,) in database.execute("SELECT name FROM sqlite_master")]
        except sqlite3.Error:
            return ["documents"]


def test_several_keys_are_several_users(start: Start) -> None:
    _, address, _ = start("--key", "AKIDone:1", "--key", "AKIDtwo:2", "--key", "AKIDthree:3:300000000001")
    callers = []
    for secret_id, secret_key in (("AKIDone", "1"), ("AKIDtwo", "2"), ("AKIDthree", "3")):
        client = CommonClient("sts", "2018-08-13", Credential(secret_id, secret_key), "ap-guangzhou", _profile(address))
        callers.append(client.call_json("GetCallerIdentity", {})["Response"])
    assert [caller["AccountId"] for caller in callers] == ["100000000001", "100000000001", "300000000001"]
    assert len({caller["PrincipalId"] for caller in callers}) == 3


def _profile(address: str) -> ClientProfile:
    return ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=address.removeprefix("http://")))
