"""Send one request with the official SDK, and classify its errors.

The SDK signs (TC3-HMAC-SHA256) and sends. Its generic client serves all three services, and `call_json` returns the raw
response, where its typed models would drop unknown members. Its own retries are off: they repeat a request that may
have been accepted.

One request may take 60 seconds in total and 20 seconds to connect. What is sent again, and for how long, is in
`transport.py`. Proxies and certificates come from `HTTPS_PROXY`, `NO_PROXY` and `REQUESTS_CA_BUNDLE`, or from
`tione:caBundle`; an address of this machine is reached without a proxy.

All of that needs the connection of the SDK, which its documentation does not mention. Without it requests are still
sent, with the SDK's own timeout and proxies, and each of them counts as sent (decision 5).
"""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from pulumi_tione._api import responses
from pulumi_tione._api.connection import BoundedAdapter, Exchange, RawResponse, exchanging
from pulumi_tione._config.settings import Endpoint, Settings
from pulumi_tione._config.sources import Credentials
from pulumi_tione._masking import mask, masking
from pulumi_tione._text import sanitize_line
from pulumi_tione.errors import ApiError, IndeterminateResultError, RequestNotSentError, TioneError, TlsError

# With DEBUG the SDK logs whole bodies and the Authorization header. A filter stays whatever a program configures.
logging.getLogger("tencentcloud_sdk_common").addFilter(lambda _: False)

_TOTAL_SECONDS = 60.0
"""How long request and response may take in total."""

_CONNECT_TIMEOUT_SECONDS = 20.0
_READ_TIMEOUT_SECONDS = 20.0
"""The timeouts for a connection, and for each read of the response to a request that can be repeated."""

_MAX_SHOWN_CHARACTERS = 80
_MAX_READ_BYTES = 4096
"""How much is shown of a response that is not the API's, and how much of it is read for that."""

ServiceVersion: TypeAlias = tuple[str, str]
"""A service of the vendor: its name, and the version of its API."""


EMULATOR_HINT = "Is `pulumi-tione emulator` running?"
"""For a connection that is refused on this machine."""

_RESPONSIVE: set[Endpoint] = set()
"""The endpoints that have responded to this process."""


