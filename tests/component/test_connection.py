"""What a request trusts, by which way it goes, and how much of a response it reads.

Certificates, proxies, timeouts and long responses are here; retries are in `test_client.py`.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from pulumi_tione._api import connection as connection_module
from pulumi_tione._api import sdk, transport
from pulumi_tione._api.client import Client
from pulumi_tione._config.settings import Settings
from pulumi_tione.emulator import Emulator
from pulumi_tione.errors import IndeterminateResultError, RequestNotSentError, SettingsError, TlsError

CREDENTIALS = {"tione:secretId": "AKIDemulator", "tione:secretKey": "emulator"}
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
    settings = Settings({**CREDENTIALS, **{f"tione:{name}": value for name, value in config.items()}}.get, {})
    return Client(settings, "ap-guangzhou", sleep=lambda _: None)


# Servers.


class _Raw:
    """A server that sends pieces of whatever, with a pause after each."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.answer: list[bytes] = []
        self.pause = 0.0
        self.reads_requests = True
        self.config: dict[str, str] = {}
        """What a client is to trust."""
        self.is_over = threading.Event()
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http{'s' if context else ''}://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self.is_over.is_set():
                connection.close()
                return
            with contextlib.suppress(OSError):
                self._answer(self._context.wrap_socket(connection, server_side=True) if self._context else connection)
            connection.close()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            received = b""
            while self.reads_requests and b"\r\n\r\n{" not in received:
                part = connection.recv(65536)
                received += part
                if not part:
                    return
            for piece in self.answer:
                connection.sendall(piece)
                if self.is_over.wait(self.pause):
                    return

    def close(self) -> None:
        self.is_over.set()
        with contextlib.suppress(OSError), socket.create_connection(self._listener.getsockname(), timeout=1):
            pass
        self._thread.join(5)
        self._listener.close()


@pytest.fixture
def raw_tls(tmp_path: Path) -> Iterator[_Raw]:
    yield from _serving("https", tmp_path)


