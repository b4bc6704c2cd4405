"""What an emulator that is used a lot takes of memory: no more than one that was used a while."""

from __future__ import annotations

import importlib.util
import json
import resource
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pulumi_tione.emulator.command import READY

pytestmark = pytest.mark.long


def _client(address: str) -> Any:
    """The client of the benchmark: it signs by itself and keeps its connection."""
    file = Path(__file__).with_name("bench_throughput.py")
    spec = importlib.util.spec_from_file_location("bench_throughput", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Client(address)


@contextmanager
def _program() -> Iterator[tuple[int, str]]:
    command = [sys.executable, "-m", "pulumi_tione.emulator", "--port", "0", "--no-limits"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = next(line.removeprefix(READY).strip() for line in process.stdout if line.startswith(READY))
            yield process.pid, address
        finally:
            process.terminate()


def _resident_bytes(process: int) -> int:
    pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()


def _be_refused(address: str, times: int) -> None:
    """Requests without a signature, a hundred at once."""
    body = json.dumps({"Name": "x" * 100}).encode()
    request = f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=60) as connection:
        for _ in range(times // 100):
            connection.sendall(request * 100)
            answers = b""
            while answers.count(b"RequestId") < 100:
                answers += connection.recv(1 << 20)


def test_memory_stays_flat_over_five_thousand_tasks_and_a_hundred_thousand_refused_requests() -> None:
    node = {"Role": "WORKER", "InstanceType": "TI.S.MEDIUM.POST", "InstanceNum": 1}
    with _program() as (process, address):
        body = json.dumps({"seconds": {"SUBMITTING": 0, "RUNNING": "forever", "STOPPING": 0}}).encode()
        with urllib.request.urlopen(f"{address}/_emulator/tasks", body):
            pass
        client = _client(address)

        def live(number: int) -> None:
            body = {"ChargeType": "POSTPAID_BY_HOUR", "ResourceConfigInfos": [node]}
            created = client.call("CreateTrainingTask", Name=f"task-{number}", **body)
            client.call("StopTrainingTask", Id=created["Id"])
            client.call("DeleteTrainingTask", Id=created["Id"])

        _be_refused(address, 40_000)  # the record is full by then
        for number in range(1000):
            live(number)
        before = _resident_bytes(process)
        for number in range(1000, 6000):
            live(number)
        of_tasks = _resident_bytes(process) - before
        _be_refused(address, 100_000)
        of_both = _resident_bytes(process) - before
        client._connection.close()
    print(f"{of_tasks / 1e6:.1f} MB by 5,000 tasks, {of_both / 1e6:.1f} MB with 100,000 refused requests more")
    assert of_tasks < 8_000_000
    assert of_both < 8_000_000


def test_sixty_large_requests_do_not_stay_in_memory() -> None:
    body = b" " * 9_000_000
    with _program() as (process, address):
        before = _resident_bytes(process)
        for _ in range(60):
            with urllib.request.urlopen(urllib.request.Request(address, body)):
                pass
        grown = _resident_bytes(process) - before
    print(f"{grown / 1e6:.1f} MB by 60 requests of 9 MB")
    assert grown < 150_000_000
