"""One request by the official SDK, and its errors told apart.

The SDK signs and sends. Its generic client serves all three services that we speak to, and its `call_json` gives the
raw answer, where its typed models would drop what they do not know. Its own retries are off: they repeat a request that
may have been accepted.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from pulumi_tione._masking import masking
from pulumi_tione._settings import Settings
from pulumi_tione._sources import Credentials
from pulumi_tione.errors import ApiError, NotSentError, TioneError, UnclearError

# At level DEBUG the SDK writes whole bodies and the Authorization header to its log. A filter stays, whatever a program
# configures afterwards.
logging.getLogger("tencentcloud_sdk_common").addFilter(lambda _: False)

_TIMEOUT_SECONDS = 60
_MOST_ANSWER_BYTES = 32 * 1024 * 1024
"""How long an answer may be. A page of a log, the longest there is, has a thousand lines."""


Service: TypeAlias = tuple[str, str]
"""A service of the vendor's: its name, and the version of its API."""


class Caller:
    """Sends requests to one service, one after the other: its session is not made for several threads.

    Args:
        settings: where the endpoint and what is trusted come from.
        service: the service.
        region: the region that every request goes to.
    """

    def __init__(self, settings: Settings, service: Service, region: str) -> None:
        name, version = service
        endpoint = settings.endpoint(name)
        self._endpoint = str(endpoint)
        http = HttpProfile(protocol=endpoint.scheme, endpoint=endpoint.host, reqTimeout=_TIMEOUT_SECONDS)
        profile = ClientProfile(httpProfile=http, language="en-US")
        self._sdk = CommonClient(name, version, None, region, profile)
        connection = self._sdk.request.conn
        # The SDK reads the proxy variables by itself, and NO_PROXY wrongly. `requests` does it right when it is left
        # to it, and asks no proxy at all when each is the empty text.
        connection.proxy = {"http": "", "https": "", "all": ""} if endpoint.is_loopback else None
        # Left alone, `requests` also knows the usual variables for authorities of one's own; the SDK passes it by.
        connection.certification = settings.ca_bundle or True
        # Otherwise `requests` puts what ~/.netrc has for the host in the place of our signature.
        connection._session.auth = lambda signed: signed
        connection._session.max_redirects = 0  # a redirect is no answer of the service
        self._adapter = _BoundedAdapter()
        for scheme in ("http://", "https://"):
            connection._session.mount(scheme, self._adapter)

    @property
    def clock_offset(self) -> timedelta:
        """How far the service's clock is ahead of this machine's, by the `Date` of the last answer."""
        return self._adapter.clock_offset

    def send(
        self,
        action: str,
        body: Mapping[str, Any],
        keys: Credentials | None,
    ) -> dict[str, Any]:
        """Send one request and give the content of its answer's `Response`.

        Args:
            action: what is asked.
            body: with what parameters.
            keys: what it is signed with; one without keys is not signed.

        Raises:
            NotSentError: no connection came about.
            ApiError: the service refused.
            UnclearError: anything else that is not a clear answer.
        """
        self._sdk.credential = None if keys is None else Credential(keys.secret_id, keys.secret_key, keys.token)
        try:
            answer = self._sdk.call_json(action, dict(body), options={"SkipSign": keys is None})
        except TencentCloudSDKException as error:
            with masking(() if keys is None else filter(None, (keys.secret_key, keys.token))):
                raise _translated(error, action, self._endpoint) from None
        except UnicodeEncodeError:
            raise NotSentError(f"{action} was not sent: a key or a value cannot be written as UTF-8") from None
        except Exception as error:  # noqa: BLE001  whatever an odd answer does to the SDK: it may have taken effect
            raise UnclearError(f"{action} got no answer that can be understood ({type(error).__name__})") from None
        response = answer.get("Response") if isinstance(answer, dict) else None
        if not isinstance(response, dict) or "Error" in response:
            # The SDK knows an error only under the exact content type; under another one it hands it on as a success.
            raise UnclearError(f"{action} got an answer that is not the API's")
        return response


_NOT_EVEN_TRIED = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)
"""What `requests` raises before it has a connection."""


class _BoundedAdapter(HTTPAdapter):
    """Reads an answer to its end, but not one that has none."""

    clock_offset = timedelta(0)

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:  # the SDK's way to call it is not ours to type
        response = super().send(*args, **kwargs)
        self.clock_offset = _clock_offset(response.headers.get("Date"), self.clock_offset)
        content = b""
        for part in response.iter_content(65536):
            content += part
            if len(content) > _MOST_ANSWER_BYTES:
                response.close()
                raise requests.exceptions.ContentDecodingError(f"the answer is longer than {_MOST_ANSWER_BYTES} bytes")
        response._content = content
        return response


def _clock_offset(date: str | None, before: timedelta) -> timedelta:
    """Return how far the clock that wrote an HTTP date is ahead of ours; what it was before, if there is no date."""
    try:
        return parsedate_to_datetime(date or "") - datetime.now(timezone.utc)
    except (TypeError, ValueError):  # not a date, or one without a zone
        return before


def _translated(error: TencentCloudSDKException, action: str, endpoint: str) -> TioneError:
    """Give our error for one of the SDK's. What stands behind a network error is its context alone."""
    if error.code == "ClientNetworkError":
        cause = error.__context__
        if _was_not_sent(cause):
            return NotSentError(f"{action} was not sent: {endpoint} cannot be reached: {_in_one_line(cause)}")
        return UnclearError(f"{action} got no answer from {endpoint}: {_in_one_line(cause)}")
    if error.code == "ServerNetworkError":
        return UnclearError(f"{action} got an HTTP error from {endpoint}")
    if not isinstance(error.code, str) or not error.code:
        return UnclearError(f"{action} was refused without a code")
    return ApiError(action, error.code, str(error.message or ""), error.requestId or "")


def _was_not_sent(cause: BaseException | None) -> bool:
    """Tell whether not even a connection came about, to the service or to the proxy before it."""
    if isinstance(cause, (requests.ConnectTimeout, *_NOT_EVEN_TRIED)):
        return True
    if isinstance(cause, OSError) and not isinstance(cause, requests.RequestException) and cause.errno is None:
        return True  # so `requests` complains of a file with authorities that it cannot find
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
