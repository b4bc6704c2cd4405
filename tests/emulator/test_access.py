"""Who reaches the emulator, and who may control it.

Signatures of the API are in `test_signatures.py`.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pulumi_tione.emulator import Emulator, Key
from pulumi_tione.emulator.command import READY
from pulumi_tione.emulator.http.access import KEY_HEADER

EVERY_ADDRESS = "0.0.0.0"  # noqa: S104

Body = Callable[..., dict[str, Any]]

OF_A_PAGE: list[dict[str, str]] = [
    {"Origin": "http://localhost:3000"},
    {"Origin": "http://127.0.0.1:3000", "Content-Type": "text/plain"},
    {"Referer": "http://localhost:3000/page"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
    {"Sec-Fetch-Dest": "script"},
    {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:100.0) Gecko/20100101 Firefox/100.0"},
    {"Cookie": "a=b"},
]
"""What a browser adds to the requests of a page on another port of this machine, each alone."""


def _ask(address: str, path: str, headers: dict[str, str], order: Any = None, method: str | None = None) -> int:
    data = None if order is None else json.dumps(order).encode()
    request = urllib.request.Request(f"{address}/_emulator/{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize("headers", OF_A_PAGE, ids=lambda headers: " ".join(headers))
@pytest.mark.parametrize("run", [False, True])
def test_a_page_controls_nothing_without_the_key(headers: dict[str, str], run: bool, body: Body) -> None:
    with Emulator(run=run, requests_a_second=None) as emulator:
        emulator.gateway.service.create(emulator.key.caller, "ap-guangzhou", body(), emulator.now())
        removal = {"do": "remove", "task": "bert"}
        for wrong in ({}, {KEY_HEADER: ""}, {KEY_HEADER: "guessed"}, {KEY_HEADER: f"{emulator.control_key}x"}):
            assert _ask(emulator.endpoint, "requests?secrets=1", {**headers, **wrong}) == 403
            assert _ask(emulator.endpoint, "tasks", {**headers, **wrong}, removal) == 403
            assert _ask(emulator.endpoint, "tasks", {**headers, **wrong}, method="OPTIONS") == 403
        assert [task["Name"] for task in emulator.tasks()] == ["bert"]
        assert _ask(emulator.endpoint, "tasks", {**headers, KEY_HEADER: emulator.control_key}, removal) == 200
        assert emulator.tasks() == []


def test_a_key_that_is_no_unicode_is_a_wrong_one(caplog: pytest.LogCaptureFixture) -> None:
    with Emulator() as emulator:
        connection = http.client.HTTPConnection(emulator.endpoint.removeprefix("http://"))
        connection.putrequest("GET", "/_emulator/settings")
        connection.putheader(KEY_HEADER, b"\xff\xfe")
        connection.putheader("Referer", "http://localhost:3000/page")
        connection.endheaders()
        assert connection.getresponse().status == 403
        connection.close()
    assert not caplog.records


def test_a_program_on_this_machine_needs_no_key() -> None:
    with Emulator() as emulator:
        assert _ask(emulator.endpoint, "settings", {}) == 200


def test_another_machine_needs_the_key() -> None:
    with Emulator(host=EVERY_ADDRESS, allowed_hosts=["tione"]) as emulator:
        for host in ("tione", "127.0.0.1"):
            assert _ask(emulator.endpoint, "settings", {"Host": host}) == 403
            assert _ask(emulator.endpoint, "settings", {"Host": host, KEY_HEADER: emulator.control_key}) == 200


def test_each_emulator_has_a_key_of_its_own() -> None:
    with Emulator() as first, Emulator() as second:
        assert first.control_key != second.control_key
        assert len(first.control_key) >= 32


@contextmanager
def _program(*options: str) -> Iterator[tuple[str, str]]:
    command = [sys.executable, "-m", "pulumi_tione.emulator", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            printed = ""
            assert process.stdout is not None
            for line in process.stdout:
                printed += line
                if line.startswith(READY):
                    break
            yield printed, printed.splitlines()[-1].removeprefix(READY)
        finally:
            process.terminate()


@pytest.mark.parametrize("options", [[], ["--run"]])
def test_the_key_is_printed_at_the_start(options: list[str]) -> None:
    with _program(*options) as (printed, address):
        [key] = re.findall(rf"{KEY_HEADER}: (\S+)", printed)
        page = {"Origin": "http://localhost:3000"}
        assert _ask(address, "settings", page) == 403
        assert _ask(address, "settings", {**page, KEY_HEADER: key}) == 200


def test_where_it_listens_to_all_it_shows_an_address_that_can_be_used() -> None:
    with _program("--host", EVERY_ADDRESS, "--allow-host", "tione", "--allow-host", "TIONE.example.com") as result:
        printed, address = result
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address)
        port = address.rpartition(":")[2]
        assert f"http://tione:{port}" in printed
        assert f"http://tione.example.com:{port}" in printed
        assert EVERY_ADDRESS not in printed
        for host, status in {"tione": 200, f"tione:{port}": 200, "Tione.Example.COM": 200, "other": 403}.items():
            connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=30)
            connection.request("POST", "/", "{}", {"Host": host})
            assert connection.getresponse().status == status, host
            connection.close()


def test_no_name_is_allowed_where_tasks_are_really_run() -> None:
    with pytest.raises(ValueError, match="allow no hosts"):
        Emulator(run=True, allowed_hosts=["tione"])


@pytest.mark.parametrize("name", ["", "http://tione", "tione:9851", "tione/path", "*", "ti one", "-tione"])
def test_what_is_no_name_of_a_host_cannot_be_allowed(name: str) -> None:
    with pytest.raises(ValueError, match="is not a host name"):
        Emulator(allowed_hosts=[name])


def test_a_certificate_is_for_the_allowed_names_as_well() -> None:
    with Emulator(host=EVERY_ADDRESS, tls=True, allowed_hosts=["tione"], keys=[Key("AKIDx", "y")]) as emulator:
        assert emulator.ca_file is not None
        trusting = ssl.create_default_context(cafile=str(emulator.ca_file))
        port = int(emulator.endpoint.rpartition(":")[2])
        with (
            socket.create_connection(("127.0.0.1", port)) as plain,
            trusting.wrap_socket(plain, server_hostname="tione") as connection,
        ):
            assert connection.version()
