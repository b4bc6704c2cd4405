"""Verify TC3-HMAC-SHA256 signatures, computed from the bytes that were received.

Documented: the canonical request, the derivation of the key, five minutes of tolerance. Seen in the SDKs: Python signs
the host with its port; Node signs it without the port, and takes the text before the endpoint's first dot as the
service; both sign header values as they send them, while the documentation has them in lower case. Each of these forms
is accepted, and no other.

Which keys are accepted is in `accounts.py`. The clock that the tolerance is measured by is the machine's.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from pulumi_tione.emulator.errors import ApiError

ALGORITHM = "TC3-HMAC-SHA256"
SKIPPED = "SKIP"
"""The value of Authorization for an action that is documented to need no signature."""

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
"""As X-TC-Content-SHA256: the text that was signed in place of the body. The SDKs for Python, Go and Java send it with
`unsignedPayload`, over HTTP and HTTPS. The signature page does not mention it, and the SDK for Node lacks it."""

TOLERANCE = timedelta(minutes=5)

_AUTHORIZATION = re.compile(
    rf"{ALGORITHM}\s+Credential=(?P<secret_id>[^/,\s]+)/(?P<date>\d{{4}}-\d{{2}}-\d{{2}})/(?P<service>[^/,\s]+)/tc3_request"
    r"\s*,\s*SignedHeaders=(?P<headers>[^,\s]+)\s*,\s*Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True)
class Signature:
    """The parts of an Authorization header."""

    secret_id: str
    date: str
    service: str
    headers: tuple[str, ...]
    digest: str


def parse_authorization(header: str | None) -> Signature:
    if not header:
        raise ApiError("MissingParameter", "The request header `Authorization` is missing.")
    match = _AUTHORIZATION.fullmatch(header.strip())
    if match is None:
        raise ApiError(
            "AuthFailure.InvalidAuthorization", f"The header `Authorization` is not of the form of {ALGORITHM}."
        )
    headers = tuple(match["headers"].split(";"))
    if not {"content-type", "host"} <= set(headers):
        message = "SignedHeaders in `Authorization` must name content-type and host."
        raise ApiError("AuthFailure.InvalidAuthorization", message)
    return Signature(match["secret_id"], match["date"], match["service"], headers, match["signature"])


def parse_timestamp(header: str | None, now: datetime) -> datetime:
    if not header:
        raise ApiError("MissingParameter", "The request header `X-TC-Timestamp` is missing.")
    if not re.fullmatch(r"\d{1,11}", header):
        raise ApiError("InvalidParameter", "The request header `X-TC-Timestamp` must be a UNIX time in seconds.")
    signed_at = datetime.fromtimestamp(int(header), timezone.utc)
    # The header has whole seconds, so the difference is measured in whole seconds.
    if abs(signed_at - now.replace(microsecond=0)) > TOLERANCE:
        message = (
            f"The request was signed at {signed_at:%Y-%m-%dT%H:%M:%SZ} (X-TC-Timestamp), and here it is "
            f"{now:%Y-%m-%dT%H:%M:%SZ}: they may differ by five minutes at most."
        )
        raise ApiError("AuthFailure.SignatureExpire", message)
    return signed_at


def verify(
    signature: Signature,
    secret_key: str,
    service: str,
    signed_at: datetime,
    headers: Mapping[str, str],
    body: bytes,
) -> None:
    """Refuse a signature that does not match this request. The names in `headers` are in lower case."""
    if signature.date != f"{signed_at:%Y-%m-%d}":
        _refuse(f"its scope has the date {signature.date}, and X-TC-Timestamp is of {signed_at:%Y-%m-%d} (UTC)")
    host_label = headers["host"].partition(".")[0]
    if signature.service not in (service, host_label, host_label.partition(":")[0]):
        _refuse(f"its scope has the service `{signature.service}`, and the action is one of `{service}`")
    missing = [name for name in signature.headers if name not in headers]
    if missing:
        _refuse(f"the signed header `{missing[0][:40]}` was not sent")
    key = _signing_key(secret_key, signature.date, signature.service)
    for canonical in _canonical_requests(signature, headers, body):
        scope = f"{signature.date}/{signature.service}/tc3_request"
        text = f"{ALGORITHM}\n{int(signed_at.timestamp())}\n{scope}\n{hashlib.sha256(canonical).hexdigest()}"
        if hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), signature.digest):
            return
    _refuse("it does not belong to this body, content type, host and secret key")


def _canonical_requests(signature: Signature, headers: Mapping[str, str], body: bytes) -> Iterator[bytes]:
    is_unsigned = headers.get("x-tc-content-sha256") == UNSIGNED_PAYLOAD
    digest = hashlib.sha256(UNSIGNED_PAYLOAD.encode() if is_unsigned else body).hexdigest()
    names = ";".join(signature.headers)
    host = headers["host"].strip()
    for signed_host in dict.fromkeys([host, host.rpartition(":")[0] or host]):
        values = {**headers, "host": signed_host}
        as_sent = "".join(f"{name}:{values[name].strip()}\n" for name in signature.headers)
        for lines in dict.fromkeys([as_sent, as_sent.lower()]):
            yield f"POST\n/\n\n{lines}\n{names}\n{digest}".encode("utf-8", "surrogateescape")


@lru_cache(maxsize=256)
def _signing_key(secret_key: str, date: str, service: str) -> bytes:
    key = f"TC3{secret_key}".encode()
    for part in (date, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _refuse(reason: str) -> None:
    raise ApiError("AuthFailure.SignatureFailure", f"The signature in `Authorization` is not right: {reason}.")
