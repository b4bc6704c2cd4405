"""One request by the official SDK, and its errors told apart.

The SDK signs and sends. Its generic client serves all three services that we speak to, and its `call_json` gives the
raw answer, where its typed models would drop what they do not know. Its own retries are off: they repeat a request that
may have been accepted.
"""

from __future__ import annotations

import http.client
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
from pulumi_tione._api.connection import BoundedAdapter, Exchange, RawAnswer, exchanging
from pulumi_tione._config.settings import Endpoint, Settings
from pulumi_tione._config.sources import Credentials
from pulumi_tione._masking import mask, masking
from pulumi_tione._text import sanitize_line
from pulumi_tione.errors import ApiError, IndeterminateResultError, RequestNotSentError, TioneError, TlsError

# At level DEBUG the SDK writes whole bodies and the Authorization header to its log. A filter stays, whatever a program
# configures afterwards.
logging.getLogger("tencentcloud_sdk_common").addFilter(lambda _: False)

_ANSWER_SECONDS = 60.0
"""How long request and answer may take, all in all."""

_CONNECT_SECONDS = 20.0
_SILENCE_SECONDS = 20.0
"""How long a connection may take, and how long nothing may come of an answer to a request that can be sent again."""

_SHOWN_CHARACTERS = 80
_READ_CHARACTERS = 4096
"""How much is shown of an answer that is not the API's, and how much is looked through for that."""

Service: TypeAlias = tuple[str, str]
"""A service of the vendor's: its name, and the version of its API."""


_ANSWERED: set[Endpoint] = set()
"""The endpoints that have answered this process."""


class Caller:
    """Sends requests to one service, one after the other: its session is not made for several threads.

    Args:
        settings: where the endpoint and what is trusted come from.
        service: the service.
        region: the region that every request goes to.
    """

    def __init__(self, settings: Settings, service: Service, region: str) -> None:
        name, version = service
        self._endpoint = endpoint = settings.endpoint(name)
        http_profile = HttpProfile(protocol=endpoint.scheme, endpoint=endpoint.host)
        profile = ClientProfile(httpProfile=http_profile, language=settings.language)
        self._sdk = CommonClient(name, version, None, region, profile)
        self._connection = connection = self._sdk.request.conn
        # The SDK reads the proxy variables by itself, and NO_PROXY wrongly. `requests` does it right when it is left
        # to it, and asks no proxy at all when each is the empty text.
        connection.proxy = {"http": "", "https": "", "all": ""} if endpoint.is_loopback else None
        # Left alone, `requests` also knows the usual variables for authorities of one's own; the SDK passes it by.
        connection.certification = settings.ca_bundle or True
        # Otherwise `requests` puts what ~/.netrc has for the host in the place of our signature.
        connection._session.auth = lambda signed: signed
        connection._session.max_redirects = 0  # a redirect is no answer of the service
        self._adapter = BoundedAdapter()
        for scheme in ("http://", "https://"):
            connection._session.mount(scheme, self._adapter)

    has_reached_the_service = False
    """Whether any request has left for it."""

    @property
    def clock_offset(self) -> timedelta:
        """How far the service's clock is ahead of this machine's, by the `Date` of the last answer."""
        return self._adapter.clock_offset

    def send(
        self,
        action: str,
        body: Mapping[str, Any],
        keys: Credentials | None,
        *,
        is_repeatable: bool = True,
    ) -> dict[str, Any]:
        """Send one request and return the content of its answer's `Response`.

        Args:
            action: what is asked.
            body: with what parameters.
            keys: what it is signed with; one without keys is not signed.
            is_repeatable: whether it may be sent again, so that there is no use in waiting long for an answer.

        Raises:
            RequestNotSentError: no connection came about.
            ApiError: the service refused.
            IndeterminateResultError: anything else that is not a clear answer.
        """
        self._sdk.credential = None if keys is None else Credential(keys.secret_id, keys.secret_key, keys.token)
        self._connection.timeout = (_CONNECT_SECONDS, _SILENCE_SECONDS if is_repeatable else _ANSWER_SECONDS)
        cause: BaseException | None = None
        with exchanging(_ANSWER_SECONDS) as exchange:
            try:
                # What it returns or raises of an answer is not used: it knows an error only under two content types,
                # and breaks on what is no JSON. The answer is read here.
                self._sdk.call_json(action, dict(body), options={"SkipSign": keys is None})
            except TencentCloudSDKException as error:
                cause = error.__context__ or error
            except Exception as error:  # noqa: BLE001  whatever an odd answer does to the SDK
                cause = error
        self.has_reached_the_service |= exchange.was_sent
        with masking(() if keys is None else filter(None, (keys.secret_key, keys.token))):
            if exchange.answer is None:
                raise self._failure(action, exchange, cause) from None
            _ANSWERED.add(self._endpoint)
            return self._response(action, exchange.answer)

    def _response(self, action: str, answer: RawAnswer) -> dict[str, Any]:
        """Return the content of a success, or raise what else an answer says.

        An error object is one whatever it is sent as. A success has the HTTP status 200.
        """
        found = responses.parsed(answer.content)
        response = found.get("Response") if isinstance(found, dict) else None
        if isinstance(response, dict):
            error = response.get("Error")
            if isinstance(error, dict) and isinstance(error.get("Code"), str) and error["Code"]:
                message, request_id = (_text(part) for part in (error.get("Message"), response.get("RequestId")))
                raise ApiError(action, error["Code"], message, request_id)
            if "Error" not in response and answer.status == 200:
                return response
        beginning = mask(answer.content[:_READ_CHARACTERS].decode(errors="replace"))
        beginning = sanitize_line(" ".join(beginning.split()))
        shown = beginning if len(beginning) <= _SHOWN_CHARACTERS else f"{beginning[:_SHOWN_CHARACTERS]} …"
        raise IndeterminateResultError(
            f"{action} got an answer from {self._endpoint} that is not the API's: HTTP {answer.status}, "
            f"{sanitize_line(answer.content_type) or 'no content type'}, {repr(shown) if shown else 'empty'}. A proxy "
            "on the way may have sent it"
        )

    def _failure(self, action: str, exchange: Exchange, cause: BaseException | None) -> TioneError:
        """Return the error for a request that got no whole answer."""
        if exchange.was_sent and not self._meets_tls(exchange, cause):
            if exchange.seconds_left <= 0 and exchange.has_begun_to_answer:
                how = f"an answer from {self._endpoint} that was cut off after {_ANSWER_SECONDS:g} s"
                return IndeterminateResultError(f"{action} got {how}")
            return IndeterminateResultError(f"{action} got no answer from {self._endpoint}: {_in_one_line(cause)}")
        not_sent = f"{action} was not sent"
        problem = self._problem_with_tls(exchange, cause)
        if problem:
            return TlsError(f"{not_sent}: {problem}")
        return RequestNotSentError(f"{not_sent}: {self._endpoint} cannot be reached: {_in_one_line(cause)}")

    def _meets_tls(self, exchange: Exchange, cause: BaseException | None) -> bool:
        """Check whether a request in plain http has come to a port of TLS, where nobody has understood it.

        A server of TLS answers with an alert, or closes the connection. Then a handshake tells.
        """
        if self._endpoint.scheme != "http" or self._endpoint in _ANSWERED:
            return False
        if any(isinstance(each, http.client.BadStatusLine) and "\x15\x03" in str(each) for each in _chain(cause)):
            return True
        is_closed = any(isinstance(each, ConnectionError) for each in _chain(cause))
        return (
            is_closed
            and not exchange.has_begun_to_answer
            and self._endpoint.is_loopback
            and _speaks_tls(self._endpoint)
        )

    def _problem_with_tls(self, exchange: Exchange, cause: BaseException | None) -> str:
        """Return the error of a TLS failure, which lasts until the settings change; empty for others."""
        endpoint = self._endpoint
        if exchange.was_sent:
            return f"{endpoint} speaks TLS: did you mean https://{endpoint.host}?"
        errors = [*_chain(cause)]
        untrusted = next((each for each in errors if isinstance(each, ssl.SSLCertVerificationError)), None)
        if untrusted is not None and untrusted.verify_code in _OF_ANOTHER_HOST:
            mismatch = untrusted.verify_message.rstrip(".")
            return f"the certificate of {endpoint} is one for another host ({mismatch}): check tione:endpoint"
        if untrusted is not None:
            return (
                f"the certificate of {endpoint} is not trusted (CERTIFICATE_VERIFY_FAILED: "
                f"{untrusted.verify_message.rstrip('.')}). If your company has a certificate authority of its own, "
                "name its file in tione:caBundle or REQUESTS_CA_BUNDLE (SSL_CERT_FILE is not read)"
            )
        reasons = {each.reason for each in errors if isinstance(each, ssl.SSLError)}
        if reasons & _NO_TLS and not any(isinstance(each, urllib3.exceptions.ProxyError) for each in errors):
            return f"{endpoint} does not speak TLS: did you mean http://{endpoint.host}?"
        if any(isinstance(each, OSError) and any(sign in str(each) for sign in _NO_BUNDLE) for each in errors):
            named = next((name for name in _CA_VARIABLES if os.environ.get(name)), "REQUESTS_CA_BUNDLE")
            return f"{named} names {os.environ.get(named)}, which does not exist or holds no certificates"
        return ""


