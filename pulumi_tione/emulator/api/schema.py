"""Check a body against the vendor's definition: names, types and required fields, at any depth.

Requests are refused with the code that the vendor documents for each kind of mistake, and a message that names the
field by its path, as in `ResourceConfigInfos.0.InstanceNum`. The tests check responses against the same definition.

Rules beyond names and types are in `rules/`. The types are declared in `definition.json`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from pulumi_tione.emulator.errors import ApiError

from .definition import ANY, SCALARS, Definition, Field

_RANGES = {"int64": (-(2**63), 2**63 - 1), "uint64": (0, 2**64 - 1)}
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def parse_body(raw: bytes) -> dict[str, Any]:
    """Parse the body of a request as strictly as JSON is defined; an empty one is refused, as by the real service."""
    if not raw:
        raise ApiError("InvalidParameter", "The request has no body: send a JSON object, `{}` without parameters.")
    try:
        text = raw.decode("utf-8")
        body = json.loads(text, object_pairs_hook=_object_of_distinct_keys, parse_constant=_refuse_constant)
    except ApiError:
        raise
    except UnicodeDecodeError as error:
        raise ApiError("InvalidParameter", f"The request body is not UTF-8 at byte {error.start}.") from error
    except (ValueError, RecursionError) as error:
        raise ApiError("InvalidParameter", f"The request body is not valid JSON: {_cause(error)}.") from error
    if not isinstance(body, dict):
        raise ApiError("InvalidParameter", f"The request body must be a JSON object, not {_kind(body)}.")
    return body


def check_request(definition: Definition, service: str, struct: str, body: dict[str, Any]) -> list[str]:
    """Refuse a body that the definition does not allow; return the paths of undocumented fields."""
    return list(_check_struct(definition, service, struct, body, ""))


def _check_struct(definition: Definition, service: str, struct: str, value: dict[str, Any], path: str) -> Iterator[str]:
    fields = definition.struct(service, struct)
    for name in value:
        if name not in fields:
            raise ApiError("UnknownParameter", f"The parameter `{path}{_shown(name)}` is not recognized.")
    for field in fields.values():
        if field.required and field.name not in value:
            raise ApiError("MissingParameter", f"The required parameter `{path}{field.name}` is missing.")
    for name, member in value.items():
        field = fields[name]
        if not field.documented:
            yield f"{path}{name}"
        yield from _check_value(definition, service, field, member, f"{path}{name}")


def _check_value(definition: Definition, service: str, field: Field, value: Any, path: str) -> Iterator[str]:
    if field.element is None:
        yield from _check_value_of_type(definition, service, field.type, value, path)
        return
    if not isinstance(value, list):
        _refuse_type(path, "a list", value)
    for index, element in enumerate(value):
        yield from _check_value_of_type(definition, service, field.element, element, f"{path}.{index}")


def _check_value_of_type(definition: Definition, service: str, wire_type: str, value: Any, path: str) -> Iterator[str]:
    if wire_type in SCALARS:
        _check_scalar(wire_type, value, path)
        return
    if not isinstance(value, dict):
        _refuse_type(path, "an object", value)
    yield from _check_struct(definition, service, wire_type, value, f"{path}.")


def _check_scalar(wire_type: str, value: Any, path: str) -> None:
    if not _is_of(wire_type, value):
        _refuse_type(path, wire_type, value)
    if wire_type in _RANGES:
        minimum, maximum = _RANGES[wire_type]
        if not minimum <= value <= maximum:
            raise ApiError("InvalidParameter", f"The value of parameter `{path}` is out of the range of {wire_type}.")
    if wire_type == "string" and _LONE_SURROGATE.search(value):
        raise ApiError("InvalidParameter", f"The value of parameter `{path}` is not Unicode text.")


def _is_of(wire_type: str, value: Any) -> bool:
    if wire_type == ANY:
        return True
    if wire_type == "string":
        return isinstance(value, str)
    if wire_type == "bool":
        return isinstance(value, bool)
    # In Python a bool is a number, on the wire it is not. `2.0` is not an integer on the wire either.
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole or (wire_type == "float" and isinstance(value, float))


def _refuse_type(path: str, expected: str, value: Any) -> NoReturn:
    raise ApiError(
        "InvalidParameter",
        f"The value type of parameter `{path}` is not valid: it must be {expected}, not {_kind(value)}.",
    )


def deviations_of_response(
    definition: Definition, service: str, struct: str, answer: Any, path: str = ""
) -> Iterator[str]:
    """Yield each deviation of a response from its definition."""
    fields = definition.struct(service, struct)
    if not isinstance(answer, dict):
        yield f"{path or struct} is {_kind(answer)}, not an object"
        return
    for name in answer:
        if name not in fields:
            yield f"{path}{name} is not in {struct}"
    for field in fields.values():
        if field.name not in answer:
            if field.returned:
                yield f"{path}{field.name} is always returned, and is not there"
            continue
        value = answer[field.name]
        if value is None:
            if not field.nullable:
                yield f"{path}{field.name} is null, and may not be"
            continue
        if field.element is None:
            yield from _deviations_of_value(definition, service, field.type, value, f"{path}{field.name}")
        elif not isinstance(value, list):
            yield f"{path}{field.name} is {_kind(value)}, not a list"
        else:
            for index, element in enumerate(value):
                yield from _deviations_of_value(
                    definition, service, field.element, element, f"{path}{field.name}.{index}"
                )


def _deviations_of_value(definition: Definition, service: str, wire_type: str, value: Any, path: str) -> Iterator[str]:
    if wire_type in SCALARS:
        if not _is_of(wire_type, value):
            yield f"{path} is {_kind(value)}, not {wire_type}"
        elif wire_type in _RANGES and not _RANGES[wire_type][0] <= value <= _RANGES[wire_type][1]:
            yield f"{path} is out of the range of {wire_type}"
    else:
        yield from deviations_of_response(definition, service, wire_type, value, f"{path}.")


def _object_of_distinct_keys(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) < len(members):
        seen: set[str] = set()
        repeated = next(name for name, _ in members if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ApiError("InvalidParameter", f"The key `{_shown(repeated)}` occurs more than once in one JSON object.")
    return value


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON value")


def _shown(name: str) -> str:
    """Shorten a key for a message: whatever was sent, the message stays short and printable."""
    return name.encode("ascii", "backslashreplace").decode()[:80]


def _cause(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return f"number {value}" if len(str(value)) <= 24 else "number"
    if isinstance(value, str):
        return "string"
    return "list" if isinstance(value, list) else "object"
