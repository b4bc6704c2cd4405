"""Requests on their way: signed with the keys in use, held back, sent, and sent again where that does no harm."""

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
from pulumi_tione._api.sdk import Caller, Service
from pulumi_tione._config.settings import Settings
from pulumi_tione._durations import format_duration
from pulumi_tione._masking import masking
from pulumi_tione._schema.wire import secrets_in
from pulumi_tione.errors import (
    EXPIRED_CREDENTIALS,
    REFUSED_CREDENTIALS,
    ApiError,
    CredentialsRefusedError,
    MalformedResponseError,
    Repeat,
    RequestNotSentError,
    is_retryable,
    is_throttled,
    is_transient,
)

_PATIENCE_WITH_THROTTLING_SECONDS = 300
_PATIENCE_WITH_OUTAGES_SECONDS = 150
_PATIENCE_WITH_FAILURES_SECONDS = 60
"""How long a request is sent again: while the service throttles; while it is out of order, where giving up would leave
a task running; and while it fails to answer any other question."""

_SECONDS_OF_SILENCE = 2
"""How long a request is sent again before that is announced."""

_LOOKS_AT_MALFORMED_ANSWERS = 4
"""How often a question is put whose answers have not their form: that may be over at once, or stay for long."""

_PACE = RateLimiter()
"""One for the whole process: the service counts the requests of an account, not those of a client."""


_T = TypeVar("_T")