_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""What `requests` reads the file of authorities from, the first that is set."""

_NO_BUNDLE = ("CA certificate bundle", "NO_CERTIFICATE_OR_CRL_FOUND")
"""What `requests` and OpenSSL say of a file with authorities that is not there, or holds none."""

_OF_ANOTHER_HOST = (62, 64)
"""How OpenSSL numbers a certificate that does not have the host's name, or its address."""

_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"})
"""How OpenSSL calls what it finds where somebody speaks plain http."""

_PROBE_SECONDS = 3.0


def _speaks_tls(endpoint: Endpoint) -> bool:
    """Check whether a port speaks TLS, with whatever certificate."""
    address = urlsplit(f"//{endpoint.host}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((address.hostname, address.port or 80), timeout=_PROBE_SECONDS) as raw:
            context.wrap_socket(raw).close()
    except (OSError, ValueError):
        return False
    return True


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _in_one_line(cause: BaseException | None) -> str:
    """Say what stood in the way, without keys and the proxy's URL, which may hold a password."""
    reason = _reason(cause)
    if isinstance(cause, (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader, UnicodeError)):
        return "a region, a key or the address of a proxy has characters that a request cannot hold"
    if isinstance(reason, urllib3.exceptions.ProxyError):
        return f"the proxy that HTTP_PROXY or HTTPS_PROXY names: {str(reason.original_error).rpartition(': ')[2]}"
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return str(reason).rpartition(": ")[2]
    return sanitize_line(f"{type(reason).__name__}: {reason}")


def _reason(cause: BaseException | None) -> BaseException | None:
    """Give what `requests` wraps: the error of the layer below, where it tells."""
    inner = getattr(cause.args[0], "reason", None) if cause is not None and cause.args else None
    return inner if isinstance(inner, BaseException) else cause


def _chain(cause: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what stands behind it: `requests` and `urllib3` wrap what they meet, some as an argument."""
    seen: list[BaseException] = []
    waiting: list[object] = [cause]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException) and each not in seen:
            seen.append(each)
            waiting += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
            yield each
