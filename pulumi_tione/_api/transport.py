"""Send requests: choose their credentials, limit their rate, retry them where a repeat does no damage.

Which codes are retried follows from their kind in `_error_codes.py`: `THROTTLED` for every request; `UNAVAILABLE` and
`INDETERMINATE` where the request's `Idempotency` allows a repeat (`is_retryable` in `errors.py`). A create is sent
again by a rule of its own: `_MAX_ATTEMPTS_OF_KIND` in `lifecycle/create.py`.

How long is set here: 300 seconds while the service throttles, 150 seconds through an outage where giving up could leave
a task running, 60 seconds otherwise. The pauses are random, and grow (`_pause`): to 4 seconds while the service
throttles, and to 20 otherwise.

`credentials.py` resolves the credentials. The vendor's SDK signs each request (TC3-HMAC-SHA256) and sends it:
`sdk.py`, which also limits how long one may take.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

import tenacity

from pulumi_tione._api import responses
from pulumi_tione._api.credentials import STS, CredentialResolver, ResolvedCredentials, resolver_of
from pulumi_tione._api.rate_limit import RateLimiter
from pulumi_tione._api.responses import Reader
from pulumi_tione._api.sdk import SdkClient, ServiceVersion
from pulumi_tione._config.settings import Settings
from pulumi_tione._durations import format_duration
from pulumi_tione._masking import masking
from pulumi_tione._schema.wire import secrets_in
from pulumi_tione.errors import (
    EXPIRED_CREDENTIALS,
    REFUSED_CREDENTIALS,
    ApiError,
    CredentialsRefusedError,
    Idempotency,
    MalformedResponseError,
    RequestNotSentError,
    is_retryable,
    is_throttled,
    is_transient,
)

_THROTTLING_TIMEOUT_SECONDS = 300
_OUTAGE_TIMEOUT_SECONDS = 150
_FAILURE_TIMEOUT_SECONDS = 60
"""How long a request is retried: while the service throttles; while it is unavailable, if giving up could leave a task
running; and while it fails for any other reason."""

_MAX_PAUSE_SECONDS = 20
_MAX_PAUSE_SECONDS_IF_THROTTLED = 4
"""The longest pauses between attempts."""

_QUIET_SECONDS = 2
"""How long a request is retried before that is shown."""

_MAX_ATTEMPTS_IF_MALFORMED = 4
"""How often a request is sent whose responses are malformed: that may pass at once, or last for long."""

_RATE_LIMITER = RateLimiter()
"""One for the whole process: the service counts the requests of an account, not those of a client."""


_T = TypeVar("_T")


class Transport:
    """Sends the requests of one region, from any number of threads.

    Args:
        settings: where endpoint and credentials come from; they are read at the first request.
        region: the region of all requests.
        sleep: how to pause between attempts.
        show_status: shows what a request waits for if that takes long.
        warn: warns that other credentials than the configured ones are used.
        account: the account of the task that the requests are about, where that is known: when the credentials have
            expired, other ones of this account are used.
        retries_outages: whether requests are about a change to a task that exists, so that an outage is retried; see
            `Idempotency`.
        rate_limiter: delays requests before the service would throttle them.
        resolver: where the credentials come from; by default what the settings lead to.
    """

    def __init__(
        self,
        settings: Settings,
        region: str,
        sleep: Callable[[float], None],
        show_status: Callable[[str], None],
        warn: Callable[[str], None],
        account: str | None = None,
        retries_outages: bool = False,
        rate_limiter: RateLimiter = _RATE_LIMITER,
        resolver: CredentialResolver | None = None,
    ) -> None:
        self._settings = settings
        self._region = region
        self._sleep = sleep
        self._show_status = show_status
        self._warn = warn
        self._account = account
        self._retries_outages = retries_outages
        self._rate_limiter = rate_limiter
        self._resolver = resolver or resolver_of(settings)
        self._of_thread = threading.local()
        self._clock_offset = timedelta(0)
        self._is_connected = False

    def service_now(self) -> datetime:
        """Return the time by the service's clock, from its last response; before the first one by this machine's."""
        return datetime.now(timezone.utc) + self._clock_offset

    def call(
        self,
        service: ServiceVersion,
        action: str,
        body: Mapping[str, Any],
        idempotency: Idempotency,
        read: Reader[_T],
        attempts: int | None = None,
    ) -> _T:
        """Send a request until it succeeds, or fails with an error that is not retried, or the timeout has passed.

        Args:
            service: the service that has the action.
            action: the action.
            body: its parameters.
            idempotency: what happens when the request is sent twice.
            read: reads what is needed from the response.
            attempts: how often it is sent at most; throttled attempts do not count.

        Raises:
            RequestNotSentError: no connection could be established.
            CallEndedError: the call has to end while the request is not sent, or not sent again.
            ApiError: the service refused.
            IndeterminateResultError: any other failure after the request was sent.
        """
        timeout = _Timeout(attempts, self._seconds_of(idempotency))
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: self._is_retried(error, idempotency)),
            wait=_pause,
            stop=timeout,
            sleep=self._sleep,
            before_sleep=lambda state: self._show_retry(state, timeout),
            reraise=True,
        )
        is_repeatable = idempotency is not Idempotency.UNSAFE
        return retrying(lambda: read(action, self._send(service, action, body, is_repeatable)))

    def _retries_while_unavailable(self, idempotency: Idempotency) -> bool:
        """Return whether an outage is retried.

        A user who has just configured an endpoint wants to know at once that nothing listens there. But a task that
        exists was created there, and an error in the middle of a change to it costs money.
        """
        is_about_task = self._account is not None and self._is_connected
        return idempotency is Idempotency.IDEMPOTENT or (
            idempotency is Idempotency.READ_ONLY and (self._retries_outages or is_about_task)
        )

    def _is_retried(self, error: BaseException, idempotency: Idempotency) -> bool:
        if idempotency is Idempotency.UNSAFE:
            return is_throttled(error)
        return is_transient(error) if self._retries_while_unavailable(idempotency) else is_retryable(error)

    def _seconds_of(self, idempotency: Idempotency) -> float:
        return _OUTAGE_TIMEOUT_SECONDS if self._retries_while_unavailable(idempotency) else _FAILURE_TIMEOUT_SECONDS

    def _show_retry(self, state: tenacity.RetryCallState, timeout: _Timeout) -> None:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, ApiError) and is_throttled(error):
            self._show_status(f"waiting: {error.action} is throttled by the service ({error.code})")
        elif timeout.elapsed(state) > _QUIET_SECONDS:
            problem = (
                "cannot be reached" if isinstance(error, RequestNotSentError) else "does not respond as documented"
            )
            remaining = format_duration(max(timeout.seconds - timeout.elapsed(state), 0))
            self._show_status(f"waiting: the service {problem}, retrying for {remaining} ({error})")

    def _send(
        self, service: ServiceVersion, action: str, body: Mapping[str, Any], is_repeatable: bool
    ) -> dict[str, Any]:
        """Send one request and return the content of its `Response`.

        It is sent once more with other credentials if the service no longer knows these, and so has not accepted it.

        Raises:
            RequestNotSentError: no connection could be established.
            CredentialsRefusedError: the service does not accept the credentials.
            ApiError: the service refused.
            IndeterminateResultError: any other failure after the request was sent.
        """
        credentials = None
        try:
            credentials = self._resolver.current(self._account)
            return self._send_with(credentials, service, action, body, is_repeatable)
        except CredentialsRefusedError as error:
            if error.code not in EXPIRED_CREDENTIALS:
                raise
            replacement = self._resolver.instead_of(credentials, self._account, self._account_of)
            if replacement is None:
                raise
            if replacement.source != error.source:
                self._warn(
                    f"the credentials of {error.source} are no longer accepted ({error.code}): those of "
                    f"{replacement.source}, which belong to the same account {self._account}, are used instead"
                )
        return self._send_with(replacement, service, action, body, is_repeatable)

    def _send_with(
        self,
        credentials: ResolvedCredentials,
        service: ServiceVersion,
        action: str,
        body: Mapping[str, Any],
        is_repeatable: bool,
    ) -> dict[str, Any]:
        self._rate_limiter.wait(action, self._show_status)
        client = self._sdk_client(service)
        try:
            with masking(secrets_in(body)):
                return client.send(action, body, credentials.credentials, is_repeatable=is_repeatable)
        except ApiError as error:
            is_refused = error.code in REFUSED_CREDENTIALS
            raise (CredentialsRefusedError(error, credentials.source) if is_refused else error) from None
        finally:
            self._clock_offset = client.clock_offset
            self._is_connected |= client.has_sent

    def _account_of(self, credentials: ResolvedCredentials) -> str:
        response = self._sdk_client(STS).send("GetCallerIdentity", {}, credentials.credentials)
        return responses.text("AccountId")("GetCallerIdentity", response)

    def _sdk_client(self, service: ServiceVersion) -> SdkClient:
        """Return this thread's client of a service."""
        if not hasattr(self._of_thread, "sdk_clients"):
            self._of_thread.sdk_clients = {}
        sdk_clients: dict[ServiceVersion, SdkClient] = self._of_thread.sdk_clients
        if service not in sdk_clients:
            sdk_clients[service] = SdkClient(self._settings, service, self._region)
        return sdk_clients[service]


