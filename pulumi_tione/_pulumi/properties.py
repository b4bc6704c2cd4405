"""Args on their way to the engine: Python names become property names, at any depth, whatever form they come in.

What cannot be handed to the engine at all (a resource where its id belongs, bytes) is an error here, in the program, at
its path; everything else is check's business.

It also finds what the program marked secret (`Marks`). The property names are made in `_schema/fields.py`, the names on
the wire in `_schema/wire.py`.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pulumi

from pulumi_tione._pulumi.output_values import is_secret, value_of
from pulumi_tione._schema.fields import TRAINING_TASK, ListOf, MapOf, Scalar, Struct, Type, path_to
from pulumi_tione._schema.secrets import secret_paths, secret_texts
from pulumi_tione._schema.walk import OMIT, Part, by_name, is_of_type, parts, rebuild, walk


def properties_of(resource_name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task's args under their property names, with its secrets marked.

    Args:
        resource_name: the task's name in the program, for errors.
        fields: the args, by Python or by property names.

    Raises:
        pulumi.RunError: the engine cannot take a value. The message has one line that names them all.
    """
    return dict(_Conversion(resource_name).whole(TRAINING_TASK, fields, ""))


class _Conversion:
    def __init__(self, resource_name: str) -> None:
        self._resource_name = resource_name
        self._violations: list[str] = []

    def whole(self, kind: Type, value: Any, path: str) -> Any:
        return self._checked(lambda conversion: conversion._converted(kind, value, path))

    def _checked(self, convert: Callable[[_Conversion], Any]) -> Any:
        converted = convert(self)
        if self._violations:
            raise pulumi.RunError(f"training task {self._resource_name!r}: {'; '.join(self._violations)}")
        return converted

    def _converted(self, kind: Type, value: Any, path: str) -> Any:
        if isinstance(value, pulumi.Output):
            # What it holds is converted when it is known, with violations of its own.
            return value.apply(lambda known: _Conversion(self._resource_name).whole(kind, known, path))
        if isinstance(value, Awaitable):
            return self._converted(kind, pulumi.Output.from_input(value), path)
        if isinstance(value, pulumi.Resource):
            if kind is not Scalar.ANY:
                name = value.pulumi_resource_name
                self._violations.append(f"{path}: got the resource {name!r} itself; pass its .id")
        elif isinstance(value, (bytes, bytearray)):
            self._violations.append(f"{path}: got bytes, not text; use .decode()")
        elif kind is Scalar.DURATION and isinstance(value, timedelta):
            return value.total_seconds()
        elif isinstance(kind, ListOf) and isinstance(value, Sequence) and not isinstance(value, str):
            return self._converted_parts(kind, [*value], path)
        elif isinstance(kind, (Struct, MapOf)):
            return self._converted_parts(kind, value, path)
        return value

    def _converted_parts(self, kind: Type, value: Any, path: str) -> Any:
        names: set[str] = set()

        def converted(part: Part) -> Any:
            field = part.field
            if field is None:
                # Check reports a member that does not exist, and suggests one.
                is_member = isinstance(kind, Struct)
                return part.value if is_member else self._converted(part.type, part.value, path_to(path, part.key))
            if part.value is None:
                return OMIT
            here = path_to(path, field.property)
            if field.property in names:
                self._violations.append(f"{here}: is set twice, as {field.name} and as {field.property}")
            names.add(field.property)
            result = (
                self._json_text(part.value, here) if field.is_json else self._converted(part.type, part.value, here)
            )
            return pulumi.Output.secret(result) if field.secret else result

        return rebuild(kind, value, converted, by_name)

    def _json_text(self, value: Any, path: str) -> Any:
        """Convert a map to JSON. Its keys are sorted: their order in the program is no change of the task."""
        if isinstance(value, (pulumi.Output, Awaitable)):
            held = pulumi.Output.from_input(value)
            return held.apply(
                lambda known: _Conversion(self._resource_name)._checked(lambda c: c._json_text(known, path))
            )
        if not isinstance(value, Mapping):
            return self._converted(Scalar.STRING, value, path)
        if any(isinstance(node.value, (pulumi.Output, Awaitable)) for node in walk(Scalar.ANY, value)):
            return self._json_text(pulumi.Output.from_input(value), path)
        try:
            return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
        except (TypeError, ValueError) as error:
            self._violations.append(f"{path}: cannot be sent as JSON: {error}")
            return None


@dataclass(frozen=True)
class Marked:
    """What is secret in the properties of a resource, as far as it is known now."""

    paths: tuple[str, ...] = ()
    """Where the program itself marked it."""
    texts: frozenset[str] = frozenset()
    """The text there, and the text that is always secret."""


class Marks:
    """What is secret in the properties of a resource, found once for all that need it."""

    def __init__(self, properties: Mapping[str, Any]) -> None:
        nodes = walk(Scalar.ANY, properties)
        # What is always secret is in an Output as well. Without any, none of Pulumi's futures is needed.
        has_outputs = any(isinstance(node.value, (pulumi.Output, Awaitable)) for node in nodes)
        self._found: pulumi.Output[Marked] | None = None
        if has_outputs:
            marked: Awaitable[Marked] = marked_in(properties)
            self._found = pulumi.Output.from_input(marked)

    async def found(self) -> Marked:
        """Return what is secret, when all Outputs among the properties are known."""
        return Marked() if self._found is None else await value_of(self._found)


class Deferred:
    """An input that is computed when Pulumi awaits it. Of a coroutine that is never awaited, Python would warn."""

    def __init__(self, compute: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        self._compute = compute

    def __await__(self) -> Generator[Any, None, Any]:
        return self._compute().__await__()


async def marked_in(properties: Mapping[str, Any]) -> Marked:
    """Return what is secret in properties under their property names."""
    paths: list[str] = []
    known = await _without_outputs(TRAINING_TASK, properties, "", paths)
    return Marked(tuple(sorted(paths)), frozenset(secret_texts(known, secret_paths(known, paths))))


async def _without_outputs(kind: Type, value: Any, path: str, marked: list[str]) -> Any:
    """Return a value without Outputs, and note where the program marked it secret, unless it is always secret."""
    if isinstance(value, pulumi.Output):
        held = await value_of(value)
        if not await is_secret(value):
            return await _without_outputs(kind, held, path, marked)
        marked.append(path)
        return await _without_outputs(Scalar.ANY, held, path, [])
    is_map = isinstance(value, Mapping)
    known: dict[str | int, Any] = {}
    for part in parts(kind if is_of_type(kind, value) else Scalar.ANY, value):
        own_path = path_to(path, str(part.key) if is_map else part.key)
        is_always_secret = part.field is not None and part.field.secret
        known[part.key] = await _without_outputs(part.type, part.value, own_path, [] if is_always_secret else marked)
    if is_map:
        return known
    return [*known.values()] if isinstance(value, (list, tuple)) else value
