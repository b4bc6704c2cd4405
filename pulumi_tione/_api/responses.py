"""The forms of answers: what an action returns is checked before anything works with it.

An answer of another form says nothing about a task, least of all that there is none: it is an
`IndeterminateResultError`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias, TypeVar

from pulumi_tione._api.status import normalized
from pulumi_tione._schema.wire import REPLACEMENT, well_typed
from pulumi_tione.errors import ApiError, MalformedResponseError

_T = TypeVar("_T")

Answer: TypeAlias = Mapping[str, Any]
"""The content of an answer's `Response`."""

Reader: TypeAlias = Callable[[str, Answer], _T]
"""Reads what is needed from the answer to an action.

Raises:
    MalformedResponseError: the answer has another form.
"""

_ID = re.compile(r"[\x21-\x7e]+")


_LONGEST_NUMBER = 300
"""How many digits a whole number may have: Pulumi's engine takes none that is no floating-point number."""

_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def parsed(content: bytes) -> Any:
    """Return what an answer's bytes say as JSON, cleaned; None if they are no JSON.

    Texts may be cut inside a character: what cannot be written as UTF-8 becomes U+FFFD, in keys and values. What is no
    number that everybody can read (NaN, Infinity) is null.
    """
    text = content.decode("utf-8-sig", errors="replace")
    try:
        found = json.loads(text, parse_constant=lambda _: None, parse_float=_float, parse_int=_int)
        # Most answers have no lone surrogate, and must not pay for those that have: they can only come escaped.
        return _without_surrogates(found) if _ESCAPED_SURROGATE.search(text) else found
    except (ValueError, RecursionError):
        return None


def _float(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _int(digits: str) -> int | None:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else None


def _without_surrogates(value: Any) -> Any:
    match value:
        case str():
            return value if value.isascii() else _SURROGATE.sub(REPLACEMENT, value)
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
    """How long the whole list is, where the answer says so and does not contradict itself."""
    token: str
    """What the next page is asked for with, where that is not an offset."""


def whole(_action: str, answer: Answer) -> Answer:
    """Return an answer as it is."""
    return answer


def text(name: str) -> Reader[str]:
    """Return a reader of a text, which must not be empty."""

    def read(action: str, answer: Answer) -> str:
        value = answer.get(name)
        if not isinstance(value, str) or not value:
            raise _malformed(action, answer, f"{_kind(answer, name)} in place of {name}")
        return value

    return read


def new_id(action: str, answer: Answer) -> str:
    """Return the id of what was created."""
    value = answer.get("Id")
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise MalformedResponseError(f"{action} was answered without an id{_request_id(answer)}")
    return value


def detail_of(task_id: str, left_out: Callable[[list[str]], None] = lambda _: None) -> Reader[dict[str, Any]]:
    """Return a reader of the detail of a task.

    Args:
        task_id: the task's id.
        left_out: called with the names of members that are of other types than they are declared with.
    """

    def read(action: str, answer: Answer) -> dict[str, Any]:
        detail = answer.get("TrainingTaskDetail")
        if not isinstance(detail, dict) or not detail:
            raise _malformed(action, answer, f"{_kind(answer, 'TrainingTaskDetail')} in place of TrainingTaskDetail")
        _require_texts(detail, ("Id", "Status"), "TrainingTaskDetail", action, answer)
        if detail["Id"] != task_id:
            raise _malformed(action, answer, f"the TrainingTaskDetail of another task than {task_id}")
        found, names = _clean(detail)
        if names:
            left_out(names)
        return found

    return read


def items(name: str, *texts: str) -> Reader[list[dict[str, Any]]]:
    """Return a reader of a list of objects, each with certain texts; null is an empty list."""
    read_page = page(name, *texts)
    return lambda action, answer: read_page(action, answer).items


def page(name: str, *texts: str) -> Reader[Page]:
    """Return a reader of a page of a list of objects, each with certain texts; null is an empty page."""

    def read(action: str, answer: Answer) -> Page:
        found = answer.get(name)
        if name not in answer or not isinstance(found, (list, type(None))):
            raise _malformed(action, answer, f"{_kind(answer, name)} in place of the list {name}")
        count = answer.get("TotalCount")
        total = count if isinstance(count, int) and not isinstance(count, bool) else None
        if found is None and total:
            raise _malformed(action, answer, f"null in place of the list {name}, which has {total} items")
        found = found or []
        for item in found:
            if not isinstance(item, dict):
                raise _malformed(action, answer, f"a list {name} that has {_kind_of(item)} in place of an item")
            _require_texts(item, texts, f"an item of {name}", action, answer)
        tokens = (answer.get(name) for name in ("PaginationToken", "Context"))
        return Page(
            items=[_clean(item)[0] for item in found] if "Status" in texts else found,
            total=None if total is None or total < len(found) else total,
            token=next((token for token in tokens if isinstance(token, str)), ""),
        )

    return read


def failed_resources(action: str, answer: Answer) -> list[ApiError]:
    """Return what the tag service refused of a request that it answers as a success."""
    request_id = str(answer.get("RequestId") or "")
    failed = items("FailedResources", "Code")(action, answer) if "FailedResources" in answer else []
    return [ApiError(action, each["Code"], str(each.get("Message") or ""), request_id) for each in failed]


def _require_texts(found: Answer, names: tuple[str, ...], where: str, action: str, answer: Answer) -> None:
    for name in names:
        if not isinstance(found.get(name), str) or not found[name]:
            raise _malformed(action, answer, f"{where} that has {_kind(found, name)} in place of {name}")


def _clean(task: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return a task without what has another type than declared, and the names of that.

    Its status is in the API's spelling; one that nobody knows stays as it is.
    """
    found, left_out = well_typed(task)
    return {**found, "Status": normalized(found["Status"])}, left_out


def _malformed(action: str, answer: Answer, what: str) -> MalformedResponseError:
    return MalformedResponseError(f"{action} was answered with {what}{_request_id(answer)}")


def _request_id(answer: Answer) -> str:
    request_id = answer.get("RequestId")
    return f" (request id {request_id})" if isinstance(request_id, str) and request_id else ""


def _kind(found: Answer, name: str) -> str:
    return _kind_of(found[name]) if name in found else "nothing"


def _kind_of(value: Any) -> str:
    """Name the kind of a value, and never the value, which may be a secret."""
    kinds: dict[type, str] = {
        str: "a text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "an object",
    }
    kind = kinds.get(type(value), "null")
    return f"an empty {kind.split()[-1]}" if isinstance(value, (str, list, dict)) and not value else kind
