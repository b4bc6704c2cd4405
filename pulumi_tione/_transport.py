"""Requests on their way: signed, held back, sent, sent again where that does no harm, and their errors told apart.

The official SDK signs and sends. Its generic client serves all three services that we speak to, and its `call_json`
gives the raw answer, where its typed models would drop what they do not know. Its own retries are off: they repeat a
request that may have been accepted.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import requests
import tenacity
import urllib3.exceptions
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from pulumi_tione._pace import Pace
from pulumi_tione._settings import Settings
from pulumi_tione._wire import secrets_in
from pulumi_tione.errors import ApiError, NotSentError, TioneError, UnclearError, was_throttled

# At level DEBUG the SDK writes whole bodies and the Authorization header to its log. A filter stays, whatever a program
# configures afterwards.
logging.getLogger("tencentcloud_sdk_common").addFilter(lambda _: False)

_TIMEOUT_SECONDS = 60
_PATIENCE_WITH_THROTTLING_SECONDS = 300
_PATIENCE_WITH_FAILURES_SECONDS = 60
"""How long a request is sent again: while the service throttles, and while it fails to answer a mere question."""

_PACE = Pace()
"""One for the whole process: the service counts the requests of an account, not those of a client."""


class Transport:
    """Sends the requests of one region, for as many threads as like.

    Args:
        settings: where endpoint and keys come from; they are read at the first request.
        region: the region that every request goes to.
        sleep: how pauses between attempts are made.
        announce: told in a few words what a request waits for, when that takes long.
        pace: how requests are held back before the service would refuse them.
    """

    def __init__(
        self,
        settings: Settings,
        region: str,
        sleep: Callable[[float], None],
        announce: Callable[[str], None],
        pace: Pace = _PACE,
    ) -> None:
        self._settings = settings
        self._region = region
        self._sleep = sleep
        self._announce = announce
        self._pace = pace
        self._of_thread = threading.local()

    def call(
        self,
        service: tuple[str, str],
        action: str,
        body: Mapping[str, Any],
        retried: Callable[[BaseException], bool],
        returns: str | None,
    ) -> dict[str, Any]:
        """Send a request until it is answered, or fails with an error that is not to be retried, or patience ends.

        Args:
            service: the service's name and version.
            action: what is asked.
            body: with what parameters.
            retried: tells whether the request may be sent again after an error.
            returns: what a clear answer has.

        Raises:
            NotSentError: no connection came about.
            ApiError: the service refused.
            UnclearError: anything else that is not a clear answer.
        """
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception(retried),
            wait=tenacity.wait_random_exponential(multiplier=0.5, max=20),
            stop=_is_out_of_patience,
            sleep=self._sleep,
            before_sleep=self._announce_throttling,
            reraise=True,
        )
        return attempts(self._send, service, action, body, returns)

    def _announce_throttling(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, ApiError) and was_throttled(error):
            self._announce(f"waiting: {error.action} is throttled by the service ({error.code})")

    def _send(
        self, service: tuple[str, str], action: str, body: Mapping[str, Any], returns: str | None
    ) -> dict[str, Any]:
        """Send one request and give the content of its answer's `Response`.

        Raises:
            NotSentError: no connection came about.
            ApiError: the service refused.
            UnclearError: anything else that is not a clear answer.
        """
        self._pace.wait(action, self._announce)
        sdk = self._sdk(service)
        try:
            answer = sdk.call_json(action, dict(body))
        except TencentCloudSDKException as error:
            raise _translated(error, action, str(self._settings.endpoint(service[0])), secrets_in(body)) from None
        except Exception as error:  # noqa: BLE001  whatever an odd answer does to the SDK: it may have taken effect
            raise UnclearError(f"{action} got no answer that can be understood ({type(error).__name__})") from None
        response = answer.get("Response") if isinstance(answer, dict) else None
        if not isinstance(response, dict) or "Error" in response:
            # The SDK knows an error only under the exact content type; under another one it hands it on as a success.
            raise UnclearError(f"{action} got an answer that is not the API's")
        if returns is not None and returns not in response:
            raise UnclearError(f"{action} was answered without {returns}")
        return response

    def _sdk(self, service: tuple[str, str]) -> CommonClient:
        """Give this thread's SDK client of a service: its session is not made for several threads."""
        if not hasattr(self._of_thread, "clients"):
            self._of_thread.clients = {}
        clients: dict[tuple[str, str], CommonClient] = self._of_thread.clients
        if service not in clients:
            clients[service] = self._new_sdk(service)
        return clients[service]

    def _new_sdk(self, service: tuple[str, str]) -> CommonClient:
        name, version = service
        endpoint, keys = self._settings.endpoint(name), self._settings.credentials
        http = HttpProfile(protocol=endpoint.scheme, endpoint=endpoint.host, reqTimeout=_TIMEOUT_SECONDS)
        profile = ClientProfile(httpProfile=http, language="en-US")
        credential = Credential(keys.secret_id, keys.secret_key, keys.token)
        sdk = CommonClient(name, version, credential, self._region, profile)
        # The SDK reads the proxy variables by itself, and NO_PROXY wrongly. `requests` does it right when it is left
        # to it, and asks no proxy at all when each is the empty text.
        sdk.request.conn.proxy = {"http": "", "https": "", "all": ""} if endpoint.is_loopback else None
        # Otherwise `requests` puts what ~/.netrc has for the host in the place of our signature.
        sdk.request.conn._session.auth = lambda signed: signed
        sdk.request.conn._session.max_redirects = 0  # a redirect is no answer of the service
        return sdk


