"""The forms of responses: what an action returns is validated before anything uses it.

A response of another form proves nothing about a task, least of all that there is none: it is an
`IndeterminateResultError`.

`transport.py` sends a request whose response is malformed at most 4 times, if it may be repeated. A member of a task
with another type than declared is left out, with a warning. What a detail becomes in the state is in `_schema/wire.py`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias, TypeVar

from pulumi_tione._api.status import normalized
from pulumi_tione._schema.wire import REPLACEMENT, well_typed
from pulumi_tione._text import kind_of
from pulumi_tione.errors import ApiError, MalformedResponseError

_T = TypeVar("_T")

Response: TypeAlias = Mapping[str, Any]
"""The content of a `Response`."""

Reader: TypeAlias = Callable[[str, Response], _T]
"""Reads what is needed from the response to an action.

Raises:
    MalformedResponseError: the response has another form.
"""

_ID = r"[\x21-\x7e]+"


_MAX_DIGITS = 300
"""How many digits a whole number may have: for Pulumi's engine every number is a floating-point number."""

_ESCAPED_SURROGATE = r"\\u[dD][89a-fA-F]"
_SURROGATE = "[\ud800-\udfff]"


def parsed(content: bytes) -> Any:
    """Return the JSON value of a response's bytes, cleaned; None if they are not JSON.

    Texts may be cut inside a character: what cannot be encoded as UTF-8 becomes U+FFFD, in keys and values. NaN and
    Infinity become None.
    """
    text = content.decode("utf-8-sig", errors="replace")
    try:
        value = json.loads(text, parse_constant=lambda _: None, parse_float=_float, parse_int=_int)
        # Lone surrogates are rare and can only come escaped: other responses are not searched for them.
        return _without_surrogates(value) if re.search(_ESCAPED_SURROGATE, text) else value
    except (ValueError, RecursionError):
        return None


def _float(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _int(digits: str) -> int | None:
    return int(digits) if len(digits) <= _MAX_DIGITS else None


def _without_surrogates(value: Any) -> Any:
    match value:
        case str():
            return value if value.isascii() else re.sub(_SURROGATE, REPLACEMENT, value)
        case dict():
            return {_without_surrogates(key): _without_surrogates(part) for key, part in value.items()}
        case list():
            return [_without_surrogates(part) for part in value]
        case _:
            return value


class Page(NamedTuple):
    """A page of a list."""

    items: list[dict[str, Any]]
    total: int | None
    """How long the whole list is, if the response has that and does not contradict itself."""
    token: str
    """What requests the next page, if that is not an offset."""


def whole(_: str, response: Response) -> Response:
    """Return a response as it is."""
    return response


def text(name: str) -> Reader[str]:
    """Return a reader of a text, which must not be empty."""

    def read(action: str, response: Response) -> str:
        value = response.get(name)
        if not isinstance(value, str) or not value:
            raise _malformed(action, response, f"{_kind(response, name)} in place of {name}")
        return value

    return read


def new_id(action: str, response: Response) -> str:
    """Return the id of what was created."""
    value = response.get("Id")
    if not isinstance(value, str) or not re.fullmatch(_ID, value):
        raise MalformedResponseError(f"{action} returned no id{_request_id(response)}")
    return value


def detail_of(task_id: str, warn: Callable[[list[str]], None] = lambda _: None) -> Reader[dict[str, Any]]:
    """Return a reader of the detail of a task.

    Args:
        task_id: the task's id.
        warn: called with the names of members that have other types than declared; they are left out.
    """

    def read(action: str, response: Response) -> dict[str, Any]:
        detail = response.get("TrainingTaskDetail")
        if not isinstance(detail, dict) or not detail:
            raise _malformed(
                action, response, f"{_kind(response, 'TrainingTaskDetail')} in place of TrainingTaskDetail"
            )
        _require_texts(detail, ("Id", "Status"), "TrainingTaskDetail", action, response)
        if detail["Id"] != task_id:
            raise _malformed(action, response, f"the TrainingTaskDetail of a task other than {task_id}")
        cleaned, names = _clean(detail)
        if names:
            warn(names)
        return cleaned

    return read


def items(name: str, *texts: str) -> Reader[list[dict[str, Any]]]:
    """Return a reader of a list of objects, each with these texts; null is an empty list."""
    read_page = page(name, *texts)
    return lambda action, response: read_page(action, response).items


def page(name: str, *texts: str) -> Reader[Page]:
    """Return a reader of a page of a list of objects, each with these texts; null is an empty page."""

    def read(action: str, response: Response) -> Page:
        content = response.get(name)
        if name not in response or not isinstance(content, (list, type(None))):
            raise _malformed(action, response, f"{_kind(response, name)} in place of the list {name}")
        count = response.get("TotalCount")
        total = count if isinstance(count, int) and not isinstance(count, bool) else None
        if content is None and total:
            raise _malformed(action, response, f"null in place of the list {name}, which has {total} items")
        content = content or []
        for item in content:
            if not isinstance(item, dict):
                raise _malformed(action, response, f"a list {name} that has {_kind_of(item)} in place of an item")
            _require_texts(item, texts, f"an item of {name}", action, response)
        tokens = (response.get(name) for name in ("PaginationToken", "Context"))
        return Page(
            items=[_clean(item)[0] for item in content] if "Status" in texts else content,
            total=None if total is None or total < len(content) else total,
            token=next((token for token in tokens if isinstance(token, str)), ""),
        )

    return read


def failed_resources(action: str, response: Response) -> list[ApiError]:
    """Return the failures that the tag service reports within a success."""
    request_id = str(response.get("RequestId") or "")
    failed = items("FailedResources", "Code")(action, response) if "FailedResources" in response else []
    return [ApiError(action, each["Code"], str(each.get("Message") or ""), request_id) for each in failed]


def _require_texts(values: Response, names: tuple[str, ...], where: str, action: str, response: Response) -> None:
    for name in names:
        if not isinstance(values.get(name), str) or not values[name]:
            raise _malformed(action, response, f"{where} that has {_kind(values, name)} in place of {name}")


def _clean(task: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return a task without members of another type than declared, and their names.

    Its status is in the API's spelling; an unknown one stays as it is.
    """
    cleaned, left_out = well_typed(task)
    return {**cleaned, "Status": normalized(cleaned["Status"])}, left_out


def _malformed(action: str, response: Response, problem: str) -> MalformedResponseError:
    return MalformedResponseError(f"{action} returned {problem}{_request_id(response)}")


def _request_id(response: Response) -> str:
    request_id = response.get("RequestId")
    return f" (request id {request_id})" if isinstance(request_id, str) and request_id else ""


def _kind(values: Response, name: str) -> str:
    """Name the kind of a member, never its value, which may be a secret."""
    return _kind_of(values[name]) if name in values else "nothing"


def _kind_of(value: Any) -> str:
    if value is None:
        return "null"
    kind = kind_of(value)
    return f"an empty {kind.split()[-1]}" if isinstance(value, (str, list, dict)) and not value else kind
