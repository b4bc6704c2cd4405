"""One request to the API, from its bytes to the bytes of its answer.

The order of the checks: is it addressed to an action, is it signed by a known caller, is it one too many, is its body
what the definition allows; then the action's own rules. Each request is recorded, and each may be met by trouble that
was ordered.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from . import ids
from .accounts import Caller, check_token
from .actions import HANDLERS, Call
from .clock import Wall
from .cloud import Cloud
from .definition import Action, definition
from .distortion import as_asked, distorted
from .errors import ApiError
from .faults import Fault, Faults
from .limits import RateLimit
from .record import Entry, Record
from .regions import REGIONS
from .schema import check_request, parse_body
from .signing import SKIPPED, parse_authorization, parse_timestamp, verify

LARGEST_REQUEST = 10 * 1024 * 1024
"""Of a body under TC3-HMAC-SHA256 [D]."""

CONTENT_TYPE = "application/json"
"""To the letter: with a charset behind it, the SDKs take an error for a success [V]."""

UNSIGNED_ACTIONS = frozenset({"AssumeRoleWithWebIdentity"})
"""Actions that say who calls by themselves [D]."""

REGIONLESS_SERVICES = frozenset({"tag", "sts"})
"""Services that need no X-TC-Region [D]."""

_log = logging.getLogger("pulumi_tione.emulator")


@dataclass(frozen=True)
class Request:
    """What came over the wire; the names of the headers in lower case."""

    method: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What goes back, and how: the trouble that concerns the connection is the server's to make."""

    body: bytes
    status: int = 200
    content_type: str = CONTENT_TYPE
    delay_seconds: float = 0.0
    connection: Literal["close", "cut"] | None = None
    bytes_every_seconds: float | None = None


class Gateway:
    """The front of the service."""

    def __init__(self, cloud: Cloud, wall: Wall, record: Record, faults: Faults, rate_limit: RateLimit) -> None:
        self.cloud = cloud
        self.record = record
        self.faults = faults
        self.rate_limit = rate_limit
        self.on_answer: Callable[[Action, dict[str, Any]], None] | None = None
        """Sees every answer of an action before it is sent; the tests hold it against the definition."""
        self._wall = wall

    def reply(self, request: Request) -> Reply:
        entry = Entry(self._wall(), ids.request_id(), request.body)
        try:
            response, fault = self._respond(request, entry)
        except ApiError as error:
            entry.code = error.code
            response, fault = _error(error), None
        response["RequestId"] = entry.request_id
        self.cloud.commit()
        self.record.add(entry)
        _log.info("%s %s %s", entry.action or "?", entry.id or entry.code or "ok", entry.request_id)
        return _reply(response, fault, entry.body or {})

    def _respond(self, request: Request, entry: Entry) -> tuple[dict[str, Any], Fault | None]:
        headers = request.headers
        entry.content_type = headers.get("content-type")
        entry.client = headers.get("x-tc-requestclient")
        entry.timestamp = headers.get("x-tc-timestamp")
        entry.has_token = "x-tc-token" in headers
        entry.region = headers.get("x-tc-region")
        entry.version = headers.get("x-tc-version")
        entry.action = headers.get("x-tc-action")
        if request.method != "POST":
            raise ApiError("UnsupportedProtocol", f"{request.method} is not offered here: send POST, and a JSON body.")
        entry.body = _readable(request.body)
        action = _addressed_action(headers)
        entry.service = action.service
        caller = self._authenticate(request, action, entry)
        region = _addressed_region(headers, action)
        self.rate_limit.admit(caller.uin, action.name, entry.time)
        fault = self.faults.about(action.name, entry.body or {}, entry.time)
        entry.fault = fault.description if fault else None
        if fault is None or fault.takes_effect:
            response = self._carry_out(request, action, caller, region, entry, fault)
        else:
            response = {}
        if fault is not None and fault.code:
            entry.code = fault.code
            response = _error(_ordered_error(fault, request.body))
        return response, fault

    def _authenticate(self, request: Request, action: Action, entry: Entry) -> Caller:
        headers = request.headers
        # Whoever can lend himself keys can have a command run, where tasks are really run.
        needs_none = action.name in UNSIGNED_ACTIONS and self.cloud.execution is None
        if headers.get("authorization") == SKIPPED and needs_none:
            parse_timestamp(headers.get("x-tc-timestamp"), entry.time)
            return Caller()
        signature = parse_authorization(headers.get("authorization"))
        entry.secret_id = signature.secret_id
        signed_at = parse_timestamp(headers.get("x-tc-timestamp"), entry.time)
        key = self.cloud.keyring.find(signature.secret_id)
        verify(signature, key.secret_key, action.service, signed_at, headers, request.body)
        check_token(key, headers.get("x-tc-token"), self.cloud.clock.now())
        return key.caller

    def _carry_out(
        self, request: Request, action: Action, caller: Caller, region: str, entry: Entry, fault: Fault | None
    ) -> dict[str, Any]:
        """Do what the request asks for, and note what it did."""
        try:
            if len(request.body) > LARGEST_REQUEST:
                raise ApiError("RequestSizeLimitExceeded", f"The request body is larger than {LARGEST_REQUEST} bytes.")
            body = parse_body(request.body)
            entry.undocumented = check_request(definition(), action.service, action.request, body)
            if entry.undocumented:
                _log.warning("%s: accepted, though undocumented: %s", action.name, ", ".join(entry.undocumented))
            body = as_asked(body, fault)
            answer = HANDLERS[action.name](Call(self.cloud, caller, region, body, self.cloud.settle()))
        except ApiError as error:
            entry.code, entry.id, entry.accepted = error.code, error.created, error.created is not None
            return _error(error)
        except Exception:  # noqa: BLE001
            # A mistake of ours. The client gets what the real service would say, the log gets the cause.
            _log.exception("%s could not be answered", action.name)
            entry.code = "InternalError"
            return _error(ApiError("InternalError", "The emulator failed; its log says why."))
        entry.accepted = True
        entry.id = answer.get("Id")
        if fault is not None and entry.id:
            self._spoil_creation(entry.id, fault)
        response = {**answer, "RequestId": entry.request_id}
        if self.on_answer is not None:
            self.on_answer(action, response)
        return response

    def _spoil_creation(self, task_id: str, fault: Fault) -> None:
        task = self.cloud.find(task_id)
        # The task was made and its tags were not: that is what this code can mean [I].
        without_tags = fault.code == "InternalError.BindingTagsFailed"
        if task is not None and (without_tags or fault.hidden_list_calls):
            self.cloud.spoil(task, hidden_list_calls=fault.hidden_list_calls, without_tags=without_tags)


