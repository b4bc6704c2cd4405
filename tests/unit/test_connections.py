"""What a request trusts, which way it takes, and how much of an answer it reads."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from pulumi_tione import _sdk, _transport
from pulumi_tione._client import Client
from pulumi_tione._settings import Settings
from pulumi_tione.emulator import Emulator
from pulumi_tione.errors import NotSentError, SettingsError, UnclearError

PAIR = {"tione:secretId": "AKIDemulator", "tione:secretKey": "emulator"}
HOST = "tione.example.test"


@pytest.fixture(autouse=True)
def without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own network settings."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def client_of(**config: str) -> Client:
    settings = Settings({**PAIR, **{f"tione:{name}": value for name, value in config.items()}}.get, {})
    return Client(settings, "ap-guangzhou", sleep=lambda _: None)


# TLS.


@pytest.fixture(scope="module")
def tls() -> Iterator[Emulator]:
    with Emulator(tls=True, requests_a_second=None) as emulator:
        yield emulator


def test_a_service_whose_authority_is_not_trusted_gets_no_request(tls: Emulator) -> None:
    with pytest.raises(NotSentError, match="CERTIFICATE_VERIFY_FAILED"):
        client_of(endpoint=tls.endpoint).account_id()


@pytest.mark.parametrize("by", ["caBundle", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_an_authority_of_ones_own_is_trusted(tls: Emulator, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    config = {"endpoint": tls.endpoint}
    if by == "caBundle":
        config[by] = str(tls.ca_file)
    else:
        monkeypatch.setenv(by, str(tls.ca_file))
    assert client_of(**config).account_id() == "100000000001"


def test_a_certificate_for_another_host_is_not_accepted(tls: Emulator) -> None:
    address = tls.endpoint.replace("127.0.0.1", "127.0.0.2")
    with pytest.raises(NotSentError):
        client_of(endpoint=address, caBundle=str(tls.ca_file)).account_id()


def test_a_bundle_that_is_not_there_is_an_error_that_names_it(tls: Emulator) -> None:
    with pytest.raises(SettingsError, match=r"tione:caBundle names absent\.pem, which does not exist"):
        client_of(endpoint=tls.endpoint, caBundle="absent.pem").account_id()


def test_a_bundle_that_is_none_is_an_error_that_names_it(tls: Emulator, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("no certificate", encoding="utf-8")
    with pytest.raises(SettingsError, match="holds no certificates"):
        client_of(endpoint=tls.endpoint, caBundle=str(bundle)).account_id()


def test_a_bundle_of_a_variable_that_is_not_there_means_that_nothing_was_sent(
    tls: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "absent.pem")
    with pytest.raises(NotSentError):
        client_of(endpoint=tls.endpoint).account_id()


# The size of an answer.


class _Server(http.server.ThreadingHTTPServer):
    def __init__(self, answer: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.asked: list[tuple[str, str | None]] = []


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        self.server.asked.append((self.path, self.headers["Proxy-Authorization"]))
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        with contextlib.suppress(OSError):  # nobody may be there to read it
            self.wfile.write(self.server.answer)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[_Server]:
    answer = {"Response": {"AccountId": "100", "RequestId": "r", "Padding": "x" * 2_000_000}}
    it = _Server(json.dumps(answer).encode())
    thread = threading.Thread(target=it.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield it
    it.shutdown()
    thread.join()
    it.server_close()


def test_an_answer_is_read_to_its_end_unless_it_is_longer_than_any(
    server: _Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(endpoint=f"http://127.0.0.1:{server.server_port}")
    assert client.account_id() == "100"
    monkeypatch.setattr(_sdk, "_MOST_ANSWER_BYTES", 1_000_000)
    monkeypatch.setattr(_transport, "_PATIENCE_WITH_FAILURES_SECONDS", 0)
    with pytest.raises(UnclearError, match="longer than 1000000 bytes"):
        client_of(endpoint=f"http://127.0.0.1:{server.server_port}").account_id()


# Proxies.


@pytest.fixture
def through(server: _Server, monkeypatch: pytest.MonkeyPatch) -> _Server:
    """A proxy, which answers in the place of the host."""
    monkeypatch.setenv("HTTP_PROXY", f"http://user:planted@127.0.0.1:{server.server_port}")
    return server


def test_a_host_elsewhere_is_asked_through_the_proxy(through: _Server) -> None:
    assert client_of(endpoint=f"http://{HOST}", insecureHost=HOST).account_id() == "100"
    ((address, authorization),) = through.asked
    assert address == f"http://{HOST}/"
    assert (authorization or "").startswith("Basic ")


@pytest.mark.parametrize(
    "exceptions", [HOST, HOST.upper(), ".example.test", "example.test", f"other , {HOST}", f"{HOST}:8080", "*"]
)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_a_host_that_is_excepted_is_asked_without_the_proxy(
    through: _Server, monkeypatch: pytest.MonkeyPatch, exceptions: str, name: str
) -> None:
    monkeypatch.setenv(name, exceptions)
    with pytest.raises(NotSentError) as error:
        client_of(endpoint=f"http://{HOST}:8080", insecureHost=HOST).account_id()
    assert through.asked == []
    assert "planted" not in str(error.value)


@pytest.mark.parametrize("exceptions", ["other.example.test", "xample.test", "127.0.0.1", ""])
def test_another_exception_changes_nothing(through: _Server, monkeypatch: pytest.MonkeyPatch, exceptions: str) -> None:
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert client_of(endpoint=f"http://{HOST}", insecureHost=HOST).account_id() == "100"


# The service's clock.


class _Dated(http.server.BaseHTTPRequestHandler):
    """Answers with a date of its own, or none."""

    date: str | None = None

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"Response": {"AccountId": "100", "RequestId": "r"}}'
        self.send_response_only(200)
        if self.date is not None:
            self.send_header("Date", self.date)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.mark.parametrize("ahead", [timedelta(minutes=-7), timedelta(0), timedelta(hours=3)], ids=str)
def test_the_time_is_read_off_the_services_own_clock(monkeypatch: pytest.MonkeyPatch, ahead: timedelta) -> None:
    monkeypatch.setattr(_Dated, "date", format_datetime(datetime.now(timezone.utc) + ahead, usegmt=True))
    with http.server.HTTPServer(("127.0.0.1", 0), _Dated) as server:
        threading.Thread(target=server.handle_request).start()
        client = client_of(endpoint=f"http://127.0.0.1:{server.server_port}")
        client.account_id()
    assert abs(client.service_now() - datetime.now(timezone.utc) - ahead) < timedelta(seconds=5)


@pytest.mark.parametrize("date", [None, "soon", "Thu, 26 Nov 2026 05:00:00"])
def test_without_a_date_that_can_be_read_this_machines_clock_counts(
    monkeypatch: pytest.MonkeyPatch, date: str | None
) -> None:
    monkeypatch.setattr(_Dated, "date", date)
    with http.server.HTTPServer(("127.0.0.1", 0), _Dated) as server:
        threading.Thread(target=server.handle_request).start()
        client = client_of(endpoint=f"http://127.0.0.1:{server.server_port}")
        client.account_id()
    assert abs(client.service_now() - datetime.now(timezone.utc)) < timedelta(seconds=5)