def _pause(state: tenacity.RetryCallState) -> float:
    """Return the seconds until the next attempt. The limits of the service are per second, so they pass soon."""
    error = state.outcome.exception() if state.outcome else None
    is_limited = error is not None and is_throttled(error)
    return tenacity.wait_random_exponential(
        multiplier=0.5, max=_MAX_PAUSE_SECONDS_IF_THROTTLED if is_limited else _MAX_PAUSE_SECONDS
    )(state)


class _Timeout(tenacity.stop.stop_base):
    """Ends the retries after a number of attempts or seconds."""

    def __init__(self, attempts: int | None, seconds: float) -> None:
        self.seconds = seconds
        self._attempts = attempts

    def __call__(self, state: tenacity.RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        seconds = state.upcoming_sleep + self.elapsed(state)
        if error is not None and is_throttled(error):
            return seconds > _THROTTLING_TIMEOUT_SECONDS
        if isinstance(error, MalformedResponseError) and state.attempt_number >= _MAX_ATTEMPTS_IF_MALFORMED:
            return True
        is_last = self._attempts is not None and state.attempt_number >= self._attempts
        return is_last or seconds > self.seconds

    @staticmethod
    def elapsed(state: tenacity.RetryCallState) -> float:
        """Return for how many seconds a request has been retried. Pauses count even if the test's clock skips them."""
        return max(state.seconds_since_start or 0.0, state.idle_for)