def _addressed_action(headers: Mapping[str, str]) -> Action:
    for name in ("X-TC-Action", "X-TC-Version", "X-TC-Timestamp", "Content-Type", "Host"):
        if not headers.get(name.lower()):
            raise ApiError("MissingParameter", f"The request header `{name}` is missing.")
    name, version = headers["x-tc-action"], headers["x-tc-version"]
    if version not in definition().versions:
        raise ApiError(
            "NoSuchVersion", f"`{version[:20]}` (X-TC-Version) is no version of an API that is offered here."
        )
    action = definition().actions.get(name)
    if action is None or action.version != version or name not in HANDLERS:
        raise ApiError("InvalidAction", f"`{name[:60]}` (X-TC-Action) is not offered here in the version {version}.")
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
        raise ApiError("UnsupportedRegion", f"`{region[:40]}` (X-TC-Region) is no region.")
    return region


def _readable(body: bytes) -> dict[str, Any] | None:
    """The body for the record, if it is an object at all: what is wrong with it is said elsewhere."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _ordered_error(fault: Fault, body: bytes) -> ApiError:
    message = fault.message or "This refusal was ordered at the emulator."
    return ApiError(fault.code or "", message.replace("{body}", body.decode("utf-8", "replace")))


def _error(error: ApiError) -> dict[str, Any]:
    return {"Error": {"Code": error.code, "Message": error.message}}


def _reply(response: dict[str, Any], fault: Fault | None, asked: dict[str, Any]) -> Reply:
    if fault is None:
        return Reply(_encoded(response))
    body, content_type = _encoded(distorted(response, fault, asked)), CONTENT_TYPE
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
    # Half a character, as a text has that was cut, is only to be had escaped; so JSON writes it.
    return json.dumps({"Response": response}, ensure_ascii=False).encode("utf-8", "backslashreplace")
