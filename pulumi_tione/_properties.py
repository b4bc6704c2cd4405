"""Args on their way to the engine: Python names become property names, at any depth, whatever form they come in.

What cannot be handed to the engine at all (a resource where its id belongs, bytes) is an error here, in the program,
at its path; everything else is check's business.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

import pulumi

from pulumi_tione._fields import TRAINING_TASK, Field, ListOf, MapOf, Scalar, Struct, Type, path_to


def properties_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Give a task's args under their property names, its secrets marked.

    Raises:
        pulumi.RunError: the engine could not take a value; one line tells all that is wrong.
    """
    complaints: list[str] = []
    properties = _converted(TRAINING_TASK, fields, "", complaints)
    if complaints:
        raise pulumi.RunError("; ".join(complaints))
    return dict(properties)


def _converted(kind: Type, value: Any, path: str, complaints: list[str]) -> Any:
    if isinstance(value, pulumi.Output):
        return value.apply(lambda resolved: _later(kind, resolved, path)) if _has_parts(kind) else value
    if isinstance(value, Awaitable):
        return _converted(kind, pulumi.Output.from_input(value), path, complaints)
    if isinstance(value, pulumi.Resource):
        if kind is not Scalar.ANY:
            complaints.append(f"{path}: got the resource {value.pulumi_resource_name!r} itself; pass its .id")
    elif isinstance(value, (bytes, bytearray)):
        complaints.append(f"{path}: got bytes, not text; use .decode()")
    elif isinstance(kind, Struct) and isinstance(value, Mapping):
        return _converted_struct(kind, value, path, complaints)
    elif isinstance(kind, MapOf) and isinstance(value, Mapping):
        return {key: _converted(kind.item, part, path_to(path, key), complaints) for key, part in value.items()}
    elif isinstance(kind, ListOf) and isinstance(value, Sequence) and not isinstance(value, str):
        return [_converted(kind.item, part, path_to(path, index), complaints) for index, part in enumerate(value)]
    return value


def _converted_struct(kind: Struct, value: Mapping[str, Any], path: str, complaints: list[str]) -> dict[str, Any]:
    converted: dict[str, Any] = {}
    for key, part in value.items():
        field = kind.by_name.get(key)
        if field is None:
            converted[key] = part  # check names it, and the field that was meant
            continue
        if part is None:
            continue
        here = path_to(path, field.property)
        if field.property in converted:
            complaints.append(f"{here}: is given twice, as {field.name} and as {field.property}")
        result = _converted(field.type, part, here, complaints)
        converted[field.property] = pulumi.Output.secret(result) if field.secret else result
    return converted


def _later(kind: Type, value: Any, path: str) -> Any:
    """Convert what an Output resolved to."""
    complaints: list[str] = []
    converted = _converted(kind, value, path, complaints)
    if complaints:
        raise pulumi.RunError("; ".join(complaints))
    return converted


def _has_parts(kind: Type) -> bool:
    return not isinstance(kind, Scalar)


_STEPS = re.compile(r'\["(?:[^"\\]|\\.)*"\]|\[[^\]]*\]|[^.\[]+|.')
"""The steps of a property path such as `dataConfigs[0].cosSource` or `tags["a.b"]`, and the dots between them."""


def property_path(path: str) -> str:
    """Give a path that may be written with Python names, as in `ignore_changes`, with property names at any depth."""
    kind: Type | None = TRAINING_TASK
    steps: list[str] = []
    for step in _STEPS.findall(path):
        field = _field_of(kind, step) if isinstance(kind, Struct) else None
        steps.append(field.property if field else step)
        if field:
            kind = field.type
        elif step != ".":
            kind = kind.item if isinstance(kind, (ListOf, MapOf)) else None
    return "".join(steps)


def _field_of(kind: Struct, name: str) -> Field | None:
    """Give the input or the output that has this name in Python or in Pulumi."""
    outputs = (field for field in kind.outputs.values() if name in (field.name, field.property))
    return kind.by_name.get(name) or next(outputs, None)
