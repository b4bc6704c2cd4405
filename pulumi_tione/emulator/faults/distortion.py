"""Distort a response: members replaced, cut, in lower case or left out, and lists without an end.

A member is named by its path in the response, such as `TotalCount`, `TrainingTaskDetail.Status` or, for every element
of a list, `TrainingTaskSet.*.Id`.

Which calls are distorted is declared in `faults.py`. Codes and lost connections are not distortions: `http/gateway.py`
and `http/server.py`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from copy import deepcopy
from itertools import cycle, islice
from typing import Any

from .faults import Fault

_POSITIONS = ("Offset", "Context", "PaginationToken")
"""The position of a page: parameters of requests, and what responses return for the next page."""

_SIZES = ("Limit", "MaxResults")
"""The size of a page."""

_USUAL_SIZE = 10
"""The size of a page if the request does not name it."""


def carried_out_body(body: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
    """Return the request to carry out: an endless list starts again with every page."""
    if fault is None or fault.endless is None:
        return body
    return {name: value for name, value in body.items() if name not in _POSITIONS}


def distort(response: dict[str, Any], fault: Fault, body: dict[str, Any]) -> dict[str, Any]:
    """Return the response as the fault changes it; `body` is the request as it was sent."""
    answer = deepcopy(response)
    if fault.endless is not None:
        _make_endless(answer, fault, body)
    for path, value in fault.members.items():
        for container, name in list(_members_at(answer, path, adds=True)):
            container[name] = deepcopy(value)
    for path, length in fault.at_most.items():
        for container, name in _members_at(answer, path):
            container[name] = truncate(container[name], length)
    for path in fault.lower_case:
        for container, name in _members_at(answer, path):
            if isinstance(container[name], str):
                container[name] = container[name].lower()
    for path in fault.without:
        for container, name in reversed(list(_members_at(answer, path))):
            del container[name]
    return answer


def truncate(value: Any, length: int) -> Any:
    """Cut a list to a number of elements, or a string to a number of UTF-16 units, even within a character."""
    if isinstance(value, list):
        return value[:length]
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass")[: 2 * length].decode("utf-16-le", "surrogatepass")
    return value


def _members_at(value: Any, path: str, *, adds: bool = False) -> Iterator[tuple[Any, Any]]:
    """Yield what a path leads to: the container of the member, and its name or index there."""
    name, _, remaining = path.partition(".")
    names: list[Any] = []
    if isinstance(value, list) and name == "*":
        names = [*range(len(value))]
    elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
        names = [int(name)]
    elif isinstance(value, dict) and (name in value or (adds and not remaining)):
        names = [name]
    for each in names:
        if remaining:
            yield from _members_at(value[each], remaining, adds=adds)
        else:
            yield value, each


def _make_endless(answer: dict[str, Any], fault: Fault, body: dict[str, Any]) -> None:
    """Fill every list of the response to a whole page, and indicate that more follow."""
    sizes = [body[name] for name in _SIZES if isinstance(body.get(name), int)]
    size = max(sizes, default=_USUAL_SIZE)
    for name, elements in answer.items():
        if isinstance(elements, list) and elements:
            filled = [deepcopy(element) for element in islice(cycle(elements), size)]
            if fault.endless == "new":
                filled = [_renamed(element, next(fault.invented_numbers)) for element in filled]
            answer[name] = filled
    if "TotalCount" in answer:
        offset = body.get("Offset")
        answer["TotalCount"] = max(answer["TotalCount"], (offset if isinstance(offset, int) else 0) + 2 * size)
    for name in _POSITIONS:
        if name in answer:
            answer[name] = base64.b64encode(str(next(fault.invented_numbers)).encode()).decode()


def _renamed(element: Any, number: int) -> Any:
    """Change the names of an element, so that it is a new one."""
    if isinstance(element, str):
        return f"{element}-{number}"
    for name in ("Id", "Resource", "Name"):
        text = element.get(name)
        if isinstance(text, str):
            # The ids of tasks are numbers of nineteen digits.
            new_id = re.sub(r"(?<=train-)\d{19}$", f"{number:019}", text)
            element[name] = new_id if new_id != text else f"{text}-{number}"
    return element