def _is_out_of_patience(state: tenacity.RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome else None
    throttled = error is not None and was_throttled(error)
    limit = _PATIENCE_WITH_THROTTLING_SECONDS if throttled else _PATIENCE_WITH_FAILURES_SECONDS
    return state.upcoming_sleep + (state.seconds_since_start or 0) > limit


def _translated(error: TencentCloudSDKException, action: str, endpoint: str, secrets: Sequence[str]) -> TioneError:
    """Give our error for one of the SDK's. What stands behind a network error is its context alone.

    A refusal may repeat what was sent: the secrets of the request are taken out of it.
    """
    if error.code == "ClientNetworkError":
        cause = error.__context__
        if _was_not_sent(cause):
            return NotSentError(f"{action} was not sent: {endpoint} cannot be reached: {_in_one_line(cause)}")
        return UnclearError(f"{action} got no answer from {endpoint}: {_in_one_line(cause)}")
    if error.code == "ServerNetworkError":
        return UnclearError(f"{action} got an HTTP error from {endpoint}")
    if not isinstance(error.code, str) or not error.code:
        return UnclearError(f"{action} was refused without a code")
    return ApiError(action, error.code, _without(secrets, str(error.message or "")), error.requestId or "")


def _without(secrets: Sequence[str], message: str) -> str:
    """Take secrets out of a text, as they are and as JSON writes them; longer ones first, which may hold others."""
    for secret in sorted(secrets, key=len, reverse=True):
        for spelling in (secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
            message = message.replace(spelling, "[secret]")
    return message


def _was_not_sent(cause: BaseException | None) -> bool:
    """Tell whether not even a connection came about, to the service or to the proxy before it."""
    if isinstance(cause, (requests.ConnectTimeout, requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader)):
        return True
    if isinstance(cause, UnicodeError) or "CERTIFICATE_VERIFY_FAILED" in str(cause):
        return True  # a header could not be written, or the handshake ended before anything was sent
    reason = _reason(cause)
    if isinstance(reason, urllib3.exceptions.ProxyError):
        return isinstance(reason.original_error, (urllib3.exceptions.NewConnectionError, OSError))
    return isinstance(reason, (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError))


def _in_one_line(cause: BaseException | None) -> str:
    """Say what stood in the way, without keys and the proxy's URL, which may hold a password."""
    reason = _reason(cause)
    if isinstance(cause, (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader, UnicodeError)):
        return "a region, a key or the address of a proxy has characters that a request cannot hold"
    if isinstance(reason, urllib3.exceptions.ProxyError):
        return f"the proxy that HTTP_PROXY or HTTPS_PROXY names: {str(reason.original_error).rpartition(': ')[2]}"
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return str(reason).rpartition(": ")[2]
    return f"{type(reason).__name__}: {reason}"


def _reason(cause: BaseException | None) -> BaseException | None:
    """Give what `requests` wraps: the error of the layer below, where it tells."""
    inner = getattr(cause.args[0], "reason", None) if cause is not None and cause.args else None
    return inner if isinstance(inner, BaseException) else cause