class SdkClient:
    """Sends requests to one service, one after another: its session does not support several threads.

    Args:
        settings: where endpoint, language and trusted certificates come from.
        service: the service.
        region: the region of all requests.
    """

    def __init__(self, settings: Settings, service: ServiceVersion, region: str) -> None:
        name, version = service
        self._endpoint, self._endpoint_source = settings.endpoint_and_source(name)
        endpoint = self._endpoint
        http_profile = HttpProfile(
            protocol=endpoint.scheme,
            endpoint=endpoint.host,
            reqTimeout=int(_TOTAL_SECONDS),
            certification=settings.ca_bundle or None,
        )
        profile = ClientProfile(httpProfile=http_profile, language=settings.language)
        self._sdk = CommonClient(name, version, None, region, profile)
        self._connection: Any = None
        self._adapter: BoundedAdapter | None = None
        with contextlib.suppress(Exception):
            self._use_own_connections(settings)

    def _use_own_connections(self, settings: Settings) -> None:
        """Have the SDK send over our connections: it does not read `NO_PROXY` as others do, nor report what it sent."""
        self._connection = connection = self._sdk.request.conn
        # The SDK reads the proxy variables itself, and NO_PROXY incorrectly. Without a setting, `requests` reads them
        # correctly; with empty ones it uses no proxy.
        connection.proxy = {"http": "", "https": "", "all": ""} if self._endpoint.is_loopback else None
        # With True, `requests` also reads the usual variables for certificate authorities, which the SDK would bypass.
        connection.certification = settings.ca_bundle or True
        session = connection._session
        # Otherwise `requests` replaces our signature by the entry of ~/.netrc for the host.
        session.auth = lambda signed: signed
        session.max_redirects = 0  # a redirect is not a response of the service
        adapter = BoundedAdapter()
        for scheme in ("http://", "https://"):
            session.mount(scheme, adapter)
        self._adapter = adapter

    has_sent = False
    """Whether any request may have reached the service."""

    @property
    def clock_offset(self) -> timedelta:
        """How far the service's clock is ahead of this machine's, by the `Date` of the last response."""
        return self._adapter.clock_offset if self._adapter is not None else timedelta(0)

    def send(
        self,
        action: str,
        body: Mapping[str, Any],
        credentials: Credentials | None,
        *,
        is_repeatable: bool = True,
    ) -> dict[str, Any]:
        """Send one request and return the content of its `Response`.

        Args:
            action: the action.
            body: its parameters.
            credentials: what it is signed with; None sends it unsigned.
            is_repeatable: whether it can be sent again, so that waiting long for the response is of no use.

        Raises:
            RequestNotSentError: no connection could be established.
            ApiError: the service refused.
            IndeterminateResultError: any other failure after the request was sent.
        """
        self._sdk.credential = credentials and Credential(
            credentials.secret_id, credentials.secret_key, credentials.token
        )
        if self._connection is not None:
            read_timeout = _READ_TIMEOUT_SECONDS if is_repeatable else _TOTAL_SECONDS
            self._connection.timeout = (_CONNECT_TIMEOUT_SECONDS, read_timeout)
        cause: BaseException | None = None
        with exchanging(_TOTAL_SECONDS) as exchange:
            try:
                # What it returns or raises for a response is not used: it recognises an error only with two content
                # types, and fails if it is not JSON. The response is read below.
                content = self._sdk.call_json(action, dict(body), options={"SkipSign": credentials is None})
                if self._adapter is None:
                    exchange.response = _as_received(content)
            except TencentCloudSDKException as error:
                cause = error.__context__ or error
                if self._adapter is None and error.requestId:
                    exchange.response = _as_received(_error_response(error))
            except Exception as error:  # noqa: BLE001  a malformed response may raise anything in the SDK
                cause = error
            # Whether it was sent, only our own connections show.
            exchange.was_sent |= self._adapter is None
        self.has_sent |= exchange.was_sent
        secrets = () if credentials is None else filter(None, (credentials.secret_key, credentials.token))
        with masking(secrets):
            if exchange.response is None:
                raise self._failure(action, exchange, cause) from None
            _RESPONSIVE.add(self._endpoint)
            return self._response(action, exchange.response)

    def _response(self, action: str, raw: RawResponse) -> dict[str, Any]:
        """Return the content of a success, or raise the error that the response is.

        An error object is an error with any HTTP status and content type. A success has the HTTP status 200.
        """
        content = responses.parsed(raw.content)
        response = content.get("Response") if isinstance(content, dict) else None
        if isinstance(response, dict):
            error = response.get("Error")
            if isinstance(error, dict) and isinstance(error.get("Code"), str) and error["Code"]:
                message, request_id = (_text(part) for part in (error.get("Message"), response.get("RequestId")))
                raise ApiError(action, error["Code"], message, request_id)
            if "Error" not in response and raw.status == 200:
                return response
        beginning = mask(raw.content[:_MAX_READ_BYTES].decode(errors="replace"))
        beginning = sanitize_line(" ".join(beginning.split()))
        is_short = len(beginning) <= _MAX_SHOWN_CHARACTERS
        shown = beginning if is_short else f"{beginning[:_MAX_SHOWN_CHARACTERS]} …"
        raise IndeterminateResultError(
            f"{action} got a response from {self._endpoint} that is not the API's (HTTP {raw.status}, "
            f"{sanitize_line(raw.content_type) or 'no content type'}, {repr(shown) if shown else 'empty'}). It may be "
            "that of a proxy"
        )

    def _failure(self, action: str, exchange: Exchange, cause: BaseException | None) -> TioneError:
        """Return the error for a request that got no complete response."""
        if exchange.was_sent and not self._meets_tls(exchange, cause):
            if exchange.seconds_left <= 0 and exchange.has_begun_to_respond:
                return IndeterminateResultError(
                    f"{action} got a response from {self._endpoint} that was not complete after {_TOTAL_SECONDS:g} s"
                )
            return IndeterminateResultError(f"{action} got no response from {self._endpoint}: {_in_one_line(cause)}")
        problem = self._problem_with_tls(exchange, cause)
        if problem:
            return TlsError(f"{action} was not sent: {problem}")
        return RequestNotSentError(
            f"{action} was not sent: {self._endpoint} cannot be reached: {_in_one_line(cause)} (endpoint from "
            f"{self._endpoint_source}){self._emulator_hint(cause)}"
        )

    def _emulator_hint(self, cause: BaseException | None) -> str:
        """Return a question after the local emulator, if nothing listens at an address of this machine."""
        is_refused = any(isinstance(each, ConnectionRefusedError) for each in _chain(cause))
        return f". {EMULATOR_HINT}" if is_refused and self._endpoint.is_loopback else ""

    def _meets_tls(self, exchange: Exchange, cause: BaseException | None) -> bool:
        """Check whether a request in plain http was sent to a TLS port, which cannot have understood it.

        A TLS server responds with an alert or closes the connection. In the latter case a handshake is tried.
        """
        if self._endpoint.scheme != "http" or self._endpoint in _RESPONSIVE:
            return False
        if any(isinstance(each, http.client.BadStatusLine) and "\x15\x03" in str(each) for each in _chain(cause)):
            return True
        is_closed = any(isinstance(each, ConnectionError) for each in _chain(cause))
        return (
            is_closed and not exchange.has_begun_to_respond and self._endpoint.is_loopback and _uses_tls(self._endpoint)
        )

    def _problem_with_tls(self, exchange: Exchange, cause: BaseException | None) -> str:
        """Return the message of a TLS failure, which lasts until the settings change; empty for other failures."""
        endpoint = self._endpoint
        if exchange.was_sent:
            return f"{endpoint} expects TLS. Did you mean https://{endpoint.host}?"
        errors = [*_chain(cause)]
        untrusted = next((each for each in errors if isinstance(each, ssl.SSLCertVerificationError)), None)
        if untrusted is not None and untrusted.verify_code in _OF_ANOTHER_HOST:
            mismatch = untrusted.verify_message.rstrip(".")
            return f"the certificate of {endpoint} is for another host ({mismatch}). Check tione:endpoint"
        if untrusted is not None:
            return (
                f"the certificate of {endpoint} is not trusted (CERTIFICATE_VERIFY_FAILED: "
                f"{untrusted.verify_message.rstrip('.')}). For a certificate authority of your company, set "
                "tione:caBundle or REQUESTS_CA_BUNDLE to its file (SSL_CERT_FILE is not read)"
            )
        reasons = {each.reason for each in errors if isinstance(each, ssl.SSLError)}
        if reasons & _NO_TLS and not any(isinstance(each, urllib3.exceptions.ProxyError) for each in errors):
            return f"{endpoint} does not use TLS. Did you mean http://{endpoint.host}?"
        if any(isinstance(each, OSError) and any(sign in str(each) for sign in _NO_BUNDLE) for each in errors):
            variable = next((name for name in _CA_VARIABLES if os.environ.get(name)), "REQUESTS_CA_BUNDLE")
            return f"{variable} names {os.environ.get(variable)}, which does not exist or has no certificates"
        return ""


