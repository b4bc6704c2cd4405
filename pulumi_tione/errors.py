"""The errors of this package. `_error_codes.py` explains each code of the API.

    TioneError
    ├── SettingsError                region, credentials or endpoint are missing or contradict each other
    ├── RequestNotSentError          the request was not sent: nothing has happened
    │   └── TlsError                 no TLS connection is possible with these settings
    ├── IndeterminateResultError     the request was sent and may or may not have taken effect
    │   └── MalformedResponseError   the response is one of the API's, but not as the action documents it
    ├── ApiError                     the service refused the request with a code
    │   └── CredentialsRefusedError  it does not accept the credentials
    └── TaskError                    a task is not in the state that an operation needs
        └── WaitFailedError          it did not get the status that a wait expects

Every message is one line: which task or setting, what happened and why, what to do, the service's request id.

Which errors are retried is decided here (`is_retryable`, `is_transient`, `Idempotency`), how long in
`_api/transport.py`.
"""

from __future__ import annotations

import enum

from pulumi_tione._error_codes import CODES, UNKNOWN
from pulumi_tione._error_codes import KIND_OF_CODE as KIND_OF_CODE
from pulumi_tione._error_codes import Kind as Kind
from pulumi_tione._masking import mask
from pulumi_tione._text import escape_control_characters, sanitize

__all__ = [
    "ApiError",
    "IndeterminateResultError",
    "RequestNotSentError",
    "SettingsError",
    "TaskError",
    "TioneError",
    "WaitFailedError",
]


class TioneError(Exception):
    """Any error of this package."""


class SettingsError(TioneError):
    """Region, credentials or endpoint are missing or contradict each other."""


class RequestNotSentError(TioneError):
    """The request was not sent, so nothing has happened."""


class TlsError(RequestNotSentError, SettingsError):
    """No TLS connection is possible with these settings. A retry does not help."""


class IndeterminateResultError(TioneError):
    """The request was sent, but its result is unknown: it may or may not have taken effect."""


class MalformedResponseError(IndeterminateResultError):
    """The service responded without an error, but not in the form that the action documents."""


class TaskError(TioneError):
    """A task is not in the state that an operation needs."""


class WaitFailedError(TaskError):
    """A task did not get the status that a wait expects. `report` explains why, in several lines."""

    def __init__(self, message: str, report: str) -> None:
        self.report = report
        super().__init__(message)


_MAX_CHARACTERS = 2000
"""How much of the service's message an error shows: some refusals repeat the whole request."""


class ApiError(TioneError):
    """The service refused a request.

    `code` and `service_message` are the service's own, without secrets; `request_id` is what its support asks for;
    `kind` is what the code means for a caller.
    """

    def __init__(self, action: str, code: str, service_message: str, request_id: str, source: str = "") -> None:
        self.action = action
        self.code = escape_control_characters(code)
        self.service_message = mask(service_message)
        self.request_id = sanitize(request_id)
        meaning = CODES.get(code, UNKNOWN)
        self.kind = meaning.kind
        message = sanitize(" ".join(service_message.split()))
        if len(message) > _MAX_CHARACTERS:
            message = f"{message[:_MAX_CHARACTERS]} …"
        message = message.removesuffix(".") if not message.endswith("..") else message
        reasons = [message, str(meaning) if meaning.sentence else "", source and f"the credentials come from {source}"]
        super().__init__(
            f"{action} was refused with {self.code}: {': '.join(filter(None, reasons))}; {meaning.remedy} "
            f"(request id {self.request_id or 'unknown'})"
        )


REFUSED_CREDENTIALS = frozenset(
    {
        "AuthFailure.InvalidSecretId",
        "AuthFailure.SecretIdNotFound",
        "AuthFailure.SignatureFailure",
        "AuthFailure.TokenFailure",
    }
)
"""The codes of credentials that are not accepted for any action."""

EXPIRED_CREDENTIALS = REFUSED_CREDENTIALS - {"AuthFailure.SignatureFailure"}
"""The subset that means the credentials were valid before: they have expired, or were disabled or deleted."""


class CredentialsRefusedError(ApiError):
    """The service does not accept the credentials. `source` is where they come from."""

    def __init__(self, error: ApiError, source: str) -> None:
        self.source = source
        super().__init__(error.action, error.code, error.service_message, error.request_id, source)


class Idempotency(enum.Enum):
    """What happens when a request is sent twice, which decides when it is retried."""

    UNSAFE = "it may take effect twice: the transport retries it only if it was throttled"
    READ_ONLY = "it changes nothing: retried if the result is indeterminate"
    IDEMPOTENT = "the second time changes nothing: retried until the service is available"


def is_throttled(error: BaseException) -> bool:
    """Return whether a request was refused only because there were too many: it has not been accepted."""
    return isinstance(error, ApiError) and error.kind is Kind.THROTTLED


def is_retryable(error: BaseException) -> bool:
    """Return whether the error may be temporary, for requests that can be repeated."""
    if isinstance(error, ApiError):
        return error.kind in (Kind.THROTTLED, Kind.UNAVAILABLE, Kind.INDETERMINATE)
    return isinstance(error, IndeterminateResultError)


def is_transient(error: BaseException) -> bool:
    """Return whether a read that failed may succeed later."""
    return is_retryable(error) or (isinstance(error, RequestNotSentError) and not isinstance(error, SettingsError))
