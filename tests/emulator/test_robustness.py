"""No request stops the others: long ones, many, broken ones, and connections that lead to none.

Malformed requests are in `test_fuzz.py`, memory is in `test_memory.py`, speed in `bench_throughput.py`.
"""

from __future__ import annotations

import json
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_tione.emulator import Emulator
from pulumi_tione.emulator.command import READY
from pulumi_tione.emulator.http import server
from pulumi_tione.emulator.http.gateway import MAX_REQUEST_BYTES
from pulumi_tione.emulator.http.record import Entry, Record
from pulumi_tione.emulator.tasks import workload
from pulumi_tione.emulator.tasks.workload import MAX_COMMAND_LENGTH, MAX_LINES, parse_workload

Body = Callable[..., dict[str, Any]]
Call = Callable[..., Any]
Create = Callable[..., str]
Raw = Callable[..., Any]

WORD = "x" * 9_000_000
QUICK_SECONDS = 2.0
"""What takes longer was held up."""


def _seconds(do: Callable[[], object]) -> float:
    """Of the processor, as the machine may be busy with something else."""
    before = time.process_time()
    do()
    return time.process_time() - before


def test_a_command_with_one_very_long_word_is_read_at_once(create: Create, call: Call, detail: Call) -> None:
    for name, length in (("a", 300_000), ("b", 9_000_000)):
        command = f"echo {'x' * length}"
        assert _seconds(lambda n=name, c=command: create(n, StartCmdInfo={"WorkerStartCmd": c})) < QUICK_SECONDS  # type: ignore[misc]
    run = detail(create("c", StartCmdInfo={"WorkerStartCmd": f"echo {'x' * 300_000}"}))["LatestInstanceId"]
    assert _seconds(lambda: call("DescribeLogs", {"Service": "TRAIN", "ServiceId": run})) < QUICK_SECONDS