class Transport:
    """Sends the requests of one region, for as many threads as like.

    Args:
        settings: where endpoint and keys come from; they are read at the first request.
        region: the region that every request goes to.
        sleep: how pauses between attempts are made.
        announce: told in a few words what a request waits for, when that takes long.
        warn: told that other keys than the configured ones are used.
        account: the account of the task that it is about, where that is known: when the keys have expired, other
            ones of this account are used.
        is_patient: whether questions are about a change to a task that exists, so that an outage is waited through;
            see `Repeat`.
        pace: how requests are held back before the service would refuse them.
        supply: where the keys come from; by default what the settings lead to.
    """

    def __init__(
        self,
        settings: Settings,
        region: str,
        sleep: Callable[[float], None],
        announce: Callable[[str], None],
        warn: Callable[[str], None],
        account: str | None = None,
        is_patient: bool = False,
        pace: RateLimiter = _PACE,
        supply: CredentialResolver | None = None,
    ) -> None:
        self._settings = settings
        self._region = region
        self._sleep = sleep
        self._announce = announce
        self._warn = warn
        self._account = account
        self._is_patient = is_patient
        self._pace = pace
        self._supply = supply or resolver_of(settings)
        self._of_thread = threading.local()
        self._clock_offset = timedelta(0)
        self._was_reached = False

    def service_now(self) -> datetime:
        """Return the time by the service's clock, as its last answer told it; by this machine's before the first."""
        return datetime.now(timezone.utc) + self._clock_offset

    def call(
        self,
        service: Service,
        action: str,
        body: Mapping[str, Any],
        repeat: Repeat,
        read: Reader[_T],
        attempts: int | None = None,
    ) -> _T:
        """Send a request until it is answered, or fails with an error that is not to be retried, or patience ends.

        Args:
            service: which service is asked.
            action: what is asked.
            body: with what parameters.
            repeat: what the request does when it is sent twice.
            read: reads what is needed from the answer.
            attempts: how often it is sent at most, those times aside when it is throttled.

        Raises:
            RequestNotSentError: no connection came about.
            ApiError: the service refused.
            IndeterminateResultError: anything else that is not a clear answer.
        """
        patience = _Patience(attempts, self._seconds_of(repeat))
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: self._may_be_sent_again(error, repeat)),
            wait=tenacity.wait_random_exponential(multiplier=0.5, max=20),
            stop=patience,
            sleep=self._sleep,
            before_sleep=lambda state: self._announce_waiting(state, patience),
            reraise=True,
        )
        is_repeatable = repeat is not Repeat.HARM
        return retrying(lambda: read(action, self._send(service, action, body, is_repeatable)))

    def _waits_for_the_service(self, repeat: Repeat) -> bool:
        """Check whether an outage is waited through.

        Who has just configured an endpoint wants to hear at once that nobody is there. But a task that exists was
        created there, and an error in the middle of a change to it costs money.
        """
        of_a_task = self._account is not None and self._was_reached
        return repeat is Repeat.THE_SAME or (repeat is Repeat.NOTHING and (self._is_patient or of_a_task))

    def _may_be_sent_again(self, error: BaseException, repeat: Repeat) -> bool:
        if repeat is Repeat.HARM:
            return is_throttled(error)
        return is_transient(error) if self._waits_for_the_service(repeat) else is_retryable(error)

    def _seconds_of(self, repeat: Repeat) -> float:
        patient = self._waits_for_the_service(repeat)
        return _PATIENCE_WITH_OUTAGES_SECONDS if patient else _PATIENCE_WITH_FAILURES_SECONDS

    def _announce_waiting(self, state: tenacity.RetryCallState, patience: _Patience) -> None:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, ApiError) and is_throttled(error):
            self._announce(f"waiting: {error.action} is throttled by the service ({error.code})")
        elif patience.seconds_gone(state) > _SECONDS_OF_SILENCE:
            what = "cannot be reached" if isinstance(error, RequestNotSentError) else "does not answer as it should"
            left = format_duration(max(patience.seconds - patience.seconds_gone(state), 0))
            self._announce(f"waiting: the service {what}, trying again for {left} ({error})")

    def _send(self, service: Service, action: str, body: Mapping[str, Any], is_repeatable: bool) -> dict[str, Any]:
        """Send one request and give the content of its answer's `Response`; once more with other keys, where the
        service does not know these any more and so has surely not accepted it.

        Raises:
            RequestNotSentError: no connection came about.
            CredentialsRefusedError: the service does not accept the keys.
            ApiError: the service refused.
            IndeterminateResultError: anything else that is not a clear answer.
        """
        keys = None
        try:
            keys = self._supply.current(self._account)
            return self._send_with(keys, service, action, body, is_repeatable)
        except CredentialsRefusedError as error:
            if error.code not in EXPIRED_CREDENTIALS:
                raise
            other = self._supply.instead_of(keys, self._account, self._account_of)
            if other is None:
                raise
            if other.source != error.source:
                self._warn(
                    f"the keys of {error.source} are not accepted any more ({error.code}): using those of "
                    f"{other.source} instead, which are of the same account {self._account}"
                )
        return self._send_with(other, service, action, body, is_repeatable)

    def _send_with(
        self, keys: ResolvedCredentials, service: Service, action: str, body: Mapping[str, Any], is_repeatable: bool
    ) -> dict[str, Any]:
        self._pace.wait(action, self._announce)
        caller = self._caller(service)
        try:
            with masking(secrets_in(body)):
                return caller.send(action, body, keys.credentials, is_repeatable=is_repeatable)
        except ApiError as error:
            raise (
                CredentialsRefusedError(error, keys.source) if error.code in REFUSED_CREDENTIALS else error
            ) from None
        finally:
            self._clock_offset = caller.clock_offset
            self._was_reached |= caller.has_reached_the_service

    def _account_of(self, keys: ResolvedCredentials) -> str:
        answer = self._caller(STS).send("GetCallerIdentity", {}, keys.credentials)
        return responses.text("AccountId")("GetCallerIdentity", answer)

    def _caller(self, service: Service) -> Caller:
        """Give this thread's caller of a service."""
        if not hasattr(self._of_thread, "callers"):
            self._of_thread.callers = {}
        callers: dict[Service, Caller] = self._of_thread.callers
        if service not in callers:
            callers[service] = Caller(self._settings, service, self._region)
        return callers[service]


class _Patience(tenacity.stop.stop_base):
    """Ends when a request has been sent often enough, or for long enough."""

    def __init__(self, attempts: int | None, seconds: float) -> None:
        self.seconds = seconds
        self._attempts = attempts

    def __call__(self, state: tenacity.RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        seconds = state.upcoming_sleep + self.seconds_gone(state)
        if error is not None and is_throttled(error):
            return seconds > _PATIENCE_WITH_THROTTLING_SECONDS
        if isinstance(error, MalformedResponseError) and state.attempt_number >= _LOOKS_AT_MALFORMED_ANSWERS:
            return True
        is_last = self._attempts is not None and state.attempt_number >= self._attempts
        return is_last or seconds > self.seconds

    @staticmethod
    def seconds_gone(state: tenacity.RetryCallState) -> float:
        """Return for how long a request has been sent again. Pauses count as such, however they are made."""
        return max(state.seconds_since_start or 0.0, state.idle_for)