_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""The variables that name the file of certificate authorities for `requests`; the first that is set counts."""

_NO_BUNDLE = ("CA certificate bundle", "NO_CERTIFICATE_OR_CRL_FOUND")
"""Parts of the messages of `requests` and OpenSSL about a file of authorities that is missing or empty."""

_OF_ANOTHER_HOST = (62, 64)
"""The codes of OpenSSL for a certificate without the host's name, or without its address."""

_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"})
"""The reasons of OpenSSL when the other side uses plain http."""

_PROBE_SECONDS = 3.0


def _uses_tls(endpoint: Endpoint) -> bool:
    """Check whether a port uses TLS, with any certificate."""
    address = urlsplit(f"//{endpoint.host}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((address.hostname, address.port or 80), timeout=_PROBE_SECONDS) as raw:
            context.wrap_socket(raw).close()
    except (OSError, ValueError):
        return False
    return True


def _as_received(content: Any) -> RawResponse:
    """Return the response that the SDK has read."""
    return RawResponse(200, "application/json", json.dumps(content).encode())


def _error_response(error: TencentCloudSDKException) -> dict[str, Any]:
    """Return the response of the service that the SDK has made an error of. It has a request id; others have none."""
    return {"Response": {"Error": {"Code": error.code, "Message": error.message}, "RequestId": error.requestId}}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _in_one_line(cause: BaseException | None) -> str:
    """Format the cause, without credentials and without the proxy's URL, which may contain a password."""
    reason = _reason(cause)
    if isinstance(cause, (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader, UnicodeError)):
        return "a region, a secret id or the address of a proxy has characters that a request cannot have"
    if isinstance(reason, urllib3.exceptions.ProxyError):
        return f"the proxy of HTTP_PROXY or HTTPS_PROXY: {str(reason.original_error).rpartition(': ')[2]}"
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return str(reason).rpartition(": ")[2]
    return sanitize_line(f"{type(reason).__name__}: {reason}")


def _reason(cause: BaseException | None) -> BaseException | None:
    """Return the error that `requests` wraps, if it has one."""
    inner = getattr(cause.args[0], "reason", None) if cause is not None and cause.args else None
    return inner if isinstance(inner, BaseException) else cause


def _chain(cause: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and its causes: `requests` and `urllib3` wrap errors, some of them as an argument."""
    seen: list[BaseException] = []
    waiting: list[object] = [cause]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException) and each not in seen:
            seen.append(each)
            waiting += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
            yield each
