"""What can go wrong. What each code of the API means stands in `_error_codes.py`.

    TioneError
    ├── SettingsError       region, keys or endpoint are missing or contradict each other
    ├── RequestNotSentError        the request never reached the service: nothing has happened
    │   └── TlsError            no TLS connection comes about with these settings
    ├── IndeterminateResultError        the request was sent, and no clear answer came: it may have taken effect
    │   └── MalformedResponseError  the answer is one of the API's, but has not what the action returns
    ├── ApiError            the service refused the request, and said so with a code
    │   └── CredentialsRefusedError  it does not accept the keys
    └── TaskError           a task is not in the state that an operation needs
        └── WaitFailedError  it did not become what it was awaited to be

Every message is one line: which task or setting, what happened, the service's own words and request id, what to do.
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
    """Anything that this package has to complain about."""


class SettingsError(TioneError):
    """Region, keys or endpoint are missing or contradict each other."""


class RequestNotSentError(TioneError):
    """The request never reached the service, so nothing has happened."""


class TlsError(RequestNotSentError, SettingsError):
    """No TLS connection comes about with these settings. Trying again does not help."""


class IndeterminateResultError(TioneError):
    """The request was sent, but no clear answer came: it may or may not have taken effect."""


class MalformedResponseError(IndeterminateResultError):
    """The service answered without an error, but not in the form that the action has."""


class TaskError(TioneError):
    """A task is not in the state that an operation needs."""


class WaitFailedError(TaskError):
    """A task did not become what it was awaited to be. `report` tells in several lines what is known of why."""

    def __init__(self, message: str, report: str) -> None:
        self.report = report
        super().__init__(message)


_MOST_CHARACTERS = 2000
"""How much of the service's words an error shows: some refusals repeat the whole request."""


class ApiError(TioneError):
    """The service refused a request.

    `code` and `service_message` are the service's own words, without secrets, `request_id` is what its support asks
    for, and `kind` says what the code means for us.
    """

    def __init__(self, action: str, code: str, service_message: str, request_id: str) -> None:
        self.action = action
        self.code = escape_control_characters(code)
        self.service_message = mask(service_message)
        self.request_id = sanitize(request_id)
        meaning = CODES.get(code, UNKNOWN)
        self.kind = meaning.kind
        explained = f": {meaning}" if meaning.sentence else ""
        words = sanitize(" ".join(service_message.split()))
        if len(words) > _MOST_CHARACTERS:
            words = f"{words[:_MOST_CHARACTERS]} …"
        told = f"{self.code}: {words} (request id {self.request_id or 'unknown'})"
        super().__init__(f"{action} was refused with {told}{explained}; {meaning.remedy}")


REFUSED_CREDENTIALS = frozenset(
    {
        "AuthFailure.InvalidSecretId",
        "AuthFailure.SecretIdNotFound",
        "AuthFailure.SignatureFailure",
        "AuthFailure.TokenFailure",
    }
)
"""The codes that say that the keys are not accepted, whatever is asked."""

EXPIRED_CREDENTIALS = REFUSED_CREDENTIALS - {"AuthFailure.SignatureFailure"}
"""Those of them that keys get which have been good once: expired, disabled or deleted ones."""


class CredentialsRefusedError(ApiError):
    """The service does not accept the keys. `source` says where those come from."""

    def __init__(self, error: ApiError, source: str) -> None:
        self.source = source
        super().__init__(error.action, error.code, error.service_message, error.request_id)
        self.args = (f"{self}; they are those of {source}",)


class Repeat(enum.Enum):
    """What a request does when it is sent twice, which decides when it may be sent again."""

    HARM = "it may take effect twice: sent again only when it was throttled"
    NOTHING = "a mere question: sent again when no clear answer comes"
    THE_SAME = "a change that the second time changes nothing: sent again until the service is back"


def is_throttled(error: BaseException) -> bool:
    """Tell whether a request was refused only because there were too many: it was surely not accepted."""
    return isinstance(error, ApiError) and error.kind is Kind.THROTTLED


def is_retryable(error: BaseException) -> bool:
    """Tell whether an error may pass, for requests that do no harm when they are done twice."""
    if isinstance(error, ApiError):
        return error.kind in (Kind.THROTTLED, Kind.UNAVAILABLE, Kind.INDETERMINATE)
    return isinstance(error, IndeterminateResultError)


def is_transient(error: BaseException) -> bool:
    """Tell whether a question that failed may be answered later."""
    return is_retryable(error) or (isinstance(error, RequestNotSentError) and not isinstance(error, SettingsError))
