"""Answer one request to the API, from its bytes to the bytes of its response.

The checks come in this order: the addressed action, the size, the signature, the rate, the form of the body; then the
action's own rules. Each request is recorded, and a fault may apply to each.

Work that depends on the size of a request happens before or after the lock that all requests share, not within it.

A body may have 10 MiB. The rate is in `rate_limit.py`, the signature in `signing.py`, the form in `api/schema.py`, the
action in `actions/`. A fault with an error code takes effect here, one of the connection in `server.py`.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pulumi_tione.emulator import ids
from pulumi_tione.emulator.accounts import Caller, check_token
from pulumi_tione.emulator.actions import HANDLERS, PREPARATIONS, Call
from pulumi_tione.emulator.api.definition import Action, definition
from pulumi_tione.emulator.api.error_codes import code_for, is_listed
from pulumi_tione.emulator.api.languages import LANGUAGES, localized
from pulumi_tione.emulator.api.schema import check_request, parse_body
from pulumi_tione.emulator.clock import WallClock
from pulumi_tione.emulator.errors import ApiError
from pulumi_tione.emulator.faults.distortion import carried_out_body, distort
from pulumi_tione.emulator.faults.faults import Fault, Faults
from pulumi_tione.emulator.resources.regions import REGIONS
from pulumi_tione.emulator.state.service import Service

from .rate_limit import RateLimiter
from .record import Entry, Record
from .signing import SKIPPED, parse_authorization, parse_timestamp, verify

MAX_REQUEST_BYTES = 10 * 1024 * 1024
"""The limit of a body under TC3-HMAC-SHA256 [D]."""

CONTENT_TYPE = "application/json"
"""Exactly this text: with a charset behind it, the SDKs treat an error as a success [V]."""

UNSIGNED_ACTIONS = frozenset({"AssumeRoleWithWebIdentity"})
"""Actions whose requests identify the caller themselves [D]."""

REGIONLESS_SERVICES = frozenset({"tag", "sts"})
"""Services that need no X-TC-Region [D]."""

_log = logging.getLogger("pulumi_tione.emulator")


@dataclass(frozen=True)
class Request:
    """A request as it was received; the names of the headers are in lower case."""

    method: str
    headers: Mapping[str, str]
    body: bytes
    is_too_large: bool = False
    """Whether the body is larger than `MAX_REQUEST_BYTES`; such a body is not kept."""


@dataclass(frozen=True)
class _ParsedRequest:
    """What a request asks for, as far as the request alone shows it; `refusal` is the error in its body."""

    action: Action
    caller: Caller
    region: str
    body: dict[str, Any]
    undocumented: list[str]
    prepared: Any = None
    refusal: ApiError | None = None


@dataclass(frozen=True)
class Reply:
    """A response, and how to send it: the server causes the faults of the connection."""

    body: bytes
    status: int = 200
    content_type: str = CONTENT_TYPE
    delay_seconds: float = 0.0
    connection: Literal["close", "cut"] | None = None
    bytes_every_seconds: float | None = None


class Gateway:
    """The front of the service."""

    def __init__(
        self,
        service: Service,
        wall: WallClock,
        record: Record,
        faults: Faults,
        rate_limit: RateLimiter,
        lock: threading.RLock,
    ) -> None:
        self.service = service
        self.record = record
        self.faults = faults
        self.rate_limit = rate_limit
        self.on_answer: Callable[[Action, dict[str, Any]], None] | None = None
        """Called with every response of an action before it is sent; the tests check it against the definition."""
        self._wall = wall
        self._lock = lock

    def reply(self, request: Request) -> Reply:
        """Return the response to a request; any thread may call this."""
        entry = Entry(self._wall(), ids.request_id(), request.body)
        fault: Fault | None = None
        body: dict[str, Any] = {}
        try:
            parsed = self._read(request, entry)
            body = parsed.body
            with self._lock:
                response, fault = self._respond(parsed, entry)
                self.service.commit()
        except ApiError as error:
            entry.code = error.code
            response = _error(error, entry)
        response["RequestId"] = entry.request_id
        self.record.add(entry)
        _log.info("%s %s %s", entry.action or "?", entry.id or entry.code or "ok", entry.request_id)
        return _reply(response, fault, body)

    def _read(self, request: Request, entry: Entry) -> _ParsedRequest:
        headers = request.headers
        entry.content_type = headers.get("content-type")
        entry.language = headers.get("x-tc-language")
        entry.client = headers.get("x-tc-requestclient")
        entry.timestamp = headers.get("x-tc-timestamp")
        entry.has_token = "x-tc-token" in headers
        entry.region = headers.get("x-tc-region")
        entry.version = headers.get("x-tc-version")
        entry.action = headers.get("x-tc-action")
        if request.method != "POST":
            raise ApiError("UnsupportedProtocol", f"{request.method} is not offered here: send POST, and a JSON body.")
        action = _addressed_action(headers)
        entry.service = action.service
        if request.is_too_large:
            raise ApiError("RequestSizeLimitExceeded", f"The request body is larger than {MAX_REQUEST_BYTES} bytes.")
        caller = self._authenticate(request, action, entry)
        region = _addressed_region(headers, action)
        try:
            body = parse_body(request.body)
            undocumented = check_request(definition(), action.service, action.request, body)
            prepare = PREPARATIONS.get(action.name)
            return _ParsedRequest(action, caller, region, body, undocumented, prepare(body) if prepare else None)
        except ApiError as error:
            refusal = error
        except Exception:  # noqa: BLE001
            refusal = _failure(action)
        return _ParsedRequest(action, caller, region, {}, [], refusal=refusal)

    def _respond(self, parsed: _ParsedRequest, entry: Entry) -> tuple[dict[str, Any], Fault | None]:
        now = self._wall()
        self.rate_limit.admit(parsed.caller.uin, parsed.action.name, now)
        fault = self.faults.match(parsed.action.name, parsed.body, now)
        entry.fault = fault.description if fault else None
        response = self._carry_out(parsed, entry, fault) if fault is None or fault.takes_effect else {}
        if fault is not None and fault.code:
            entry.code = fault.code
            response = _requested_error(fault, entry)
        return response, fault

    def _authenticate(self, request: Request, action: Action, entry: Entry) -> Caller:
        headers = request.headers
        # A caller who can issue keys for themselves could have commands executed.
        needs_none = action.name in UNSIGNED_ACTIONS and self.service.execution is None
        if headers.get("authorization") == SKIPPED and needs_none:
            parse_timestamp(headers.get("x-tc-timestamp"), entry.time)
            return Caller()
        signature = parse_authorization(headers.get("authorization"))
        entry.secret_id = signature.secret_id
        signed_at = parse_timestamp(headers.get("x-tc-timestamp"), entry.time)
        key = self.service.keyring.find(signature.secret_id)
        verify(signature, key.secret_key, action.service, signed_at, headers, request.body)
        check_token(key, headers.get("x-tc-token"), self.service.clock.now())
        return key.caller

    def _carry_out(self, parsed: _ParsedRequest, entry: Entry, fault: Fault | None) -> dict[str, Any]:
        """Carry out the action, and record what it did."""
        action = parsed.action
        try:
            if parsed.refusal is not None:
                raise parsed.refusal
            entry.undocumented = parsed.undocumented
            if parsed.undocumented:
                _log.warning("%s: accepted, though undocumented: %s", action.name, ", ".join(parsed.undocumented))
            body, now = carried_out_body(parsed.body, fault), self.service.catch_up()
            answer = HANDLERS[action.name](Call(self.service, parsed.caller, parsed.region, body, now, parsed.prepared))
        except ApiError as error:
            code = code_for(action.name, error.code)
            if not is_listed(action.name, code):
                _log.error("%s was refused with %s, which is not among its codes", action.name, code)
            entry.code, entry.id, entry.accepted = code, error.created, error.created is not None
            return _error(ApiError(code, error.message), entry)
        except Exception:  # noqa: BLE001
            entry.code = "InternalError"
            return _error(_failure(action), entry)
        entry.accepted = True
        entry.id = answer.get("Id")
        if fault is not None and entry.id:
            self._corrupt_creation(entry.id, fault)
        response = {**answer, "RequestId": entry.request_id}
        if self.on_answer is not None:
            self.on_answer(action, response)
        return response

    def _corrupt_creation(self, task_id: str, fault: Fault) -> None:
        task = self.service.find(task_id)
        # The task was created, and its tags were not bound: this code can mean that [I].
        without_tags = fault.code == "InternalError.BindingTagsFailed"
        if task is not None and (without_tags or fault.hidden_list_calls):
            self.service.corrupt_creation(task, hidden_list_calls=fault.hidden_list_calls, without_tags=without_tags)


def _addressed_action(headers: Mapping[str, str]) -> Action:
    for name in ("X-TC-Action", "X-TC-Version", "X-TC-Timestamp", "Content-Type", "Host"):
        if not headers.get(name.lower()):
            raise ApiError("MissingParameter", f"The request header `{name}` is missing.")
    name, version = headers["x-tc-action"], headers["x-tc-version"]
    if version not in definition().versions:
        raise ApiError(
            "NoSuchVersion", f"`{version[:20]}` (X-TC-Version) is not a version of an API that is offered here."
        )
    action = definition().actions.get(name)
    if action is None or action.version != version or name not in HANDLERS:
        raise ApiError("InvalidAction", f"`{name[:60]}` (X-TC-Action) is not offered here in the version {version}.")
    if headers.get("x-tc-language", LANGUAGES[0]) not in LANGUAGES:
        raise ApiError("InvalidParameter", f"The request header `X-TC-Language` must be {' or '.join(LANGUAGES)}.")
    content_type = headers["content-type"].partition(";")[0].strip().lower()
    if content_type != CONTENT_TYPE:
        raise ApiError("InvalidParameter", f"The request header `Content-Type` must be {CONTENT_TYPE}.")
    return action


def _addressed_region(headers: Mapping[str, str], action: Action) -> str:
    region = headers.get("x-tc-region", "")
    if action.service in REGIONLESS_SERVICES:
        return region
    if not region:
        raise ApiError("MissingParameter", "The request header `X-TC-Region` is missing.")
    if region not in REGIONS:
        raise ApiError("UnsupportedRegion", f"`{region[:40]}` (X-TC-Region) is not a region.")
    return region


def _requested_error(fault: Fault, entry: Entry) -> dict[str, Any]:
    if fault.message is None:
        return _error(ApiError(fault.code or "", "This error was requested through the control API."), entry)
    message = fault.message.replace("{body}", entry.raw_body.decode("utf-8", "replace"))
    return {"Error": {"Code": fault.code, "Message": message}}


def _failure(action: Action) -> ApiError:
    """Return the error for a failure of the emulator, and log the cause."""
    _log.exception("%s could not be answered", action.name)
    return ApiError("InternalError", "The emulator failed: see its log.")


def _error(error: ApiError, entry: Entry) -> dict[str, Any]:
    return {"Error": {"Code": error.code, "Message": localized(error.code, error.message, entry.language)}}


def _reply(response: dict[str, Any], fault: Fault | None, request_body: dict[str, Any]) -> Reply:
    if fault is None:
        return Reply(_encoded(response))
    body, content_type = _encoded(distort(response, fault, request_body)), CONTENT_TYPE
    if fault.status is not None:
        body = f"<html><body><h1>{fault.status}</h1></body></html>".encode()
        content_type = "text/html"
    if fault.body is not None:
        body = fault.body.encode()
    return Reply(
        body,
        fault.status or 200,
        fault.content_type or content_type,
        fault.delay_seconds,
        fault.connection,
        fault.bytes_every_seconds,
    )


def _encoded(response: dict[str, Any]) -> bytes:
    # A cut string may end with half a surrogate pair, which JSON can only hold as an escape.
    return json.dumps({"Response": response}, ensure_ascii=False).encode("utf-8", "backslashreplace")
