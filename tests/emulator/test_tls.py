"""HTTPS: what a client must trust, and that nothing else is different."""

from __future__ import annotations

import gc
import http.client
import os
import socket
import ssl
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from requests.exceptions import RequestException
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from pulumi_tione.emulator import Emulator


@pytest.fixture
def emulator(conforming: Callable[[Emulator], Emulator]) -> Iterator[Emulator]:
    with conforming(Emulator(manual_clock=True, requests_a_second=None, tls=True)) as emulator:
        yield emulator


def _address(emulator: Emulator) -> tuple[str, int]:
    return "127.0.0.1", int(emulator.endpoint.rpartition(":")[2])


def _trusting(emulator: Emulator) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=emulator.ca_file)
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # which Python asks for from 3.13 on
    return context


def _settings(emulator: Emulator, trusting: ssl.SSLContext, host: str = "127.0.0.1") -> int:
    address = emulator.endpoint.replace("127.0.0.1", host)
    with urllib.request.urlopen(f"{address}/_emulator/settings", context=trusting) as answer:
        status: int = answer.status
        return status


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_who_trusts_the_ca_file_reaches_it(emulator: Emulator, host: str) -> None:
    assert _settings(emulator, _trusting(emulator), host) == 200


def test_nobody_else_does(emulator: Emulator) -> None:
    with pytest.raises(OSError, match="certificate verify failed"):
        _settings(emulator, ssl.create_default_context())


def test_each_start_has_an_authority_of_its_own(emulator: Emulator) -> None:
    with Emulator(tls=True) as second, pytest.raises(OSError, match="certificate verify failed"):
        _settings(second, _trusting(emulator))


def test_the_ca_file_goes_when_the_emulator_ends() -> None:
    with Emulator(tls=True) as emulator:
        assert emulator.ca_file is not None
        assert emulator.ca_file.read_text().count("BEGIN CERTIFICATE") == 1
    assert not emulator.ca_file.parent.exists()


def test_a_used_port_leaves_no_ca_file_behind(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Emulator() as first, pytest.raises(OSError, match="in use"):
        Emulator(port=_address(first)[1], tls=True)
    assert list(tmp_path.iterdir()) == []


def test_plain_http_is_not_answered(emulator: Emulator) -> None:
    with socket.create_connection(_address(emulator), timeout=10) as connection:
        connection.sendall(b"GET /_emulator/settings HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert connection.recv(1) == b""


def test_a_foreign_host_or_web_page_is_turned_away_as_well(emulator: Emulator) -> None:
    connection = http.client.HTTPSConnection(*_address(emulator), timeout=10, context=_trusting(emulator))
    connection.request("GET", "/_emulator/tasks", headers={"Origin": "https://example.com"})
    with connection.getresponse() as answer:
        assert answer.status == 403
    connection.close()


@pytest.mark.parametrize(("how", "seen"), [("close", "ClientNetworkError"), ("cut", "IncompleteRead")])
def test_an_answer_is_lost_and_cut_as_without_tls(
    emulator: Emulator, create: Callable[..., str], how: Literal["close", "cut"], seen: str
) -> None:
    emulator.faults.add("CreateTrainingTask", connection=how)
    with pytest.raises((TencentCloudSDKException, RequestException), match=seen):
        create()
    assert len(emulator.tasks()) == 1


def test_open_connections_neither_delay_the_end_nor_outlive_it() -> None:
    gc.collect()
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    emulator = Emulator(tls=True)
    emulator.start()
    silent = socket.create_connection(_address(emulator))
    kept = http.client.HTTPSConnection(*_address(emulator), timeout=10, context=_trusting(emulator))
    kept.request("GET", "/_emulator/clock")
    with kept.getresponse() as answer:
        answer.read()
    emulator.stop()
    silent.close()
    kept.close()
    assert threading.active_count() == threads
    assert len(os.listdir("/proc/self/fd")) <= descriptors


def test_what_makes_certificates_is_imported_for_tls_only() -> None:
    program = "import sys, pulumi_tione.emulator as e; e.Emulator().stop(); sys.exit('trustme' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