@pytest.fixture(params=["http"])
def raw(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[_Raw]:
    yield from _serving(request.param, tmp_path)


def _serving(scheme: str, tmp_path: Path) -> Iterator[_Raw]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if scheme == "https" else None
    it = _Raw(context)
    if context is not None:
        authority = trustme.CA()
        authority.issue_cert("127.0.0.1").configure_cert(context)
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        it.config = {"caBundle": str(tmp_path / "ca.pem")}
    yield it
    it.close()


# TLS.


@pytest.fixture(scope="module")
def tls() -> Iterator[Emulator]:
    with Emulator(tls=True, requests_a_second=None) as emulator:
        yield emulator


def test_a_service_with_an_untrusted_authority_gets_no_request(tls: Emulator) -> None:
    with pytest.raises(RequestNotSentError, match=r"CERTIFICATE_VERIFY_FAILED.* tione:caBundle or REQUESTS_CA_BUNDLE"):
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
    with pytest.raises(RequestNotSentError):
        client_of(endpoint=address, caBundle=str(tls.ca_file)).account_id()


def test_a_bundle_that_is_not_there_is_an_error_that_names_it(tls: Emulator) -> None:
    with pytest.raises(SettingsError, match=r"tione:caBundle names absent\.pem, which does not exist"):
        client_of(endpoint=tls.endpoint, caBundle="absent.pem").account_id()


def test_a_bundle_that_is_none_is_an_error_that_names_it(tls: Emulator, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("no certificate", encoding="utf-8")
    with pytest.raises(SettingsError, match="has no certificates"):
        client_of(endpoint=tls.endpoint, caBundle=str(bundle)).account_id()


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_of_a_variable_that_is_none_is_an_error_that_names_the_variable(
    tls: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    (tmp_path / "none.pem").write_text("no certificate", encoding="utf-8")
    for path in ("absent.pem", str(tmp_path / "none.pem")):
        monkeypatch.setenv(name, path)
        what = f"was not sent: {name} names {path}, which does not exist or has no certificates"
        with pytest.raises(TlsError, match=re.escape(what)):
            client_of(endpoint=tls.endpoint).account_id()


def test_a_certificate_for_another_host_is_an_error(raw_tls: _Raw) -> None:
    host = raw_tls.endpoint.replace("127.0.0.1", "localhost")
    with pytest.raises(TlsError, match=r"is for another host \(.*\)\. Check tione:endpoint"):
        client_of(endpoint=host, **raw_tls.config).account_id()


# The wrong protocol.


@pytest.fixture
def never_asked_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk, "_RESPONSIVE", set())


def changes_of(endpoint: str) -> Iterator[Callable[[], object]]:
    """The most patient requests that there are."""
    settings = Settings({**CREDENTIALS, "tione:endpoint": endpoint}.get, {})
    client = Client(
        settings, "ap-guangzhou", sleep=lambda _: pytest.fail("tried again"), account="1", retries_outages=True
    )
    yield lambda: client.stop_training_task("train-1")
    yield lambda: client.create_training_task({"Name": "bert"})
    yield lambda: client.describe_training_task("train-1")


def test_plain_http_where_tls_is_expected_is_an_error_at_once(server: _Server) -> None:
    for call in changes_of(f"https://127.0.0.1:{server.server_port}"):
        with pytest.raises(
            TlsError, match=rf"does not use TLS\. Did you mean http://127\.0\.0\.1:{server.server_port}\?"
        ):
            call()
    assert server.asked == []


@pytest.mark.usefixtures("never_asked_before")
def test_tls_where_plain_http_is_expected_is_an_error_at_once(tls: Emulator) -> None:
    host = tls.endpoint.removeprefix("https://")
    for call in changes_of(f"http://{host}"):
        with pytest.raises(TlsError, match=rf"expects TLS\. Did you mean https://{host}\?"):
            call()


@pytest.mark.usefixtures("never_asked_before")
def test_an_alert_of_tls_in_place_of_an_answer_is_known(raw: _Raw) -> None:
    raw.answer = [b"\x15\x03\x03\x00\x02\x02\x46"]
    with pytest.raises(TlsError, match="Did you mean https://"):
        client_of(endpoint=raw.endpoint).create_training_task({})


@pytest.mark.usefixtures("never_asked_before")
def test_a_connection_that_is_closed_is_no_sign_of_tls(raw: _Raw) -> None:
    raw.answer = []
    with pytest.raises(IndeterminateResultError, match="CreateTrainingTask got no response"):
        client_of(endpoint=raw.endpoint).create_training_task({})


def test_a_certificate_that_is_not_trusted_is_not_tried_again(tls: Emulator) -> None:
    for call in changes_of(tls.endpoint):
        with pytest.raises(TlsError, match="is not trusted"):
            call()


def test_a_handshake_that_does_not_come_about_sends_nothing(raw: _Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk, "_CONNECT_TIMEOUT_SECONDS", 0.1)
    raw.reads_requests = False
    for pieces, pause in (([], 0.0), ([b"\x16"], 10.0)):  # it is closed; nothing more comes
        raw.answer, raw.pause = pieces, pause
        with pytest.raises(RequestNotSentError, match="CreateTrainingTask was not sent") as caught:
            client_of(endpoint=raw.endpoint.replace("http:", "https:")).create_training_task({})
        assert not isinstance(caught.value, TlsError)


# How long an answer may take.


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2000\r\n\r\n"


@pytest.mark.parametrize("raw", ["http", "https"], indirect=True)
@pytest.mark.parametrize(
    "answer",
    [
        [HEAD, *([b" "] * 1000)],
        [bytes([byte]) for byte in HEAD],
        [b"HTTP/1.1 200 OK\r\n", *(f"X-{number}: x\r\n".encode() for number in range(90))],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *([b"1\r\n \r\n"] * 1000)],
    ],
    ids=["body", "status line", "headers", "chunks"],
)
def test_an_answer_that_trickles_is_cut_off_at_a_deadline(
    raw: _Raw, monkeypatch: pytest.MonkeyPatch, answer: list[bytes]
) -> None:
    monkeypatch.setattr(sdk, "_TOTAL_SECONDS", 0.5)
    raw.answer, raw.pause = answer, 0.02
    begun = time.monotonic()
    with pytest.raises(
        IndeterminateResultError, match=r"CreateTrainingTask got a response from .* that was not complete after 0\.5 s"
    ):
        client_of(endpoint=raw.endpoint, **raw.config).create_training_task({})
    assert 0.5 <= time.monotonic() - begun < 5


def test_nothing_at_all_is_waited_for_shorter_where_the_request_can_be_sent_again(
    raw: _Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sdk, "_READ_TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr(transport, "_FAILURE_TIMEOUT_SECONDS", 0)
    raw.answer, raw.pause = [b"H"], 10
    begun = time.monotonic()
    with pytest.raises(IndeterminateResultError, match="got no response"):
        client_of(endpoint=raw.endpoint).account_id()
    assert time.monotonic() - begun < 5


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
    monkeypatch.setattr(connection_module, "MAX_RESPONSE_BYTES", 1_000_000)
    monkeypatch.setattr(transport, "_FAILURE_TIMEOUT_SECONDS", 0)
    with pytest.raises(IndeterminateResultError, match="longer than 1000000 bytes"):
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
    with pytest.raises(RequestNotSentError) as error:
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