@pytest.mark.parametrize(
    "command",
    [
        f"echo {'x' * (MAX_COMMAND_LENGTH - 5)}",
        f"echo {'x' * (MAX_COMMAND_LENGTH - 7)}''",
        f"echo '{'x' * (MAX_COMMAND_LENGTH - 6)}",
        f'echo "{"x" * (MAX_COMMAND_LENGTH - 6)}',
        f"echo {chr(92) * (MAX_COMMAND_LENGTH - 5)}",
        "true;" * (MAX_COMMAND_LENGTH // 5),
        "echo x\n" * (MAX_COMMAND_LENGTH // 7),
        "'" * MAX_COMMAND_LENGTH,
        '"' * (MAX_COMMAND_LENGTH - 1),
        "a'" * (MAX_COMMAND_LENGTH // 2),
        " " * MAX_COMMAND_LENGTH,
    ],
    ids=lambda command: ascii(command[:8]),
)
def test_any_command_is_read_in_a_time_that_grows_with_its_length_alone(command: str) -> None:
    assert len(command) <= MAX_COMMAND_LENGTH
    assert _seconds(lambda: parse_workload(command)) < QUICK_SECONDS


def test_a_command_that_no_process_can_be_given_is_not_understood() -> None:
    assert parse_workload(f"echo {'x' * (MAX_COMMAND_LENGTH - 5)}") is not None
    assert parse_workload(f"echo {'x' * MAX_COMMAND_LENGTH}") is None


def test_a_command_that_prints_more_than_can_be_paged_through_is_not_understood() -> None:
    assert parse_workload("echo;" * MAX_LINES) is not None
    assert parse_workload("echo;" * (MAX_LINES + 1)) is None


@given(st.text("ab '\"\\;&|=-", max_size=12))
def test_words_are_those_of_a_shell(text: str) -> None:
    """Held against shlex, but for operators in quotes, which to shlex are operators all the same."""
    lexer = shlex.shlex(f"echo {text}", posix=True, punctuation_chars=";&|<>()")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError:
        assert parse_workload(f"echo {text}") is None
        return
    if any(set(word) & set(";&|") for word in words) or "" in words:
        return
    found = parse_workload(f"echo {text}")
    assert found is not None
    assert found.output == ((0.0, " ".join(words[1:])),)


def test_a_command_is_read_once(
    create: Create, call: Call, detail: Call, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Mock(wraps=workload.parse_workload)
    monkeypatch.setattr(workload, "parse_workload", read)
    task_id = create(StartCmdInfo={"WorkerStartCmd": "echo one"})
    emulator.advance(60)
    request = {"Service": "TRAIN", "ServiceId": detail(task_id)["LatestInstanceId"]}
    for _ in range(3):
        assert [line["Message"] for line in call("DescribeLogs", request)["Content"]] == ["one"]
    call("StartTrainingTask", {"Id": task_id})
    assert read.call_count == 1


def test_others_are_answered_while_a_large_request_is_read(
    call: Call, body: Body, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, answered = threading.Event(), threading.Event()

    def slow(command: str) -> workload.Workload | None:
        begun.set()
        assert answered.wait(10)
        return parse_workload(command)

    monkeypatch.setattr(workload, "parse_workload", slow)
    large = body(StartCmdInfo={"WorkerStartCmd": "x" * 1_000_000})
    with ThreadPoolExecutor() as threads:
        created = threads.submit(call, "CreateTrainingTask", large)
        assert begun.wait(10)
        assert call("DescribeTrainingTasks")["TotalCount"] == 0
        assert emulator.tasks() == []
        with urllib.request.urlopen(f"{emulator.endpoint}/_emulator/settings") as settings:
            assert settings.status == 200
        answered.set()
        assert created.result()["Id"]


def test_a_thousand_nodes_that_print_a_lot_are_shown_page_by_page(
    create: Create, call: Call, detail: Call, group: Call, emulator: Emulator
) -> None:
    """Ten million lines in all."""
    command = "echo x;" * MAX_LINES
    task_id = create(ResourceConfigInfos=[group(1000)], StartCmdInfo={"WorkerStartCmd": command})
    emulator.advance(60)
    request = {"Service": "TRAIN", "ServiceId": detail(task_id)["LatestInstanceId"], "Limit": 1000}

    def ask() -> None:
        for order in ("ASC", "DESC"):
            assert len(call("DescribeLogs", {**request, "Order": order})["Content"]) == 1000
        absent = [{"Name": "Key", "Values": ["nowhere"]}]
        assert call("DescribeLogs", {**request, "Filters": absent})["Content"] == []
        assert call("DescribeTrainingTaskPods", {"Id": task_id})["TotalCount"] == 1000

    assert _seconds(ask) < QUICK_SECONDS


def test_a_command_that_sleeps_for_ever_prints_nothing_afterwards(create: Create, call: Call, detail: Call) -> None:
    task_id = create(StartCmdInfo={"WorkerStartCmd": "echo one; sleep inf; echo two"})
    run = detail(task_id)["LatestInstanceId"]
    assert call("DescribeLogs", {"Service": "TRAIN", "ServiceId": run})["Content"] == []


def test_a_key_that_occurs_twice_among_very_many_is_found_at_once(raw: Raw) -> None:
    many = ",".join(f'"k{n}":1' for n in range(300_000))
    request = f'{{{many},"k299999":2}}'.encode()
    before = time.process_time()
    answer = raw(body=request)
    assert time.process_time() - before < QUICK_SECONDS
    assert "`k299999`" in answer.message


@pytest.mark.parametrize("size", [MAX_REQUEST_BYTES + 1, 3 * MAX_REQUEST_BYTES, 6 * MAX_REQUEST_BYTES + 17])
def test_a_body_beyond_ten_megabytes_is_too_large_however_far(raw: Raw, emulator: Emulator, size: int) -> None:
    request = b" " * size
    answer = raw(body=request)
    assert (answer.code, answer.status) == ("RequestSizeLimitExceeded", 200)
    [entry] = emulator.requests(secrets=True)
    assert entry["code"] == "RequestSizeLimitExceeded"
    assert entry["raw_body"] == ""


def test_the_record_keeps_so_many_bytes_and_the_latest_request() -> None:
    record = Record(capacity_bytes=1_000_000)
    for number in range(60):
        record.add(Entry(datetime.now(timezone.utc), str(number), b"x" * 100_000))
        kept = [entry.request_id for entry in record]
        assert kept == [str(n) for n in range(number + 1)][-9:]
    record.add(Entry(datetime.now(timezone.utc), "last", b"x" * 9_000_000))
    assert [entry.request_id for entry in record] == ["last"]
    record.clear()
    for number in range(5000):
        record.add(Entry(datetime.now(timezone.utc), str(number)))
    assert len(list(record)) < 1000


def _closed_after(emulator: Emulator, sent: bytes) -> float:
    """Send the beginning of a request and nothing more; give the seconds after which the connection was closed."""
    host, port = emulator.endpoint.removeprefix("http://").split(":")
    before = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(sent)
        try:
            while connection.recv(65536):
                pass
        except ConnectionResetError:
            pass
    return time.monotonic() - before


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    ],
    ids=["nothing", "half the headers", "half the body", "half a chunk"],
)
def test_a_half_open_connection_times_out(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(server, "_KEEP_ALIVE_SECONDS", 0.3)
    monkeypatch.setattr(server, "_BODY_SECONDS", 0.3)
    with Emulator() as emulator:
        assert 0.2 < _closed_after(emulator, sent) < 5


@pytest.fixture
def program() -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "pulumi_tione.emulator", "--port", "0", "--no-limits"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    address = next(line.removeprefix(READY).strip() for line in process.stdout if line.startswith(READY))
    yield process, address
    process.kill()
    process.communicate()


BROKEN = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"HELLO\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n{",
    b"POST /\xff\xfe HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"POST /_emulator/tasks HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n\xff\xfe",
]


def test_what_is_no_http_brings_no_traceback(program: tuple[subprocess.Popen[str], str]) -> None:
    process, address = program
    host, port = address.removeprefix("http://").split(":")
    for sent in BROKEN:
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            try:
                answer = connection.recv(65536)
            except ConnectionResetError:
                answer = b""
        assert b"Traceback" not in answer
        assert answer == b"" or answer.startswith(b"HTTP/1."), sent
    with urllib.request.urlopen(f"{address}/_emulator/settings") as settings:
        assert settings.status == 200
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60) == ("", "")


def test_the_program_ends_when_asked_to_while_it_reads_a_very_long_command(
    program: tuple[subprocess.Popen[str], str],
) -> None:
    process, address = program
    request = json.dumps({"Name": "x", "StartCmdInfo": {"WorkerStartCmd": f"echo {WORD}"}}).encode()
    with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=10) as connection:
        head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(request)}\r\n\r\n"
        connection.sendall(head.encode() + request)
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
