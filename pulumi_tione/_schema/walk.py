"""The walk over values of declared types, which everything that goes through inputs or outputs is built on.

`parts` returns one level, `walk` every depth with its path, `rebuild` a changed copy, `parts_of_both` two values side
by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from pulumi_tione._schema.fields import Field, ListOf, MapOf, Scalar, Struct, Type, path_to

Members: TypeAlias = Callable[[Struct], Mapping[str, Field]]
"""The fields of a struct by the names that a value has them under."""

OMIT: Any = object()
"""Returned in place of a part that is left out."""


class Part(NamedTuple):
    """A member of a struct, or an item of a list or a map."""

    key: str | int
    value: Any
    type: Type
    """Its declared type; `Scalar.ANY` where nothing is declared."""
    field: Field | None = None
    """The field of a member that is declared."""


class Node(NamedTuple):
    """A value at any depth, with its path."""

    path: str
    value: Any
    type: Type
    field: Field | None = None


def inputs(kind: Struct) -> Mapping[str, Field]:
    """Return the inputs of a struct by property name."""
    return kind.fields


def by_name(kind: Struct) -> Mapping[str, Field]:
    """Return the inputs of a struct by Python name and by property name: a program may use either."""
    return kind.by_name


def inputs_and_outputs(kind: Struct) -> Mapping[str, Field]:
    """Return the inputs and outputs of a struct by property name."""
    return {**kind.fields, **kind.outputs}


def by_wire(kind: Struct) -> Mapping[str, Field]:
    """Return the inputs and outputs of a struct by the API's names."""
    return kind.by_wire


def is_of_type(kind: Type, value: Any) -> bool:
    """Return whether a value itself is of a type; its parts may be of others. A whole number may be a float."""
    if kind is _STRING:
        return isinstance(value, str)
    if kind is _INTEGER:
        is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return is_whole and not isinstance(value, bool)
    if kind is _BOOLEAN:
        return isinstance(value, bool)
    if kind is _DURATION:  # its whole seconds
        return is_of_type(_INTEGER, value)
    if kind is _ANY:
        return True
    return isinstance(value, (list, tuple) if isinstance(kind, ListOf) else (dict, Mapping))


# Every value passes here, and to get a member from an enum takes as long as the rest of a check.
_STRING, _INTEGER, _BOOLEAN, _ANY = Scalar.STRING, Scalar.INTEGER, Scalar.BOOLEAN, Scalar.ANY
_DURATION = Scalar.DURATION

_WITHOUT_PARTS = (str, bool, int, float, type(None))
"""The types of most values: they are recognized faster than those of the others are excluded."""


def parts(kind: Type, value: Any, members: Members = inputs) -> Sequence[Part]:
    """Return the parts of a value; a value without parts, or of another type, has none."""
    return () if isinstance(value, _WITHOUT_PARTS) else _parts(kind, value, members) or ()


def _parts(kind: Type, value: Any, members: Members) -> list[Part] | None:
    """Return the parts of a value; None if it is of a type that has none, or of another type."""
    if isinstance(value, (dict, Mapping)):  # a dict is recognized faster
        if isinstance(kind, Struct):
            fields = members(kind)
            return [
                Part(key, part, field.type, field) if (field := fields.get(key)) else Part(key, part, _ANY)
                for key, part in value.items()
            ]
        if isinstance(kind, MapOf) or kind is _ANY:
            item = kind.item if isinstance(kind, MapOf) else _ANY
            return [Part(key, part, item) for key, part in value.items()]
    elif isinstance(value, (list, tuple)) and (isinstance(kind, ListOf) or kind is _ANY):
        item = kind.item if isinstance(kind, ListOf) else _ANY
        return [Part(index, part, item) for index, part in enumerate(value)]
    return None


def rebuild(
    kind: Type,
    value: Any,
    convert: Callable[[Part], Any],
    members: Members = inputs,
    key: Literal["name", "property", "wire"] = "property",
) -> Any:
    """Return a value with each of its parts converted; a value without parts, or of another type, as it is.

    Args:
        kind: the declared type of the value.
        value: the value.
        convert: returns what takes the place of a part, or `OMIT`.
        members: the fields by the names that the value has them under.
        key: under which of its names each declared member stands in the result.
    """
    found = None if isinstance(value, _WITHOUT_PARTS) else _parts(kind, value, members)
    if found is None:
        return value
    if isinstance(value, (list, tuple)):
        return [new for part in found if (new := convert(part)) is not OMIT]
    result = {}
    for part in found:
        new = convert(part)
        if new is not OMIT:
            result[part.key if part.field is None else getattr(part.field, key)] = new
    return result


def with_leaves(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a value with each part changed that has no parts itself."""
    if isinstance(value, (dict, list, tuple, Mapping)):
        return rebuild(_ANY, value, lambda part: with_leaves(part.value, change))
    return change(value)


def walk(kind: Type, value: Any, path: str = "", field: Field | None = None) -> Iterator[Node]:
    """Yield a value and everything in it with its path, each part after the whole."""
    pending = [Node(path, value, kind, field)]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node.value, _WITHOUT_PARTS):
            continue
        is_map = isinstance(node.value, Mapping)
        inner = [
            Node(path_to(node.path, str(part.key) if is_map else part.key), part.value, part.type, part.field)
            for part in parts(node.type, node.value)
        ]
        pending += reversed(inner)


class PartOfBoth(NamedTuple):
    """The same part of two values; a part that one of them lacks is None there."""

    key: str | int
    left: Any
    right: Any
    type: Type
    field: Field | None


def parts_of_both(kind: Type, left: Any, right: Any) -> Iterator[PartOfBoth]:
    """Yield the parts of two values of a type: members and items of maps by key, items of lists by position."""
    both = [{part.key: part for part in parts(kind, value)} for value in (left, right)]
    for key, part in {**both[0], **both[1]}.items():
        left_value, right_value = (side[key].value if key in side else None for side in both)
        yield PartOfBoth(key, left_value, right_value, part.type, part.field)
